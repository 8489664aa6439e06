"""Writes the sample twice in one process, with other functions traced in between: `build_sample.py FOLDER`."""

import sys
from pathlib import Path

import tensorflow as tf
from sample import sample, sample_plan

from rnndsl.artefact.manifest import InputFile, Provenance
from rnndsl.artefact.write import write_artefact


def shift_counters() -> None:
    """Let the next functions have numbers with more digits, so that their order as text is another one."""
    for i in range(400):
        tf.function(lambda x, i=i: x + i).get_concrete_function(tf.constant(1.0))


def main(folder: Path) -> None:
    provenance = Provenance(files=(InputFile(path="sample.rnn", sha256="0" * 64, kind="spec"),), opt_level=1)
    for name in ("first", "second"):
        write_artefact(sample_plan(), folder / name, provenance=provenance, build=lambda _: sample(), emit_meta_graph=True)
        shift_counters()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
