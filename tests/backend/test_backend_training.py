"""Training: optimizers against Keras run by hand, clipping, freezing, rates, averages, and the order of reads and writes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from plan_builder import Builder, initial_value, plan, variable
from plan_models import regression

from rnndsl.backends.tensorflow.module import CompiledModule, build
from rnndsl.backends.tensorflow.tensorflow_module import keras, tf
from rnndsl.plan.model import Initializer, Named, Optimizer, Plan, Train, Update

pytestmark = pytest.mark.tf

R = np.random.default_rng(9)
A, B = R.normal(size=(3, 2)), R.normal(size=(2,))


def quadratic(optimizer: Optimizer, *, dtype: str = "f64", rate: float = 1.0, extra_inputs: tuple[str, ...] = ()) -> Plan:
    """loss = sum(w * w * x): the gradient is 2 w x. `frozen` is not trained, `unused` does not matter to the loss."""
    g = Builder()
    x = g.input(f"{dtype}[3, 2]", "x")
    for name in extra_inputs:
        g.input("f32", name)
    w, v = g.read("a/w", 3, 2, dtype=dtype), g.read("a/v", 2, dtype=dtype)
    frozen = g.read("frozen", 2, dtype=dtype)
    parts = g.op("add", g.op("mul", g.op("square", w), x), g.op("mul", g.op("square", v), frozen))
    loss = g.op("sum", parts, dims=[-1, -2])
    variables = (
        variable("a/w", 3, 2, dtype=dtype, rate=rate),
        variable("a/v", 2, dtype=dtype),
        variable("unused", 2, dtype=dtype),
        variable("frozen", 2, dtype=dtype, trainable=False),
    )
    trained = ("a/w", "a/v", "unused")
    return plan(
        g,
        variables=variables,
        losses=(Named(name="loss", value=loss, collection="losses"),),
        trains=(Train(name="step", optimizer=optimizer, losses=("loss",), variables=trained),),
    )


def by_hand(optimizer: Any, module: CompiledModule, xs: list[np.ndarray], change: Any = lambda g: g) -> dict[str, np.ndarray]:
    """The same steps with Keras' optimizer on copies of the variables, with gradients from the formula."""
    values = {k: tf.Variable(module.variables_by_path[k]) for k in ("a/w", "a/v", "unused")}
    frozen = module.variables_by_path["frozen"].numpy()
    optimizer.build(list(values.values()))
    for x in xs:
        gradients = [2 * values["a/w"] * x, 2 * values["a/v"] * frozen * 3, tf.zeros_like(values["unused"])]
        optimizer.apply([tf.convert_to_tensor(g) for g in change(gradients)], list(values.values()))
    return {k: v.numpy() for k, v in values.items()}


