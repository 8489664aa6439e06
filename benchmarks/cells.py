"""The cells of `ratios.py`: each as a spec says it, and as Keras has it from the same weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Cell:
    """`call` in a spec, `text` if the library lacks it; `layer` of units, weights and the shape of the inputs. `inputs` and
    `states`: how many blocks of units each step makes of the input and of the state by products."""

    call: str
    layer: Callable[[int, Weights, Sequence[int]], Any]
    inputs: int
    states: int
    text: str = ""


def spec(cell: Cell, n: int, units: int) -> str:
    """A model that trains the last output of the cell."""
    return f"""rnn 1
{cell.text}
model m {{
  input x: f32[batch, time, {n}]
  target y: f32[batch, {units}]
  layer cell = {cell.call.format(units)}
  run = scan(cell, x)
  output last = run.last
  loss mse = mean(square(run.last - y))
  train step = sgd(rate = 0.01)
}}
"""


def _packed(weights: Weights, gates: Sequence[str], which: str, plus: Mapping[str, float]) -> np.ndarray:
    return np.concatenate([weights[f"{gate}/{which}"] + np.float32(plus.get(gate, 0.0)) for gate in gates], -1)


def _built(layer: Any, weights: Weights, gates: Sequence[str], shape: Sequence[int], forget: Mapping[str, float]) -> Any:
    layer.build(shape)
    layer.set_weights([_packed(weights, gates, which, forget if which == "bi" else {}) for which in ("wx", "wt", "bi")])
    return layer


def _lstm(units: int, weights: Weights, shape: Sequence[int]) -> Any:
    gates = ("input_gate", "forget_gate", "memory_cell", "output_gate")
    return _built(keras.layers.LSTM(units), weights, gates, shape, {"forget_gate": 1.0})


def _gru(units: int, weights: Weights, shape: Sequence[int]) -> Any:
    layer = keras.layers.GRU(units, reset_after=False)
    return _built(layer, weights, ("update_gate", "reset_gate", "candidate"), shape, {})


class _Own(keras.layers.Layer):
    """A cell of one state, from its equation and the values of its weights."""

    def __init__(self, units: int, values: Weights, equation: Callable[[Weights, Any, Any], Any]) -> None:
        super().__init__()
        self.state_size = self.output_size = units
        self.values, self.equation = values, equation

    def build(self, shape: Sequence[int]) -> None:
        self.held = {k: self.add_weight(shape=v.shape, initializer=lambda *_, v=v, **__: v, name=k) for k, v in self.values.items()}

    def call(self, x: Any, states: Any) -> Any:
        h = self.equation({k: tf.convert_to_tensor(v) for k, v in self.held.items()}, x, states[0])
        return h, [h]


def _by(equation: Callable[[Weights, Any, Any], Any]) -> Callable[[int, Weights, Sequence[int]], Any]:
    def layer(units: int, weights: Weights, shape: Sequence[int]) -> Any:
        made = keras.layers.RNN(_Own(units, dict(weights), equation))
        made(tf.zeros(shape))
        return made

    return layer


def _min_gru(w: Weights, x: Any, h: Any) -> Any:
    z = tf.sigmoid(x @ w["wz"])
    return (1 - z) * h + z * (x @ w["wh"])


def _ind_rnn(w: Weights, x: Any, h: Any) -> Any:
    return tf.nn.relu(x @ w["w"] + w["u"] * h + w["b"])


CELLS = {
    "LSTM": Cell("LSTM({})", _lstm, 4, 4),
    "GRU": Cell("GRU({})", _gru, 3, 3),
    "minGRU": Cell(
        "Own({})",
        _by(_min_gru),
        2,
        0,
        """cell Own(units: int) {
  input x: [n]
  state h: [units] = zeros
  param wz: [n, units]
  param wh: [n, units]
  z = sigmoid(x @ wz)
  h = (1 - z) * h[t-1] + z * (x @ wh)
  output h
}""",
    ),
    "IndRNN": Cell(
        "Own({})",
        _by(_ind_rnn),
        1,
        0,
        """cell Own(units: int) {
  input x: [n]
  state h: [units] = zeros
  param w: [n, units]
  param u: [units] ~ uniform(low = 0.0, high = 1.0)
  param b: [units] ~ zeros
  h = relu(x @ w + u * h[t-1] + b)
  output h
}""",
    ),
}
