"""docs/examples/federated.py: its numbers in the interpreter, the program itself, its artefact with TensorFlow and NumPy alone."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rnndsl.federated.averaging import Averaging
from rnndsl.federated.sharing import sharing
from rnndsl.federated.working import Worker
from tests.compiling import plan_of
from tests.federated.interpreted import Interpreted, fields

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "federated.py"
ALONE = """
import sys
from pathlib import Path

class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("pydantic", "lark", "onnx", "safetensors"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, "docs/examples")
from rnndsl import federated
import federated as example
run = federated.averaging(sys.argv[1], sys.argv[2], train="step")
run.round((f"machine-{m}", example.parts(m, 1)) for m in range(2))
"""


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("federated_example", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def interpreted(example: ModuleType, folder: Path, pretrained: bool) -> Averaging:
    plan = plan_of(example.SPEC, pretrained=pretrained)
    return Averaging(Worker(Interpreted(plan), sharing(fields(plan), "step")), folder, {})


def test_a_stream_goes_on_from_round_to_round(example: ModuleType) -> None:
    doing, _ = example.stream(3, 250)
    joined = [part["doing"] for number in (1, 2) for part in example.parts(3, number)]
    np.testing.assert_array_equal(np.concatenate(joined, axis=1), doing[:, :200])


def test_the_first_round_shows_that_pretrained_values_are_in(example: ModuleType, tmp_path: Path) -> None:
    runs = {pretrained: interpreted(example, tmp_path / str(pretrained), pretrained) for pretrained in (True, False)}
    with np.load(EXAMPLE.with_suffix(".npz")) as stored:
        assert set(runs[True].values) == {*stored}
        for path, value in runs[True].values.items():
            np.testing.assert_array_equal(value, stored[path])
    first = {pretrained: run.round((f"machine-{m}", example.parts(m, 1)) for m in range(2)) for pretrained, run in runs.items()}
    assert first[True]["accuracy"] > first[False]["accuracy"] + 0.1


@pytest.mark.tf
@pytest.mark.slow
def test_the_program_and_its_resumption(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLE), "--machines", "4", "--folder", str(tmp_path / "run")]

    def said(*options: str) -> list[float]:
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=True)
        return [float(x) for x in re.findall(r"round +\d+ +accuracy ([\d.]+)", done.stdout)]

    first, initial = said("--rounds", "1")
    assert first > initial + 0.1
    second, third = said("--rounds", "3", "--resume")
    assert third > first + 0.1 and second > first


@pytest.mark.tf
@pytest.mark.slow
def test_an_artefact_needs_nothing_but_tensorflow_and_numpy(example: ModuleType, tmp_path: Path) -> None:
    import rnndsl

    artefact = rnndsl.compile(example.SPEC, tmp_path / "out")
    subprocess.run([sys.executable, "-c", ALONE, str(artefact), str(tmp_path / "state")], cwd=ROOT, check=True)
    run = interpreted(example, tmp_path / "interpreted", pretrained=True)
    run.round((f"machine-{m}", example.parts(m, 1)) for m in range(2))
    with np.load(tmp_path / "state" / "server.npz") as found:
        for path, value in run.values.items():
            np.testing.assert_allclose(found[f"values/{path}"], value, rtol=1e-4, atol=1e-5, err_msg=path)