XS = [R.normal(size=(3, 2)) for _ in range(4)]
OPTIMIZERS: list[tuple[str, str, dict[str, Any]]] = [
    ("sgd", "SGD", {}),
    ("sgd", "SGD", {"momentum": 0.9}),
    ("sgd", "SGD", {"momentum": 0.9, "nesterov": True}),
    ("adam", "Adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-6}),
    ("adam", "Adam", {"amsgrad": True}),
    ("adamw", "AdamW", {"weight_decay": 0.1}),
    ("rmsprop", "RMSprop", {"rho": 0.8, "momentum": 0.5, "centered": True}),
    ("adagrad", "Adagrad", {"epsilon": 1e-5}),
    ("adadelta", "Adadelta", {"rho": 0.9}),
    ("ftrl", "Ftrl", {}),
    ("lion", "Lion", {"beta_1": 0.8}),
]


@pytest.mark.parametrize(("name", "kind", "arguments"), OPTIMIZERS)
def test_optimizers_as_keras_has_them(name: str, kind: str, arguments: dict[str, Any]) -> None:
    module = build(quadratic(Optimizer(name=name, arguments={"rate": 0.125, **arguments}), dtype="f32"), initial=initial_value)
    xs = [x.astype("f4") for x in XS]
    expected = by_hand(getattr(keras().optimizers, kind)(learning_rate=0.125, **arguments), module, xs)
    frozen = module.variables_by_path["frozen"].numpy().tobytes()
    for x in xs:
        module.step(x=x)
    for path, value in expected.items():
        np.testing.assert_allclose(module.variables_by_path[path], value, rtol=2e-6, atol=1e-7, err_msg=path)
    assert module.variables_by_path["frozen"].numpy().tobytes() == frozen


def test_variables_of_an_optimizer_have_readable_names() -> None:
    module = build(quadratic(Optimizer(name="adam", arguments={"rate": 0.1}, average=0.9)), initial=initial_value)
    names = [v.name for path, v in module.variables_by_path.items() if path.startswith("train/")]
    grouped = (("m", "a/w"), ("v", "a/w"), *(x for slot in ("m", "v") for x in ((slot, "a/v"), (slot, "unused"))))
    per_slot = [f"train/step/{path}/{slot}:0" for slot, path in grouped]
    averages = [f"train/step/average/{path}:0" for path in ("a/w", "a/v", "unused")]
    assert names == ["train/step/step:0", *per_slot, *averages]
    captured = {v.name for v in module.step.get_concrete_function().graph.variables}
    assert captured == {*names, "a/w:0", "a/v:0", "unused:0", "frozen:0"}


def test_a_rate_in_f64_is_exact() -> None:
    module = build(quadratic(Optimizer(name="sgd", arguments={"rate": 0.1})), initial=initial_value)
    before = module.variables_by_path["a/w"].numpy()
    module.step(x=XS[0])
    np.testing.assert_allclose(module.variables_by_path["a/w"], before - 0.1 * 2 * before * XS[0], rtol=1e-15)


def test_clip_norm_is_of_all_gradients_together() -> None:
    module = build(quadratic(Optimizer(name="sgd", arguments={"rate": 1.0}, clip_norm=0.5)), initial=initial_value)
    w, v, frozen = (module.variables_by_path[k].numpy() for k in ("a/w", "a/v", "frozen"))
    gradients = [2 * w * XS[0], 2 * v * frozen * 3]
    norm = np.sqrt(sum((g * g).sum() for g in gradients))
    module.step(x=XS[0])
    np.testing.assert_allclose(module.variables_by_path["a/w"], w - gradients[0] * 0.5 / norm)
    np.testing.assert_allclose(module.variables_by_path["a/v"], v - gradients[1] * 0.5 / norm)


def test_clip_value_is_of_each_element() -> None:
    module = build(quadratic(Optimizer(name="sgd", arguments={"rate": 1.0}, clip_value=0.2)), initial=initial_value)
    w = module.variables_by_path["a/w"].numpy()
    module.step(x=XS[0])
    np.testing.assert_allclose(module.variables_by_path["a/w"], w - np.clip(2 * w * XS[0], -0.2, 0.2))


def test_rate_scales_the_whole_step() -> None:
    optimizer = Optimizer(name="adamw", arguments={"rate": 0.1, "weight_decay": 0.1})
    full, tenth = (build(quadratic(optimizer, rate=rate), initial=initial_value) for rate in (1.0, 0.1))
    before = full.variables_by_path["a/w"].numpy()
    full.step(x=XS[0])
    tenth.step(x=XS[0])
    step = full.variables_by_path["a/w"].numpy() - before
    np.testing.assert_allclose(tenth.variables_by_path["a/w"].numpy() - before, 0.1 * step, rtol=1e-12)
    np.testing.assert_array_equal(tenth.variables_by_path["a/v"], full.variables_by_path["a/v"])


def test_average_follows_the_weights() -> None:
    module = build(quadratic(Optimizer(name="sgd", arguments={"rate": 0.1}, average=0.75)), initial=initial_value)
    average = module.variables_by_path["a/w"].numpy()
    for x in XS:
        module.step(x=x)
        average = 0.75 * average + 0.25 * module.variables_by_path["a/w"].numpy()
    np.testing.assert_allclose(module.variables_by_path["train/step/average/a/w"], average)


def steps_of(rate: Any, count: int, **feeds: Any) -> list[float]:
    """The rates of `count` steps, from what sgd does to `a/v`, whose gradient is known."""
    inputs = tuple(feeds)
    module = build(quadratic(Optimizer(name="sgd", arguments={"rate": rate}), extra_inputs=inputs), initial=initial_value)
    frozen, rates = module.variables_by_path["frozen"].numpy(), []
    for _ in range(count):
        v = module.variables_by_path["a/v"].numpy()
        module.step(x=XS[0], **feeds)
        rates.append(float(np.mean((v - module.variables_by_path["a/v"].numpy()) / (6 * v * frozen))))
    return rates


def test_schedules() -> None:
    cosine = "cosine(0.1, 4, alpha = 0.1)"
    expected = [0.1 * (0.9 * (1 + np.cos(np.pi * min(k, 4) / 4)) / 2 + 0.1) for k in range(6)]
    np.testing.assert_allclose(steps_of(cosine, 6), expected)
    falling = "exponential_decay(0.1, 2, 0.5)"
    np.testing.assert_allclose(steps_of(falling, 4), [0.1 * 0.5 ** (k / 2) for k in range(4)])
    stairs = "exponential_decay(0.1, 2, 0.5, staircase = true)"
    np.testing.assert_allclose(steps_of(stairs, 4), [0.1, 0.1, 0.05, 0.05])
    piecewise = "piecewise([1, 3], [0.1, 0.05, 0.01])"
    keras_schedule = keras().optimizers.schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.01])
    np.testing.assert_allclose(steps_of(piecewise, 5), [float(keras_schedule(k)) for k in range(5)], rtol=1e-6)


