"""Writing an artefact: what happens to the folder."""

import os
import resource
import shutil

import pytest

from rnndsl.artefact.files import files_below
from rnndsl.artefact.manifest import InputFile, Provenance
from rnndsl.text.diagnostics import DiagnosticsError

pytestmark = pytest.mark.tf
PROVENANCE = Provenance(files=(InputFile(path="sample.rnn", sha256="0" * 64, kind="spec"),), opt_level=1)


def listed(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(target, build=None, **options):
    from sample import sample, sample_plan

    from rnndsl.artefact.write import write_artefact

    return write_artefact(sample_plan(), target, provenance=PROVENANCE, build=build or (lambda _: sample()), **options)


@pytest.fixture
def former(built, tmp_path):
    """A copy of an artefact, with times of long ago."""
    target = tmp_path / "out"
    shutil.copytree(built[0], target)
    for name in files_below(target):
        os.utime(target / name, ns=(7, 7))
    return target


def test_unchanged_files_keep_their_times(former):
    written = write(former, emit_meta_graph=True)
    assert written == [former / name for name in files_below(former)]
    assert {path.stat().st_mtime_ns for path in written} == {7}


def test_what_is_no_longer_asked_for_goes(former):
    write(former)
    assert not (former / "graph.meta").exists()
    assert listed(former.parent) == ["out"]


def test_a_failing_build_leaves_the_former_artefact(former):
    before = files_below(former)

    def build(_):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        write(former, build)
    assert files_below(former) == before
    assert listed(former.parent) == ["out"]


def test_a_full_disk_is_a_diagnostic(former):
    from sample import sample

    module = sample()
    before = {name: (former / name).read_bytes() for name in files_below(former)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(DiagnosticsError) as caught:
            write(former, lambda _: module)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.diagnostics[0].code == "RNN0705"
    assert {name: (former / name).read_bytes() for name in files_below(former)} == before
    assert listed(former.parent) == ["out"]


def test_other_errors_of_tensorflow_pass(tmp_path):
    import tensorflow as tf

    from rnndsl.artefact.write import raise_fault

    raise_fault(tf.errors.InvalidArgumentError(None, None, "shapes differ"), tmp_path)
    with pytest.raises(DiagnosticsError):
        raise_fault(tf.errors.UnknownError(None, None, "/x/y; No space left on device"), tmp_path)


def test_is_refused_before_anything_is_built(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")

    def build(_):
        raise AssertionError("too late")

    with pytest.raises(DiagnosticsError) as caught:
        write(tmp_path / "out", build)
    assert caught.value.diagnostics[0].code == "RNN0702"
