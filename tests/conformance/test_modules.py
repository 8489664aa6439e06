"""What every cell must do in TensorFlow: gradients, levels, files, streams, masks, frozen scopes, the smallest sizes."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from tests.conformance.subject import LENGTHS, MASK, SIZES, VALID, Array, final_name
from tests.plan.interpreting import interpret

pytestmark = pytest.mark.tf


def of(data: dict[str, Array], *runs: str) -> dict[str, Array]:
    """The values of outputs of these scans."""
    return {name: value for name, value in data.items() if name.startswith(tuple(f"{run}_" for run in runs))}


def test_variables_are_the_plans(built) -> None:
    plan, module = built.subject.plan, built.module
    declared = {v.path: v for v in plan.variables}
    assert set(module.variables_by_path) == set(declared)
    for path, tensor in module.variables_by_path.items():
        assert tensor.name == f"{path}:0"
        assert tuple(tensor.shape) == declared[path].shape
        assert tensor.dtype.name == {"f64": "float64", "f32": "float32", "i64": "int64", "i32": "int32"}[declared[path].dtype]
    others = {v.name for v in module.variables} - {f"{path}:0" for path in declared}
    assert all(name.startswith("initial/") for name in others), others
    trainable = [v.name.removesuffix(":0") for v in module.collections["trainable_variables"]]
    assert trainable == [v.path for v in plan.variables if v.trainable]


def test_outputs_are_the_meaning_of_the_plan(built) -> None:
    """The optimised graph in TensorFlow, and the interpreter on the plan of level 0."""
    expected = interpret(built.subject.plan, built.subject.data, built.subject.values)
    found = built.apply(built.subject.data)
    for (title, _, name), value in expected.items():
        if title == "outputs":
            np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-11, err_msg=name)


def test_gradients_reach_every_param(built) -> None:
    found = built.gradients(built.subject.whole)["gradients"]
    assert list(found) == built.trainable or set(found) == set(built.trainable)
    reasons = built.subject.case.special.no_gradient
    for path, gradient in found.items():
        assert np.all(np.isfinite(gradient)), path
        assert np.any(gradient != 0) != (path.rpartition("/")[2] in reasons), path


def test_levels_agree(built) -> None:
    for data in (built.subject.whole, built.subject.data):
        expected, found = built.gradients(data, built.reference), built.gradients(data)
        assert found["loss"] == pytest.approx(expected["loss"], rel=1e-10)
        for path, gradient in expected["gradients"].items():
            np.testing.assert_allclose(found["gradients"][path], gradient, rtol=1e-8, atol=1e-11, err_msg=path)


def test_gradients_are_the_derivative(built) -> None:
    """Along one random direction for each variable, central differences of the loss at the same draws."""
    data, step = built.subject.data, 1e-6
    found = built.gradients(data)["gradients"]
    exempt = built.subject.case.special.not_the_derivative
    for path, gradient in found.items():
        if path.rpartition("/")[2] in exempt:
            continue
        direction = np.random.default_rng(zlib.crc32(path.encode())).normal(size=gradient.shape)
        sides = [{**built.stored, path: built.stored[path] + side * step * direction} for side in (-1, 1)]
        below, above = (built.gradients(data, values=values)["loss"] for values in sides)
        assert np.sum(gradient * direction) == pytest.approx((above - below) / (2 * step), rel=2e-6, abs=2e-9), path


def test_a_saved_module_is_the_module(built) -> None:
    """To the bit. A loaded backward loop may add up its gradients in another order."""
    data = built.subject.data
    built.same(built.apply(data, built.loaded), built.apply(data), 0)
    built.same(built.streamed(data, built.loaded), built.streamed(data), 0)
    values = {v.name: v.numpy() for v in built.loaded.held}
    built.same(values, {v.name: v.numpy() for v in built.module.variables}, 0)
    if "gradients" in built.saved:
        expected, found = built.gradients(data), built.gradients(data, built.loaded)
        assert found["loss"] == expected["loss"]
        built.same(found["gradients"], expected["gradients"], 1e-15)


def test_a_stream_is_the_scan_step_by_step(built) -> None:
    data = {**built.subject.data, "n": np.full_like(LENGTHS, SIZES["time"])}
    whole, found = built.apply(data), built.streamed(data)
    for run in ("run", "part"):
        np.testing.assert_allclose(found[f"{run}_out"], whole[f"{run}_out"], rtol=1e-10, atol=1e-12)
        for state in built.subject.finals:
            name = final_name(run, state)
            np.testing.assert_allclose(found[name][:, -1], whole[name], rtol=1e-10, atol=1e-12, err_msg=name)


def test_masks_of_valid_steps_change_nothing(built) -> None:
    found = built.apply(built.subject.whole)
    for name, value in of(found, "run").items():
        np.testing.assert_allclose(found[name.replace("run_", "part_", 1)], value, rtol=1e-10, atol=1e-12, err_msg=name)


def test_masked_steps_change_nothing(built) -> None:
    """A row with masked steps is the same row without them, a row of length 0 its initial states."""
    data, found = built.subject.data, of(built.apply(built.subject.data), "part")
    for row in range(SIZES["batch"]):
        short = of(built.apply(built.subject.over_time(data, VALID[row], slice(row, row + 1))), "part")
        np.testing.assert_allclose(found["part_out"][row, VALID[row]], short["part_out"][0], rtol=1e-10, atol=1e-12)
        assert not np.any(found["part_out"][row, ~VALID[row]])
        for name in (*(final_name("part", s) for s in built.subject.finals), "part_last"):
            np.testing.assert_allclose(found[name][row], short[name][0], rtol=1e-10, atol=1e-12, err_msg=name)
    assert not np.any(found["part_last"][~VALID.any(1)])


def test_what_masked_steps_hold_is_never_seen(built) -> None:
    """NaN in inputs at masked steps: outputs, final states and gradients keep their bits."""
    subject = built.subject
    spoilt = dict(subject.data)
    for x in subject.inputs:
        if x.kind == "input" and x.dtype == "f64":
            value = spoilt[f"part_{x.name}"].copy()
            value[~VALID] = np.nan
            spoilt[f"part_{x.name}"] = value
    built.same(of(built.apply(spoilt), "part"), of(built.apply(subject.data), "part"), 0)
    built.same(built.gradients(spoilt)["gradients"], built.gradients(subject.data)["gradients"], 0)


def test_a_frozen_scope_stays_put(built) -> None:
    """Steps with weight decay move every trainable variable, and leave a frozen one's bytes alone."""
    before = {path: v.numpy() for path, v in built.module.variables_by_path.items()}
    for _ in range(2):
        built.train(built.subject.data)
    after = {path: v.numpy() for path, v in built.module.variables_by_path.items()}
    for v in built.subject.plan.variables:
        if v.kind == "param":
            assert (before[v.path].tobytes() != after[v.path].tobytes()) == v.trainable, v.path
    assert any(path.startswith("still/") for path in before) or not built.trainable
    built.restore()


@pytest.mark.parametrize("time", [1, 0])
def test_a_batch_of_one_and_a_time_of(built, time: int) -> None:
    data, rows, steps = built.subject.whole, slice(0, 1), slice(0, time)
    whole, found = built.apply(data), built.apply(built.subject.over_time(data, steps, rows))
    for run in ("run", "part"):
        assert found[f"{run}_out"].shape == (1, time, *whole[f"{run}_out"].shape[2:])
        np.testing.assert_allclose(found[f"{run}_out"], whole[f"{run}_out"][rows, steps], rtol=1e-10, atol=1e-12)
        expected = whole[f"{run}_out"][rows, 0] if time else np.zeros_like(found[f"{run}_last"])
        np.testing.assert_allclose(found[f"{run}_last"], expected, rtol=1e-10, atol=1e-12)
    first = built.apply({**data, "m": np.zeros_like(MASK)})
    for state in built.subject.finals if not time else []:
        name = final_name("part", state)
        np.testing.assert_allclose(found[name], first[name][rows], rtol=0, atol=0, err_msg=name)
    gradients = built.gradients(built.subject.over_time(data, steps, rows))["gradients"]
    assert all(np.all(np.isfinite(g)) for g in gradients.values())