def test_rate_as_an_input() -> None:
    np.testing.assert_allclose(steps_of("speed", 1, speed=np.float32(0.25)), [0.25])


def test_gathered_gradients_are_dense_before_their_norm_is_taken() -> None:
    """Two equal ids: the norm is of the sum of both rows, not of the rows apart."""
    g = Builder()
    ids, table = g.input("i32[batch]", "ids"), g.read("table", 3, 2)
    loss = g.op("sum", g.op("gather", table, ids), axes=["batch"], dims=[-1])
    made = plan(
        g,
        variables=(variable("table", 3, 2),),
        losses=(Named(name="l", value=loss, collection="losses"),),
        trains=(
            Train(
                name="step",
                optimizer=Optimizer(name="sgd", arguments={"rate": 1.0}, clip_norm=1.0),
                losses=("l",),
                variables=("table",),
            ),
        ),
    )
    module = build(made, initial=initial_value)
    before = module.variables_by_path["table"].numpy()
    module.step(ids=np.array([1, 1], "i4"))
    np.testing.assert_allclose(before - module.variables_by_path["table"], [[0, 0], [0.5**0.5] * 2, [0, 0]], atol=1e-6)


def counting(order: str, chained: bool = True) -> Plan:
    """w is trained on w * x; `seen` takes w's value, `count` is updated twice: doubled, then one added."""
    g = Builder()
    x = g.input("f32", "x")
    w, seen, count = g.read("w"), g.read("seen"), g.read("count")
    loss = g.op("mul", g.op("add", w, g.op("mul", g.literal(0.0), seen)), x)
    doubled = g.op("mul", count, g.literal(2.0))
    second = g.op("add", doubled if chained else count, g.literal(1.0))
    one = Initializer(name="constant", arguments={"value": 1.0})
    updates = (
        Update(name="seen/update", variable="seen", value=w, collections=("update_ops",)),
        Update(name="count/update", variable="count", value=doubled, collections=("update_ops",)),
        Update(name="count/update_1", variable="count", value=second, collections=("update_ops",)),
    )
    return plan(
        g,
        variables=(
            variable("w", initializer=one),
            variable("seen", kind="var", initializer=one),
            variable("count", kind="var", initializer=one),
        ),
        losses=(Named(name="cost", value=loss, collection="losses"),),
        metrics=(Named(name="counted", value=count),),
        updates=updates,
        trains=(
            Train(
                name="step",
                optimizer=Optimizer(name="sgd", arguments={"rate": 0.5}),
                losses=("cost",),
                variables=("w",),
                updates=tuple(u.name for u in updates),
                order=order,  # type: ignore[arg-type]
            ),
        ),
    )


