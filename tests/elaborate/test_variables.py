"""Ownership, paths, initialisers, trainability and collections: language, sections 4, 5 and 8."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.elaborate.model.selectors import matches
from rnndsl.language.initializers import initial_value
from rnndsl.text.diagnostics import DiagnosticsError
from tests.compiling import plan_of

PRECEDENCE = """
block B() {
  input x: [n]
  param kernel: [n, 3]
  param declared: [n, 3] ~ constant(2.0)
  param bias: [3]
  param asks: [3] ~ inherited
  var running: [3] ~ ones
  output x @ kernel + x @ declared + bias + asks + running
}
model m() with (init = constant(5.0)) {
  input x: f32[batch, 2]
  layer outer = B()
  scope a with (init = constant(6.0)) {
    scope b { scope c { scope d { scope e with (trainable = false) {
      layer deep = B() with (init = constant(7.0))
      layer same = B()
    } } } }
  }
  output y = outer(x) + a.b.c.d.e.deep(x) + a.b.c.d.e.same(x)
  init outer/bias ~ constant(1.0)
}
"""


def test_the_four_steps_of_an_initialiser():
    plan = plan_of(PRECEDENCE)
    value = {v.path: v.initializer.arguments.get("value", v.initializer.name) for v in plan.variables}
    assert value == {
        "outer/kernel": 5.0,
        "outer/declared": 2.0,
        "outer/bias": 1.0,
        "outer/asks": 5.0,
        "outer/running": "ones",
        "a/b/c/d/e/deep/kernel": 7.0,
        "a/b/c/d/e/deep/declared": 2.0,
        "a/b/c/d/e/deep/bias": "zeros",
        "a/b/c/d/e/deep/asks": 7.0,
        "a/b/c/d/e/deep/running": "ones",
        "a/b/c/d/e/same/kernel": 6.0,
        "a/b/c/d/e/same/declared": 2.0,
        "a/b/c/d/e/same/bias": "zeros",
        "a/b/c/d/e/same/asks": 6.0,
        "a/b/c/d/e/same/running": "ones",
    }
    frozen = [v.path for v in plan.variables if v.kind == "param" and not v.trainable]
    assert frozen == [p for p in value if p.startswith("a/b/c/d/e/") and not p.endswith("running")]
    assert "scope `a/b/c/d/e`" in (plan.variable("a/b/c/d/e/same/kernel").not_trainable or "")


def test_without_a_default_rank_decides():
    plan = plan_of("model m() {\n input x: f32[batch, 2]\n layer d = Dense(3)\n output y = d(x)\n}")
    assert [(v.path, v.initializer.name) for v in plan.variables] == [("d/kernel", "glorot_uniform"), ("d/bias", "zeros")]


def test_an_initializer_of_the_spec_sees_the_fans_of_each_variable():
    plan = plan_of("""
initializer small(s = 2.0) = normal(stddev = s / sqrt(fan_in))
model m() with (init = small()) {
  input x: f32[batch, 4]
  layer a = Dense(16)
  layer b = Dense(2) with (init = small(s = 4.0))
  output y = b(a(x))
}""")
    stddev = {v.path: v.initializer.arguments["stddev"] for v in plan.variables if v.path.endswith("kernel")}
    assert stddev == {"a/kernel": 1.0, "b/kernel": 1.0}


def test_sharing_is_applying_one_layer_twice():
    plan = plan_of("""
model m() {
  input x: f32[batch, 2]
  layer shared = Dense(3)
  layer own = Dense(3)
  output y = shared(x) + shared(x) + own(x)
}""")
    assert [v.path for v in plan.variables] == ["shared/kernel", "shared/bias", "own/kernel", "own/bias"]


def test_a_layer_given_as_an_argument_is_shared_and_a_constructor_owned():
    plan = plan_of("""
