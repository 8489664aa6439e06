"""Wrappers around cells of a user's own, names of states, dropout in training, and what is wrong with a placement."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnndsl.text.diagnostics import DiagnosticsError
from tests.compiling import module_of, plan_of

OWN = """rnn 1
import std.tf1 (BasicLSTMCell, DropoutWrapper, MultiRNNCell, ResidualWrapper)
cell MyOwnRNN(units: int) {
  input x: [n]  state h: [units] = zeros  param w: [n + units, units]  h = tanh(concat([x, h[t-1]]) @ w)  output h
}
"""


def test_a_cell_of_ones_own_goes_by_its_definitions_name() -> None:
    text = (
        OWN
        + """model m {
      input x: f32[batch, time, 3]  input a: f32[batch, 3]  input b: f32[batch, 2]
      layer stack = MultiRNNCell([ResidualWrapper(DropoutWrapper(MyOwnRNN(3), 0.5)), BasicLSTMCell(2)])
      run = scan(stack, x, initial = (cell_0.h = a, cell_1.c = b))
      output y = run  output h = run.final.cell_1.h
    }"""
    )
    assert [v.path for v in plan_of(text).variables if v.path != "call_counter"] == [
        "stack/cell_0/my_own_rnn/w", "stack/cell_1/basic_lstm_cell/kernel", "stack/cell_1/basic_lstm_cell/bias",
    ]  # fmt: skip


def test_states_of_a_wrapper_that_adds_nothing_are_the_cells() -> None:
    text = (
        OWN
        + """model m {
      input x: f32[batch, time, 3]  input a: f32[batch, 3]
      layer rnn = ResidualWrapper(ResidualWrapper(BasicLSTMCell(3)))
      run = scan(rnn, x, initial = (c = a, h = a))  output y = run.final.c
    }"""
    )
    assert [v.path for v in plan_of(text).variables] == ["rnn/kernel", "rnn/bias"]


def test_a_named_layer_in_a_wrapper_gives_its_states_too() -> None:
    text = (
        OWN
        + """model m {
      input x: f32[batch, time, 3]  input a: f32[batch, 3]
      layer lstm = BasicLSTMCell(3)  layer wrapped = ResidualWrapper(lstm)
      run = scan(wrapped, x, initial = (c = a))  output y = run.final.h
    }"""
    )
    assert [v.path for v in plan_of(text).variables] == ["lstm/kernel", "lstm/bias"]


def trained(options: str) -> dict[str, float]:
    """What a step of training sees of an LSTM with dropout: sums over two equal steps of ones."""
    text = (
        OWN
        + f"""model m {{
      input x: f32[batch, time, 3]
      layer lstm = DropoutWrapper(BasicLSTMCell(64, forget_bias = 0.0), {options}) with (init = constant(0.1))
      run = scan(lstm, x)
      loss l = mean(square(run))
      metric h = mean(abs(run.final.h))
      metric c = mean(abs(run.final.c))
      metric y = mean(abs(run))
      metric moved = mean(abs(sum(where(position(over = time) == 0, run, -run), over = time)))
      metric zeros_moved = mean(abs(sum(where(position(over = time) == 0, 1, -1) * where(run == 0, 1.0, 0.0), over = time)))
      train fit = sgd(rate = 0.0)
    }}""".replace("where(position(over = time) == 0, 1, -1)", "where(position(over = time) == 0, 1.0, -1.0)")
    )
    module: Any = module_of(text)
    return {k: float(v) for k, v in module.signature_functions["fit"](x=np.ones((2, 2, 3), "f")).items()}


@pytest.mark.tf
def test_state_dropout_leaves_c_alone() -> None:
    found = trained("state_keep_prob = 0.000001")
    assert found["h"] == 0
    assert found["c"] > 0 and found["y"] > 0
    both = trained("state_keep_prob = 0.000001, dropout_state_filter_visitor = []")
    assert both["c"] == both["h"] == 0


@pytest.mark.tf
def test_variational_dropout_draws_once() -> None:
    assert trained("output_keep_prob = 0.5, variational_recurrent = true")["zeros_moved"] == 0
    assert trained("output_keep_prob = 0.5")["zeros_moved"] > 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("layer a = BasicLSTMCell(3) with (path = 3)", "RNN0111"),
        ("layer a = BasicLSTMCell(3) with (path = [3])", "RNN0111"),
        ("layer a = BasicLSTMCell(3) with (path = \"{x}\")", "RNN0111"),
        ("layer a = BasicLSTMCell(3) with (path = \"b\")  layer b = BasicLSTMCell(3)", "RNN0121"),
        ("layer a = BasicLSTMCell(3) with (path = \"\")  layer b = BasicLSTMCell(3) with (path = [])", "RNN0121"),
    ],
)  # fmt: skip
def test_wrong_placements(body: str, code: str) -> None:
    used = "  y = scan(a, x)" + ("  z = scan(b, x)" if "layer b" in body else "")
    with pytest.raises(DiagnosticsError) as caught:
        plan_of(f"{OWN}model m {{ input x: f32[batch, time, 3]  {body}{used}  output y }}")
    assert code in [d.code for d in caught.value.diagnostics if d.severity == "error"]