@pytest.mark.parametrize("chained", [True, False])
@pytest.mark.parametrize(("order", "seen"), [("after", 1.0), ("before", 0.0)])
def test_order_of_updates(order: str, seen: float, chained: bool) -> None:
    """w goes from 1 to 0. `after`: updates read what was before the call; `before`: what the optimizer wrote."""
    module = build(counting(order, chained), initial=initial_value)
    results = module.step(x=2.0)
    values = {k: float(v) for k, v in module.variables_by_path.items() if not k.startswith("train")}
    assert values == {"w": 0.0, "seen": seen, "count": 3.0}
    assert float(results["counted"]) == 1.0 and float(results["loss"]) == float(results["cost"]) == 2.0


def test_inference_never_updates() -> None:
    module = build(counting("after"), initial=initial_value)
    module.evaluate(x=2.0)
    types = [op.type for op in module.evaluate.get_concrete_function().graph.get_operations()]
    assert not [kind for kind in types if kind.startswith("Assign")]


def ancestors(graph: Any, name: str) -> set[str]:
    nodes = {node.name: node for node in graph.node}
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        node = nodes.get(waiting.pop().lstrip("^").split(":")[0])
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        waiting.extend(node.input)
    return seen


@pytest.mark.parametrize("order", ["after", "before"])
def test_the_order_is_in_the_graph(order: str) -> None:
    """Every assignment of the optimizer waits for every update, or the other way round."""
    module = build(regression(Optimizer(name="adam", arguments={"rate": 0.1}), order=order), initial=initial_value)
    graph = module.step.get_concrete_function().graph.as_graph_def()
    steps = [n.name for n in graph.node if n.op.startswith("Assign") and n.name.startswith("train/step")]
    assert len(steps) >= 14 * 3 + 1
    update = "norm/mean/update"
    for name in steps:
        assert (update in ancestors(graph, name)) == (order == "after")
        assert (name in ancestors(graph, update)) == (order == "before")


def test_training_learns() -> None:
    module = build(regression(Optimizer(name="adam", arguments={"rate": 0.05}, clip_norm=1.0)), initial=initial_value)
    x = R.normal(size=(4, 5, 2)).astype("f4")
    y = x.sum((1, 2))[:, None]
    losses = [float(module.step(x=x, y=y)["loss"]) for _ in range(60)]
    assert losses[-1] < 0.05 * losses[0]


def test_half_precision_trains() -> None:
    module = build(regression(Optimizer(name="adam", arguments={"rate": 0.05}), dtype="bf16"), initial=initial_value)
    x, y = tf.cast(R.normal(size=(2, 3, 2)), tf.bfloat16), tf.zeros([2, 1], tf.bfloat16)
    losses = [float(module.step(x=x, y=y)["loss"]) for _ in range(30)]
    assert losses[-1] < losses[0]
    dtypes = {path: v.dtype for path, v in module.variables_by_path.items() if not path.endswith("train/step/step")}
    assert all(dtype == (tf.float32 if path.startswith("train/") else tf.bfloat16) for path, dtype in dtypes.items())


def test_several_replicas_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each replica would train alone. Inference may run on all of them."""
    module = build(regression(), initial=initial_value)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: SimpleNamespace(num_replicas_in_sync=2))
    x, y = np.zeros((2, 3, 2), "f4"), np.zeros((2, 1), "f4")
    with pytest.raises(ValueError, match="`step` trains on one replica, not on 2"):
        module.step(x=x, y=y)
    module.predict(x=x)
