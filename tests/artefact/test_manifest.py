"""`manifest.json` and its schema."""

import hashlib
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from rnndsl.artefact.files import files_below
from rnndsl.artefact.manifest import InputFile, Manifest, Provenance, schema_text, to_json
from rnndsl.artefact.reading.opening import open_artefact, written_files
from rnndsl.artefact.reading.plain import ArtefactError

SCHEMA = Path(__file__).parents[2] / "docs" / "manifest.schema.json"


def test_published_schema_is_current():
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), (
        "run: python -m rnndsl.artefact.manifest > docs/manifest.schema.json"
    )


def small(**fields) -> Manifest:
    return Manifest(
        **{
            "name": "m",
            "rnndsl_version": "0",
            "tensorflow_version": "2",
            "dtype": "float32",
            "seed": 0,
            "axes": ("batch",),
            "variables": (),
            "collections": {},
            "signatures": (),
            "provenance": Provenance(),
            "outputs": {},
            **fields,
        }
    )


def test_json_is_sorted_and_ends_in_a_newline():
    text = to_json(small(parameters={"b": 1, "a": float("inf"), "c": float("nan"), "name": "é"}))
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert json.loads(text)["parameters"] == {"a": "Infinity", "b": 1, "c": "NaN", "name": "é"}


def test_read_again(tmp_path):
    (tmp_path / "manifest.json").write_text(to_json(small()))
    found = open_artefact(tmp_path)
    assert found.sha256
    assert found.model_copy(update={"sha256": ""}) == small()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "npm"}', "[" * 100_000, '{"format": "rnndsl-artefact"'])
def test_other_peoples_manifests(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    assert written_files(tmp_path) is None
    with pytest.raises(ArtefactError, match=r"no manifest of rnndsl"):
        open_artefact(tmp_path)


def test_a_later_version_is_still_an_artefact(tmp_path):
    (tmp_path / "manifest.json").write_text('{"format": "rnndsl-artefact", "format_version": 9, "outputs": {"new.bin": "?"}}')
    assert written_files(tmp_path) == {"manifest.json", "new.bin"}


def test_paths_are_relative():
    with pytest.raises(ValidationError):
        InputFile(path="/home/me/a.rnn", sha256="0" * 64, kind="spec")


@pytest.mark.tf
def test_long_values_are_shortened():
    from rnndsl.artefact.describe import shortened

    assert shortened({"value": [[1.0, 2.0]], "x": 1}) == {"value": [[1.0, 2.0]], "x": 1}
    assert shortened({"value": [[0.5] * 50] * 2})["value"]["count"] == 100


@pytest.mark.tf
class TestOfAnArtefact:
    def test_fits_the_schema(self, built):
        import jsonschema

        jsonschema.validate(json.loads((built[0] / "manifest.json").read_text()), json.loads(SCHEMA.read_text()))

    def test_digests_of_every_file(self, built):
        manifest = open_artefact(built[0])
        assert sorted([*manifest.outputs, "manifest.json"]) == files_below(built[0])
        for name, digest in manifest.outputs.items():
            assert hashlib.sha256((built[0] / name).read_bytes()).hexdigest() == digest

    def test_no_absolute_path(self, built):
        assert '"/' not in (built[2] / "manifest.json").read_text()

    def test_variables(self, built):
        import numpy as np
        import tensorflow as tf

        manifest = open_artefact(built[0])
        by_path = {v.path: v for v in manifest.variables}
        reader = tf.train.load_checkpoint(str(built[0] / "variables" / "variables"))
        np.testing.assert_array_equal(reader.get_tensor(by_path["enc/u"].checkpoint_key), np.eye(4, dtype="f") / 2)
        assert by_path["enc/w"].shape == (3, 4)
        assert by_path["enc/w"].initializer is not None
        assert by_path["enc/w"].initializer.arguments == {"stddev": 0.5}
        assert by_path["norm/mean"].not_trainable == "it is a var"
        own = [v for v in manifest.variables if v.kind == "optimizer"]
        assert own
        assert {v.path for v in own} < set(manifest.collections["global_variables"])
        assert manifest.collections["mine"] == ("enc/u",)

    def test_signatures(self, built):
        manifest = open_artefact(built[0])
        fit = manifest.signature("fit")
        assert fit.kind == "train"
        assert [(x.name, x.shape, x.dtype) for x in fit.inputs] == [
            ("x", ("batch", "time", 3), "float32"),
            ("y", ("batch", "time", 4), "float32"),
        ]
        assert fit.operations == {"mse": "mse", "norm/mean/update": "norm/mean/update"}
        assert manifest.signature("stream").absent == "the scan runs backward"
        gradients = manifest.signature("gradients")
        assert [(x.argument, x.name) for x in gradients.outputs] == [
            ("gradients", "enc/b"),
            ("gradients", "enc/u"),
            ("gradients", "enc/w"),
            (None, "loss"),
        ]
        assert {(x.argument, x.name) for x in gradients.inputs} >= {("variables", "enc/w"), ("inputs", "x"), ("targets", "y")}

    def test_operations_are_in_the_graph(self, built):
        from rnndsl.artefact.canonical import read_saved_model

        library = read_saved_model(built[0]).meta_graphs[0].graph_def.library
        nodes = {function.signature.name: {node.name: node.op for node in function.node_def} for function in library.function}
        fit = open_artefact(built[0]).signature("fit")
        assert nodes[fit.function][fit.operations["norm/mean/update"]] == "AssignVariableOp"

    def test_meta_graph(self, built):
        info = open_artefact(built[0]).meta_graph
        assert info is not None
        assert info.inputs == {"x": "x:0", "y": "y:0"}
        assert info.trains == {"fit": "train/fit", "tune": "train/tune"}
        assert info.evaluated == {"mse": "evaluate/mse:0"}
