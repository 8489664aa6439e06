"""What is said of data that `rnndsl train` cannot make examples of. They are read before anything is compiled: no TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnndsl.cli.main import main
from rnndsl.text.faults import columns, examples, functions
from tests.faults.provoking import Cases, every, provoke

SPEC = """rnn 1
model m {
  input x: f32[batch, time, 2]
  input n: i32[batch]
  target y: f32[batch, 1]
  layer gru = GRU(3)
  layer head = Dense(1)
  run = scan(gru, x, lengths = n)
  output p = head(run.last)
  loss mse = mean(square(p - y))
  train fit = sgd()
}
"""
ROWS = """rnn 1
model rows {
  input x: f32[batch, 3]
  target y: f32[batch, 1]
  layer head = Dense(1)
  output p = head(x)
  loss mse = mean(square(p - y))
  train fit = sgd()
}
"""
STEPS = """rnn 1
model steps {
  input x: f32[batch, time, 1]
  target y: f32[batch, time, 1]
  layer gru = GRU(1)
  output p = scan(gru, x)
  loss mse = mean(square(p - y))
  train fit = sgd()
}
"""
AXES = """rnn 1
model axes {
  axis src
  input x: f32[batch, time, src, 1]
  target y: f32[batch, 1]
  layer head = Dense(1)
  output p = head(mean(x, over = [time, src]))
  loss mse = mean(square(p - y))
  train fit = sgd()
}
"""
CURVE = (
    "rnn 1\nmodel curve {\n  input x: f32[batch]\n  param v: [] ~ ones\n  loss l = mean(square(v * x))\n  train fit = sgd()\n}\n"
)
FREE = "rnn 1\nmodel free {\n  param v: [2] ~ ones\n  loss l = sum(square(v))\n  output w = 2 * v\n  train fit = sgd()\n}\n"
GIVEN = """
import numpy as np

number = 3

def even():
    return [{"x": np.zeros([3, 1]), "y": np.zeros([3, 1])}] * 4

def uneven():
    return [even()[0], {"x": np.zeros([3, 1]), "y": np.zeros([2, 1])}]

def batches():
    yield {"x": np.zeros([8, 3, 1]), "y": np.zeros([8, 3, 1])}

def forgetful():
    yield even()[0]
    yield {"x": np.zeros([3, 1]), "z": np.zeros([3, 1])}

def pairs():
    yield np.zeros([3, 1]), np.zeros([3, 1])

def none():
    return []

def forgotten():
    even()

def late():
    yield even()[0]
    {}["where"]

def endless():
    class Dataset:
        def __iter__(self):
            return iter(even())
        def as_numpy_iterator(self):
            return iter(self)
        def cardinality(self):
            return -1
    return Dataset()
