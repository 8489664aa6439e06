"""`levenberg_marquardt` beside other libraries' on recurrent networks: seconds to the same mean of squares, as a table and as JSON.

    pip install -e . -r benchmarks/least_squares.txt && pip install --no-deps tf-levenberg-marquardt==1.0.3
    python benchmarks/least_squares.py [--problem narx …] [--method scipy …] [--starts 3] [--seconds 60] [--json FILE]

Everybody has the same data, the same equations in f64 and the same starts, but pyrenn, which draws its own and whose Elman network
hands back more than Elman's does. Scipy and optimistix are given residuals and Jacobians that JAX compiles. What is compiled is
compiled before the time is taken. A method that is not done after `--seconds` is stopped. Adam, by rnndsl too, has as long as the
slowest of `levenberg_marquardt`'s starts took, and the table says how far it came.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import equinox as eqx
import jax
import jax.numpy as jnp
import keras
import numpy as np
import optimistix as optx
import pyrenn
import scipy.optimize
from recurrent_fits import Problem, problems

import rnndsl

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")

HEADS = "{:8} {:10} {:>6} {:>9} {:>6} {:>9} {:>10}"
Start = Mapping[str, np.ndarray]
Method = Callable[[Problem, list[Start], float], list["Run"]]


@dataclass
class Run:
    """From one start: whether the target was reached, in how many seconds and steps, and the mean of squares in the end."""

    solved: bool
    seconds: float
    steps: int
    squares: float
    held_out: float | None = None


class Clock:
    """Tells when to stop: at the target, or out of time."""

    def __init__(self, target: float, seconds: float) -> None:
        self.target, self.limit = target, seconds
        self.began, self.steps, self.squares = time.perf_counter(), 0, float("inf")

    def over(self, squares: float, *, step: bool = True) -> bool:
        self.squares = min(self.squares, squares)
        self.steps += step
        return self.squares <= self.target or self.seconds > self.limit

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def run(self) -> Run:
        return Run(self.squares <= self.target, self.seconds, self.steps, self.squares)


# ---- rnndsl


def compiled(problem: Problem) -> rnndsl.Loaded:
    folder = Path(tempfile.mkdtemp())
    (folder / "spec.rnn").write_text(problem.spec, encoding="utf-8")
    return rnndsl.load(rnndsl.compile(folder / "spec.rnn", folder / "out"))


def starts_of(loaded: rnndsl.Loaded, count: int) -> list[Start]:
    """Kernels at random, by their number of rows, and no bias."""
    found: list[Start] = []
    for seed in range(count):
        random = np.random.default_rng(seed)
        shapes = {path: v.shape for path, v in loaded.variables.items() if path.startswith(("net/", "head/"))}
        found.append({p: random.normal(size=s) / np.sqrt(s[0]) if len(s) == 2 else np.zeros(s) for p, s in shapes.items()})
    return found


def by_rnndsl(signature: str) -> Method:
    def method(problem: Problem, starts: list[Start], seconds: float) -> list[Run]:
        loaded, found = compiled(problem), []
        loaded.train(signature, problem.data)
        for start in starts:
            loaded.reset()
            loaded.assign(start)
            clock = Clock(problem.target, seconds)
            while True:
                told = loaded.train(signature, problem.data)
                loss = float(told["loss"]) / (problem.data["y"].size if signature == "fit" else 1)
                if clock.over(loss) or told.get("converged"):
                    break
            found.append(clock.run())
        return found

    return method


def simulated(problem: Problem, starts: list[Start], steps: int) -> list[float]:
    """The mean of squares on the data held out after so many steps from each start."""
    loaded, found = compiled(problem), []
    for start in starts:
        loaded.reset()
        loaded.assign(start)
        for _ in range(steps):
            loaded.train("fit", problem.data)
        z = loaded.predict(x=problem.held_out["x"])["z"]
        found.append(float(np.mean((z - problem.held_out["y"]) ** 2)))
    return found


# ---- JAX's functions for scipy and optimistix

JAX = SimpleNamespace(tanh=jnp.tanh, sigmoid=jax.nn.sigmoid, concatenate=jnp.concatenate)


def residuals_of(problem: Problem, start: Start) -> Callable[[Any], Any]:
    """From all parameters as one vector to all residuals as one."""
    shapes = {path: value.shape for path, value in start.items()}
    x, y = (jnp.asarray(problem.data[name]) for name in ("x", "y"))
    places = np.cumsum([int(np.prod(s)) for s in shapes.values()])[:-1]

    def residuals(vector: Any) -> Any:
        p = {path: part.reshape(shapes[path]) for path, part in zip(shapes, jnp.split(vector, places), strict=True)}
        carry = jnp.zeros((x.shape[0], problem.carry))
        _, z = jax.lax.scan(lambda c, now: problem.step(JAX, p, c, now), carry, jnp.swapaxes(x, 0, 1))
        return ((z[-1] if problem.last else jnp.swapaxes(z, 0, 1)) - y).reshape(-1)

    return residuals


def flat(start: Start) -> np.ndarray:
    return np.concatenate([value.reshape(-1) for value in start.values()])


def by_scipy(problem: Problem, starts: list[Start], seconds: float) -> list[Run]:
    """Its `lm`, MINPACK's, with the Jacobian by rows or by columns, whichever are fewer."""
    function = jax.jit(residuals_of(problem, starts[0]))
    by_rows = problem.data["y"].size < flat(starts[0]).size
    jacobian = jax.jit((jax.jacrev if by_rows else jax.jacfwd)(residuals_of(problem, starts[0])))
    found = []
    for start in starts:
        np.asarray(function(flat(start))), np.asarray(jacobian(flat(start)))
        clock = Clock(problem.target, seconds)

        def told(vector: np.ndarray, clock: Clock = clock) -> np.ndarray:
            r = np.asarray(function(vector))
            if clock.over(float(np.mean(r**2)), step=False):
                raise StopIteration
            return r

        def rows(vector: np.ndarray, clock: Clock = clock) -> np.ndarray:
            clock.steps += 1
            return np.asarray(jacobian(vector))

        with contextlib.suppress(StopIteration):
            scipy.optimize.least_squares(told, flat(start), rows, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=10**6)
        found.append(clock.run())
    return found


