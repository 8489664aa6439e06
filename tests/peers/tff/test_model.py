"""TensorFlow Federated's own averaging beside the built-in loop: no value is dropped, and the numbers are the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from rnndsl.federated import averaging, tff_model
from tests.docs.pages import blocks
from tests.peers.federating import CLIENTS, PERSONAL, SPEC, batches, made, pretrained, rounds

ROOT = Path(__file__).parents[3]
SECONDS = 240


def run(folder: Path, *arguments: str) -> None:
    """Python in a session that is ended whole: a worker of the engine outlives it. It talks to that worker, not to a proxy."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = [sys.executable, *arguments]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            status = process.wait(SECONDS)
        finally:
            with suppress(ProcessLookupError):  # where nothing outlived it
                os.killpg(process.pid, signal.SIGKILL)
        log.seek(0)
        assert status == 0, log.read()[-3000:]


def test_three_rounds_agree_with_the_built_in_loop_and_no_value_is_dropped(tmp_path: Path) -> None:
    artefact = made(tmp_path / "made", SPEC)
    run(tmp_path, "-m", "tests.peers.tff.rounds", str(artefact), str(tmp_path / "found.npz"))
    found = np.load(tmp_path / "found.npz")
    for path, value in pretrained().items():
        np.testing.assert_array_equal(found[f"first/{path}"], value)
    assert len([name for name in found if name.startswith("first/")]) == 16

    expected, losses = rounds(artefact, tmp_path / "own")
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-6)
    for path, value in expected.items():
        assert np.abs(value - found[f"first/{path}"]).max() > 1e-3
        np.testing.assert_allclose(found[f"last/{path}"], value, rtol=0, atol=1e-6, err_msg=path)
    np.testing.assert_array_equal(found["last/norm/beta"], np.zeros(6))
    own = averaging(artefact, tmp_path / "own")
    sums = [own.call("c", "evaluate", b)["mse"] * len(b["x"]) for k in range(CLIENTS) for b in batches(k, 9)]
    assert found["evaluated"] == pytest.approx(sum(sums) / int(found["examples"]), rel=1e-6)


def test_the_lines_of_the_guide(tmp_path: Path) -> None:
    (lines,) = [block.text for block in blocks("python tff")]
    code = lines.replace("build/shared", str(made(tmp_path / "made", SPEC)))
    run(tmp_path, "-c", f"{code}\nimport os; os._exit(len(process.get_model_weights(state).trainable) != 15)")


def test_what_the_engine_cannot_do_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`norm/beta`, `norm/gamma` would have to be kept by each client"):
        tff_model(made(tmp_path / "personal", PERSONAL))
    text = SPEC.replace("LayerNorm()", "BatchNorm()")
    with pytest.warns(UserWarning, match="updates of `norm/moving_mean`, `norm/moving_variance` do not happen"):
        tff_model(made(tmp_path / "updates", text))