model m() {
  input x: f32[batch, time, 2]
  layer own = RNN(2)
  layer stack = Stack([own, RNN(2)])
  output y = scan(stack, x)
  output z = scan(own, x)
}""")
    assert {v.path.rpartition("/")[0] for v in plan.variables} == {"own", "stack/cell_1"}


def test_the_same_numbers_whether_other_layers_come_or_go():
    with_ = plan_of(
        "model m() with (seed = 3) {\n input x: f32[batch, 2]\n layer a = Dense(3)\n layer b = Dense(3)\n output y = a(x) + b(x)\n}"
    )
    without = plan_of("model m() with (seed = 3) {\n input x: f32[batch, 2]\n layer b = Dense(3)\n output y = b(x)\n}")
    a, b = (initial_value(plan.variable("b/kernel"), plan.seed) for plan in (with_, without))
    np.testing.assert_array_equal(a, b)
    other = plan_of("model m() with (seed = 4) {\n input x: f32[batch, 2]\n layer b = Dense(3)\n output y = b(x)\n}")
    assert not np.array_equal(b, initial_value(other.variable("b/kernel"), other.seed))


def test_freeze_and_unfreeze_in_the_order_of_the_text():
    text = """
model m() {
  input x: f32[batch, 2]
  scope enc { layer a = Dense(2) layer head = Dense(2) }
  output y = enc.head(enc.a(x))
  SELECTORS
}"""
    one = plan_of(text.replace("SELECTORS", "freeze enc/** unfreeze enc/head/*"))
    two = plan_of(text.replace("SELECTORS", "unfreeze enc/head/* freeze enc/**"))
    assert [v.path for v in one.variables if v.trainable] == ["enc/head/kernel", "enc/head/bias"]
    assert [v.path for v in two.variables if v.trainable] == []
    assert one.collections["trainable_variables"] == ("enc/head/kernel", "enc/head/bias")
    assert set(one.collections["global_variables"]) == {v.path for v in one.variables}


def test_collections_by_declaration_scope_and_selector():
    plan = plan_of("""
collection mine, scoped, chosen
block B() { input x: [n]  param w: [n] in {mine}  var v: [n]  output x * w + v }
model m() {
  input x: f32[batch, 2]
  scope s with (collections = {scoped}) { layer b = B() }
  output y = s.b(x)
  collect **/v in chosen
}""")
    assert {name: plan.collections[name] for name in ("mine", "scoped", "chosen")} == {
        "mine": ("s/b/w",),
        "scoped": ("s/b/w", "s/b/v"),
        "chosen": ("s/b/v",),
    }


@pytest.mark.parametrize(
    ("pattern", "path", "selected"),
    [
        ("enc/**", "enc/a/b", True),
        ("enc/**", "enc/a", True),
        ("enc/**", "encoder/a", False),
        ("enc/*", "enc/a/b", False),
        ("enc/**/w*", "enc/wx", True),
        ("enc/**/w*", "enc/a/b/wx", True),
        ("enc/**/w*", "enc/a/bw", False),
        ("**/bi", "bi", True),
        ("**/bi", "a/b/bi", True),
        ("**/bi", "a/bii", False),
        ("**", "anything/at/all", True),
        ("*/b/*", "a/b/c", True),
        ("a/b.c", "a/bxc", False),
    ],
)
def test_patterns(pattern, path, selected):
    assert matches(pattern, path) is selected


def test_a_family_is_indexed_names():
    plan = plan_of(
        """
model m(depth: int = 3) {
  input x: f32[batch, 2]
  y[0] = x
  for k in 0..depth { layer d[k] = Dense(k + 2)  y[k + 1] = d[k](y[k]) }
  output y[depth]
}""".replace("output y[depth]", "output z = y[depth]")
    )
    assert {v.path: v.shape for v in plan.variables if v.path.endswith("kernel")} == {
        "d_0/kernel": (2, 2),
        "d_1/kernel": (2, 3),
        "d_2/kernel": (3, 4),
    }


def test_terabytes_are_refused_before_anything_is_allocated():
    with pytest.raises(DiagnosticsError, match="RNN0913"):
        plan_of("model m() {\n input x: f32[batch, 1000000]\n layer d = Dense(1000000)\n output y = d(x)\n}")