def by_optimistix(problem: Problem, starts: list[Start], seconds: float) -> list[Run]:
    solver = optx.LevenbergMarquardt(rtol=1e-15, atol=1e-15)
    plain = residuals_of(problem, starts[0])

    def residuals(vector: Any, _: Any) -> tuple[Any, None]:
        return plain(vector), None

    first = jnp.asarray(flat(starts[0]))
    shape = jax.eval_shape(lambda: plain(first))
    begin = eqx.filter_jit(lambda y: solver.init(residuals, y, None, {}, shape, None, frozenset()))
    step = eqx.filter_jit(lambda y, state: solver.step(residuals, y, None, {}, state, frozenset()))
    value = jax.jit(lambda y: jnp.mean(plain(y) ** 2))
    found = []
    for start in starts:
        y, state = jnp.asarray(flat(start)), begin(jnp.asarray(flat(start)))
        step(y, state), value(y)
        clock = Clock(problem.target, seconds)
        while not clock.over(float(value(y))):
            y, state, _ = step(y, state)
        found.append(clock.run())
    return found


# ---- Keras, for tf-levenberg-marquardt

KERAS = SimpleNamespace(tanh=keras.ops.tanh, sigmoid=keras.ops.sigmoid, concatenate=keras.ops.concatenate)


class Cell(keras.layers.Layer):
    def __init__(self, problem: Problem, start: Start) -> None:
        super().__init__()
        self.problem, self.start = problem, start
        self.state_size, self.output_size = problem.carry, 1

    def build(self, shape: Any) -> None:
        self.values = {p: self.add_weight(name=p.replace("/", "_"), shape=v.shape) for p, v in self.start.items()}

    def call(self, x: Any, states: Any) -> Any:
        carry, z = self.problem.step(KERAS, self.values, states[0], x)
        return z, [carry]


def by_tf_levenberg_marquardt(problem: Problem, starts: list[Start], seconds: float) -> list[Run]:
    import tensorflow as tf
    import tf_levenberg_marquardt as lm

    x, y = (tf.constant(problem.data[name]) for name in ("x", "y"))
    cell = Cell(problem, starts[0])
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.RNN(cell, return_sequences=not problem.last)])
    optimizer = keras.optimizers.SGD(learning_rate=1.0)
    rows = max(100, int(np.prod(y.shape[1:])))
    found = []
    for start in starts:
        trainer = lm.training.Trainer(
            model, optimizer, lm.loss.MeanSquaredError(), jacobian_max_num_rows=rows, solve_method="cholesky"
        )
        for warm in (True, False):
            for path, value in start.items():
                cell.values[path].assign(value)
            trainer.damping_factor.assign(trainer.damping_algorithm.starting_value)
            trainer.backup_variables()
            clock = Clock(problem.target, seconds)
            while True:
                told = trainer.train_step(x, y)
                if clock.over(float(told[0])) or warm or bool(told[3]):
                    break
        found.append(clock.run())
    return found


