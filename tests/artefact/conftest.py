import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "backend")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def _start(script: str, folder: Path, seed: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(HERE / script), str(folder)]
    return subprocess.Popen(command, env=environment, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> list[Path]:
    """Four artefacts of the sample: two in one process, two in another, in a folder of another depth, with another hash seed."""
    base = tmp_path_factory.mktemp("built")
    folders = [base / "a", base / "longer" / "and" / "deeper"]
    processes = [_start("build_sample.py", folder, seed) for seed, folder in enumerate(folders, start=1)]
    for process in processes:
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0, output
    return [folder / name for folder in folders for name in ("first", "second")]
