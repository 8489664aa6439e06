"""A module with all that a compiled model may hold: loops, tensor arrays, gradients of loops, optimizers, XLA, nested calls."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from rnndsl.plan.model import (
    Graph,
    GraphInput,
    Initializer,
    Named,
    Optimizer,
    Plan,
    PlanInput,
    TensorType,
    Train,
    Update,
    Variable,
)

UNITS = 4
FEATURES = 3


def sample(units: int = UNITS) -> Any:
    """A tanh RNN over [batch, time, FEATURES] that is trained by two optimizers, as `tf.Module`."""
    module = tf.Module(name="sample")
    w = _variable("enc/w", tf.reshape(tf.range(FEATURES * units, dtype=tf.float32), [FEATURES, units]) / 20.0)
    u = _variable("enc/u", tf.eye(units) / 2.0)
    b = _variable("enc/b", tf.zeros([units]))
    mean = _variable("norm/mean", tf.zeros([]), trainable=False)
    params = {"enc/w": w, "enc/u": u, "enc/b": b}

    @tf.function(jit_compile=True)
    def gate(x, h, wt, ut, bi):
        return tf.tanh(x @ wt + h @ ut + bi)

    @tf.function
    def recurrence(x, wt, ut, bi):
        steps = tf.shape(x)[1]
        outputs = tf.TensorArray(tf.float32, size=steps, element_shape=[None, units])

        def body(t, h, ys):
            h = gate(x[:, t], h, wt, ut, bi)
            return t + 1, h, ys.write(t, h)

        start = tf.zeros([tf.shape(x)[0], units])
        _, _, ys = tf.while_loop(lambda t, *_: t < steps, body, [tf.constant(0), start, outputs])
        return tf.transpose(ys.stack(), [1, 0, 2])

    def value(values, x):
        return recurrence(x, values["enc/w"], values["enc/u"], values["enc/b"])

    def loss_of(values, x, y):
        return tf.reduce_mean(tf.square(value(values, x) - y))

    optimizers = {
        "fit": keras.optimizers.Adam(0.01, name="fit"),
        "tune": keras.optimizers.SGD(0.1, momentum=0.9, name="tune"),
    }
    for optimizer in optimizers.values():
        optimizer.build(list(params.values()))
    x_spec = tf.TensorSpec([None, None, FEATURES], tf.float32, name="x")
    y_spec = tf.TensorSpec([None, None, units], tf.float32, name="y")

    def train(name):
        optimizer = optimizers[name]

        @tf.function(input_signature=[x_spec, y_spec], autograph=False)
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.identity(loss_of(params, x, y), name="mse")
            gradients = tape.gradient(loss, list(params.values()))
            moved = 0.9 * mean + 0.1 * tf.reduce_mean(x)
            with tf.control_dependencies([mean.assign(moved, name="norm/mean/update", read_value=False)]):
                gradients = [tf.identity(g) for g in gradients]
            optimizer.apply(gradients, list(params.values()))
            return {"loss": loss, "mse": loss}

        return step

    def predict(x):
        return {"states": tf.identity(value(params, x), name="states")}

    def evaluate(x, y):
        return {"mse": tf.identity(loss_of(params, x, y), name="mse")}

    def reset():
        for variable in params.values():
            variable.assign(tf.zeros_like(variable))
        return {}

    @tf.function(input_signature=[{k: tf.TensorSpec(v.shape, v.dtype) for k, v in params.items()}, {"x": x_spec}])
    def apply(variables, inputs):
        return {"states": value(variables, inputs["x"])}

    @tf.function(
        input_signature=[
            {k: tf.TensorSpec(v.shape, v.dtype) for k, v in params.items()},
            {"x": x_spec},
            {"y": y_spec},
        ]
    )
    def gradients(variables, inputs, targets):
        with tf.GradientTape() as tape:
            tape.watch(variables)
            loss = loss_of(variables, inputs["x"], targets["y"])
        return {"loss": loss, "gradients": tape.gradient(loss, variables)}

    module.variables_by_path = {**params, "norm/mean": mean}
    for name in optimizers:
        own = {f"train/{name}/{i}": v.value for i, v in enumerate(optimizers[name].variables)}
        module.variables_by_path.update(own)
    module.collections = {"trainable_variables": list(params.values()), "mine": [u], "none": []}
    module.apply = apply
    module.gradients = gradients
    module.signature_functions = {
        "predict": tf.function(predict, input_signature=[x_spec]),
        "evaluate": tf.function(evaluate, input_signature=[x_spec, y_spec]),
        "fit": train("fit"),
        "tune": train("tune"),
        "reset": tf.function(reset, input_signature=[]),
    }
    return module


def sample_plan(units: int = UNITS) -> Plan:
    """What the module is made from; without equations, which nothing here reads."""
    x = PlanInput(name="x", kind="input", type=TensorType("f32", ("batch", "time"), (FEATURES,)))
    y = PlanInput(name="y", kind="target", type=TensorType("f32", ("batch", "time"), (units,)))
    shapes = {"enc/w": (FEATURES, units), "enc/u": (units, units), "enc/b": (units,)}
    variables = [_plan_variable(path, "param", shape) for path, shape in shapes.items()]
    variables.append(_plan_variable("norm/mean", "var", ()))
    own = ("train/fit/0", "train/tune/0")
    variables += [_plan_variable(path, "optimizer", ()) for path in own]
    trains = [
        Train(
            name=name,
            optimizer=Optimizer(name=kind, arguments={"rate": 0.1}),
            losses=("mse",),
            variables=tuple(shapes),
            updates=("norm/mean/update",),
        )
        for name, kind in (("fit", "adam"), ("tune", "sgd"))
    ]
    return Plan(
        name="sample",
        dtype="f32",
        seed=7,
        parameters={"units": units, "limit": float("inf")},
        inputs=(x, y),
        variables=tuple(variables),
        graph=Graph((GraphInput("x", x.type), GraphInput("y", y.type)), ()),
        outputs=(Named(name="states", value="s1"),),
        losses=(Named(name="mse", value="m1", collection="losses"),),
        updates=(Update(name="norm/mean/update", variable="norm/mean", value="u1", collections=("update_ops",)),),
        trains=tuple(trains),
        collections={
            "global_variables": (*shapes, "norm/mean", *own),
            "trainable_variables": tuple(shapes),
            "mine": ("enc/u",),
            "summaries": ("enc/w", "norm/mean"),
            "losses": ("mse",),
            "update_ops": ("norm/mean/update",),
        },
        absent={"stream": "the scan runs backward"},
    )


def _plan_variable(path: str, kind: Any, shape: tuple[int, ...]) -> Variable:
    return Variable(
        path=path,
        kind=kind,
        dtype="f32",
        shape=shape,
        initializer=Initializer(name="normal", arguments={"stddev": 0.5}),
        initializer_origin="declared",
        trainable=kind == "param",
        not_trainable=None if kind == "param" else "it is a var",
        collections=("global_variables",),
        place="sample.rnn:3:1",
    )


def _variable(path: str, value: Any, trainable: bool = True) -> Any:
    return tf.Variable(value, trainable=trainable, name=path)