"""
TABLE = "id,a,b,y,word,b\n" + "".join(f"{'uuvvw'[i]},{i},{i}.5,{'33443'[i]},w{i},0\n" for i in range(5))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    specs = {"m": SPEC, "rows": ROWS, "steps": STEPS, "axes": AXES, "curve": CURVE, "free": FREE}
    for name, text in specs.items():
        Path(f"{name}.rnn").write_text(text)
    Path("t.csv").write_text(TABLE)
    Path("given.py").write_text(GIVEN)
    Path("broken.py").write_text("def f(:\n    pass\n")
    Path("needy.py").write_text("import nowhere_at_all\n")
    monkeypatch.delitem(sys.modules, "given", raising=False)
    Path("gap.csv").write_text("x,y\n1,2\n,4\n")
    Path("s.csv").write_text("x,y\n" + "".join(f"{i},{i}\n" for i in range(9)))
    random = np.random.default_rng(0)
    x, y, n = random.normal(size=(4, 3, 2)), random.normal(size=(4, 1)), [3, 1, 2, 2]
    np.savez("d.npz", x=x, y=y, n=n)
    np.savez("long.npz", x=x, y=y, n=[3, 1, 4, 2])
    np.savez("cube.npz", x=x, y=y)
    np.savez("empty.npz", x=x[:0], y=y[:0], n=n[:0])


def line(words: str) -> Callable[[], object]:
    spec, *rest = words.split()
    return lambda: main(["train", f"{spec}.rnn", *rest, "-o", "out"])


def noted(words: str) -> Callable[[], object]:
    """Up to where a compiler would come: what is said before."""

    def act() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("rnndsl.driver.Job.write", lambda *_, **__: sys.exit(0))
            line(words)()

    return act


EXAMPLES: Cases = {
    "no_batch_axis": (
        line("free --batch 2"),
        "error: no input has the axis `batch`: there are no batches, and nothing to hold out\n",
    ),
    "no_examples": (line("m empty.npz"), "error: there are no examples: the length along `batch` is 0\n"),
    "too_many_buckets": (
        line("m d.npz --lengths time=n --batch 2 --buckets 5"),
        "error: 5 buckets are more than there are examples, 4\n",
    ),
    "no_share": (
        line("m d.npz --hold-out 0"),
        "error: --hold-out wants a number of examples from 1 up, or a share as 20%, not `0`\n",
    ),
    "too_many_held_out": (line("m d.npz --lengths time=n --hold-out 4"), "error: 4 examples cannot be held out of 4\n"),
    "none_held_out": (line("m d.npz --hold-out 20%"), "error: 20 % of 4 examples is none to hold out\n"),
    "nothing_drawn": (
        line("m d.npz --hold-out-random"),
        "error: --hold-out-random wants --hold-out too: how many examples\n",
    ),
    "overlapping": (
        line("steps s.csv --window 2 --horizon 1 --hold-out 2 --hold-out-random"),
        "error: windows are not held out at random: those beside them share their rows\n"
        "help: leave --hold-out-random out: the last windows are held out\n",
    ),
    "batch_too_large": (
        line("m d.npz --hold-out 1 --batch 4"),
        "error: a batch of 4 is larger than the data: there are 3 examples, 1 being held out\n",
    ),
    "no_bucket_batch": (
        line("m d.npz --buckets 2"),
        "error: --buckets wants --batch too: how many examples a bucket is cut into\n",
    ),
    "nothing_to_bucket": (
        line("m d.npz --buckets 2 --batch 2"),
        "error: --buckets is of sequences of several lengths\nhelp: say which input tells them, by --lengths time=NAME\n",
    ),
    "no_length_axis": (line("m d.npz --lengths tim=n"), "error: no axis `tim` has lengths to tell\nhelp: did you mean `time`?\n"),
    "no_length_input": (
        line("m d.npz --lengths time=k"),
        "error: no input `k` tells the lengths along `time`\nhelp: the inputs are `x`, `n`, `y`\n",
    ),
    "no_lengths": (line("m d.npz --lengths time=y"), "error: `y` is f32[batch, 1]: lengths are i32[batch]\n"),
    "lacks_lengths": (
        line("steps t.csv --columns x=a --columns y=y --sequence id"),
        "error: the examples have from 1 to 2 steps along `time`, and no input is told how many\n"
        "help: say which is, by --lengths time=NAME; what is padded is then never seen\n",
    ),
    "length_out_of_range": (
        line("m long.npz --lengths time=n"),
        "error: `n` of example 3 is 4, and the data have 3 along `time`\n",
    ),
    "no_source": (
        line("m ./data/given.py:even"),
        "error: `./data/given.py:even` is no source of examples: a file of them ends in "
        ".npz, .npy, .csv, .csv.gz, .parquet, .tfrecord\nhelp: a function that gives them is `data.given:even`\n",
    ),
    "only_tables": (
        line("m d.npz --columns x=a"),
        "error: --columns is of tables with columns: give a .csv or .parquet as FILE\n",
    ),
    "beside": (
        line("m t.csv --columns x=a,a --columns n=y --input y=y.npy"),
        "error: `y` is f32[batch, 1]: what has `batch` comes from `t.csv`, as all examples do\n",
    ),
    "no_windows": (
        line("steps given:even --window 2 --horizon 1"),
        "error: `given:even` gives examples as they are: nothing to cut into windows\nhelp: leave --window out\n",
    ),
    "uneven": (
        line("steps given:uneven"),
        "error: example 2: `x` has the length 3 along `time`, and `y` has 2\n",
    ),
    "no_series": (
        line("steps cube.npz --window 2 --horizon 1"),
        "error: `x` is f32[batch, time, 1]; windows are cut from rows of it, and not from an array of shape [4, 3, 2]\n",
    ),
    "between": (
        noted("steps s.csv --window 3 --horizon 1 --hold-out 1"),
        "note: 2 windows before those held out are not trained on: they forecast rows that those do\n",
    ),
}
COLUMNS: Cases = {
    "no_column": (line("m t.csv --columns x=a,idd"), "error: `t.csv` has no column `idd`\nhelp: did you mean `id`?\n"),
    "lacks_column": (
        line("m t.csv --lengths time=n"),
        "error: `t.csv` has no column `x` for the input x: f32[batch, time, 2]\n"
        "help: say --columns x=COLUMN; its columns are id, a, b, y, word, b\n",
    ),
    "column_twice": (line("m t.csv --columns x=a,b"), "error: `t.csv` has two columns `b`\n"),
    "backwards": (line("m t.csv --columns x=y..a"), "error: `y..a`: in `t.csv`, `a` comes before `y`\n"),
    "no_value": (
        line("steps gap.csv --window 1 --horizon 1"),
        "error: gap.csv:3: column `x` is empty\nhelp: a loss of it would be no number: leave such rows out, or fill them\n",
    ),
    "no_horizon": (
        line("steps s.csv --window 2"),
        "error: --window wants --horizon too: how many rows after its last one the target is\n"
        "help: --horizon 1 forecasts the next row; 0 is the last row itself\n",
    ),
    "no_window": (line("steps s.csv --stride 2"), "error: --stride is of windows: it wants --window N too\n"),
    "short_series": (
        line("steps s.csv --window 9 --horizon 1"),
        "error: the series has 9 rows, and a window takes 9 and the 1 to the target\n",
    ),
    "no_targets": (
        line("curve s.csv --window 2 --horizon 1"),
        "error: `curve` has no `predict`, so that its targets cannot be told from its inputs\nhelp: write an `output`\n",
    ),
    "window_axes": (
        line("axes s.csv --window 2 --horizon 1"),
        "error: `x` is f32[batch, time, src, 1]; rows of a table go along `time` alone: give it as .npz\n",
    ),
    "apart": (
        line("steps t.csv --columns x=a --columns y=a --sequence y"),
        "error: `t.csv`: row 5 is of the sequence 3 again, after other rows\n"
        "help: sort the rows so that those of one `y` stand together\n",
    ),
    "varies": (
        line("m t.csv --columns x=a,a --lengths time=n"),
        "error: `y` is f32[batch, 1], one value for a whole sequence; in row 3 it is not what it was in the row before\n"
        "help: a series is cut into examples by --window, a table of several by --sequence\n",
    ),
}
FUNCTIONS: Cases = {
    "no_module": (
        line("steps givn:even"),
        "error: `givn:even`: there is no module `givn`\nhelp: modules are looked for in this folder and among those installed\n",
    ),
    "no_function": (line("steps given:evn"), "error: the module `given` has no `evn`\nhelp: did you mean `even`?\n"),
    "no_callable": (line("steps given:number"), "error: `given:number` is of type int, and no function\n"),
    "raised": (line("steps given:late"), "error: `given:late` raises KeyError: 'where' (HERE/given.py:30)\n"),
    "no_iterable": (
        line("steps given:forgotten"),
        "error: `given:forgotten` returns an object of type NoneType\nhelp: return a tf.data.Dataset, or an iterable, of dicts\n",
    ),
    "infinite": (
        line("steps given:endless"),
        "error: `given:endless` returns a dataset without an end\n"
        "help: leave `.repeat()` out: --epochs says how often it is gone through\n",
    ),
    "no_dict": (
        line("steps given:pairs"),
        "error: `given:pairs`: example 1 is of type tuple\nhelp: an example is a dict: an array for each input, by its name\n",
    ),
    "lacks_input": (
        line("steps given:forgetful"),
        "error: `given:forgetful`: example 2 has no `y` for the input y: f32[batch, time, 1]\nhelp: it has `x`, `z`\n",
    ),
    "no_fit": (
        line("steps given:batches"),
        "error: `given:batches`: example 1: `x` is f32[time, 1]; an array of shape [8, 3, 1] does not fit\n"
        "help: an example is of one row, without the axis `batch`: a dataset of batches is taken apart by `.unbatch()`\n",
    ),
    "nothing": (line("steps given:none"), "error: `given:none` gives no examples\n"),
}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("broken:f", "`broken:f` raises SyntaxError: invalid syntax (HERE/broken.py:1)"),
        ("needy:f", "`needy:f` raises ModuleNotFoundError: No module named 'nowhere_at_all' (HERE/needy.py:1)"),
    ],
)
def test_what_is_said_of_a_module_that_does_not_run(source: str, said: str, saying: Callable[[Callable[[], object]], str]) -> None:
    assert saying(line(f"steps {source}")).replace(str(Path.cwd()), "HERE") == f"error: {said}\n"


@pytest.mark.parametrize("options", ["s.csv", "s.csv --window 2 --horizon 1", "given:even --batch 2", "s.csv --columns x=x"])
def test_a_model_without_examples_takes_none(options: str, saying: Callable[[Callable[[], object]], str]) -> None:
    assert saying(line(f"free {options}")).startswith("error: ")


@every(functions, FUNCTIONS)
def test_what_is_said_of_functions(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(functions, FUNCTIONS, name, lambda act: saying(act).replace(str(Path.cwd()), "HERE"))
    assert not Path("out").exists()


def test_lengths_that_are_no_column_can_be_told(saying: Callable[[Callable[[], object]], str]) -> None:
    assert saying(line("m t.csv --columns x=a,a")) == (
        "error: `t.csv` has no column `n` for the input n: i32[batch]\n"
        "help: say --columns n=COLUMN, or --lengths time=n if it is how long they are; its columns are id, a, b, y, word, b\n"
    )


@every(examples, EXAMPLES)
def test_what_is_said_of_examples(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(examples, EXAMPLES, name, saying)
    assert not Path("out").exists()


@every(columns, COLUMNS)
def test_what_is_said_of_columns(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(columns, COLUMNS, name, saying)
    assert not Path("out").exists()