# ---- pyrenn


class OutOfTimeError(Exception):
    pass


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise OutOfTimeError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def by_pyrenn(problem: Problem, starts: list[Start], seconds: float) -> list[Run]:
    x, y = (problem.data[name].reshape(1, -1) for name in ("x", "y"))
    found = []
    for seed in range(len(starts)):
        np.random.seed(seed)
        net = pyrenn.CreateNN(**problem.pyrenn)
        clock, damping = Clock(problem.target, seconds), 3.0
        with contextlib.suppress(OutOfTimeError), limited(seconds), contextlib.redirect_stdout(io.StringIO()):
            while not clock.over(float(np.mean((pyrenn.NNOut(x[0], net).reshape(1, -1) - y) ** 2)), step=False):
                net = pyrenn.train_LM(x, y, net, k_max=5, E_stop=0.0, dampfac=damping, dampconst=5)
                clock.steps += 5
        found.append(clock.run())
    return found


METHODS: dict[str, Method] = {
    "rnndsl": by_rnndsl("fit"),
    "pyrenn": by_pyrenn,
    "scipy": by_scipy,
    "optimistix": by_optimistix,
    "tf-lm": by_tf_levenberg_marquardt,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Least squares on recurrent networks.")
    parser.add_argument("--problem", action="append", choices=[p.name for p in problems()], help="all, if none is named")
    parser.add_argument("--method", action="append", choices=list(METHODS), help="beside rnndsl; all, if none is named")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="the most from one start")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    found: list[dict[str, Any]] = []
    heads = ("problem", "method", "solved", "seconds", "steps", "ms a step", "in the end")
    print(HEADS.format(*heads), " times rnndsl's seconds, a step")
    for problem in problems():
        if arguments.problem and problem.name not in arguments.problem:
            continue
        starts, own = starts_of(compiled(problem), arguments.starts), None
        for name, method in METHODS.items():
            if (arguments.method and name not in (*arguments.method, "rnndsl")) or (name == "pyrenn" and problem.pyrenn is None):
                continue
            runs = method(problem, starts, arguments.seconds)
            own = own or runs
            found.append({"problem": problem.name, "method": name, "runs": [asdict(run) for run in runs]})
            print(line(problem, name, runs, own), flush=True)
        assert own is not None
        adam = by_rnndsl("descend")(problem, starts, max(run.seconds for run in own))
        found.append({"problem": problem.name, "method": "adam", "runs": [asdict(run) for run in adam]})
        print(line(problem, "adam", adam, own), flush=True)
        if problem.held_out is not None:
            errors = simulated(problem, starts, 200)
            found.append({"problem": problem.name, "held_out": errors})
            print(f"{problem.name:8} held out, after 200 steps of rnndsl: {', '.join(f'{x:.2g}' for x in errors)}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"cores": os.cpu_count(), "rows": found}, indent=1) + "\n", encoding="utf-8")


def line(problem: Problem, name: str, runs: list[Run], own: list[Run]) -> str:
    solved = [run.seconds for run in runs if run.solved]
    best = [run.seconds for run in own if run.solved]
    median = statistics.median(solved) if solved else float("nan")
    each, least = (sum(r.seconds for r in x) / max(sum(r.steps for r in x), 1) for x in (runs, own))
    ratio = f"{median / statistics.median(best):8.1f}" if solved and best else f"{'-':>8}"
    seconds = f"{median:9.2f}" if solved else f"{'-':>9}"
    steps = statistics.median(run.steps for run in runs)
    squares = statistics.median(run.squares for run in runs)
    return (
        f"{problem.name:8} {name:10} {len(solved):>3}/{len(runs)} {seconds} {steps:>6.0f} {1000 * each:>9.1f} {squares:>10.2g}"
        f"  {ratio} {each / least:8.1f}"
    )


if __name__ == "__main__":
    main()
