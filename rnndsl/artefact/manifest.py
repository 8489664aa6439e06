"""`manifest.json`: what an artefact holds, how it was made, and the digests of all that went in and came out.

Deterministic: sorted keys, no time stamps, no absolute paths. `docs/manifest.schema.json` is the JSON Schema, printed by
`python -m rnndsl.artefact.manifest`. Needs no TensorFlow.
"""

from __future__ import annotations

import json
import sys
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rnndsl.artefact.reading.plain import own_digest, to_text
from rnndsl.text.faults import artefacts as faults

Kind = Literal["predict", "evaluate", "train", "initialize", "reset", "reset_states", "stream", "custom", "apply", "gradients"]
Length = Annotated[int, Field(ge=0)] | str | None
"""A length: a number, an axis whose length is known at run time, or None for one without a name."""


def _relative(path: str) -> str:
    if PurePosixPath(path).is_absolute():
        raise ValueError(faults.not_relative(path))
    return path


Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 in hexadecimal")]


def _within(path: str) -> str:
    if ".." in PurePosixPath(_relative(path)).parts:
        raise ValueError(faults.leads_out(path))
    return path


RelativePath = Annotated[str, AfterValidator(_relative), Field(description="a relative path with /")]
OutputPath = Annotated[str, AfterValidator(_within), Field(description="a path within the artefact's folder, with /")]
DTypeName = Literal["float16", "bfloat16", "float32", "float64", "int32", "int64", "bool"]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, ser_json_inf_nan="strings")


class InputFile(Part):
    """A file that the compiler read. `path` is relative to the spec's folder; of the standard library, `std/…`."""

    path: RelativePath
    sha256: Digest
    kind: Literal["spec", "import", "std", "grammar", "weights"]


class Provenance(Part):
    """How the artefact was made. `flags` are the options of the command that change what is written, but for the level."""

    files: tuple[InputFile, ...] = ()
    opt_level: int = 0
    flags: dict[str, Any] = {}


class InitializerInfo(Part):
    """Name and arguments in the language's terms. A long list of numbers stands as its `count` and `sha256` (of its JSON)."""

    name: str
    arguments: dict[str, Any] = {}


class ReceiptInfo(Part):
    """Where a loaded value comes from: a file of `provenance` and the tensors there that it is made of. `equation`: of the layout
    that was solved for it; without one it is the tensor itself. `sha256` is of its bytes, in C order and little-endian: of what
    `initialize` returns."""

    file: RelativePath
    keys: tuple[str, ...]
    equation: str | None = None
    sha256: Digest


class VariableInfo(Part):
    """A variable. `checkpoint_key` is its key in `variables/variables.index`; `initial` that of its stored initial value, if any.

    `not_trainable` says why an optimizer leaves it alone; `initializer_origin` why it starts as it does; `loaded` is there if its
    value comes from a file.
    """

    path: str
    kind: Literal["param", "var", "carried", "counter", "optimizer"]
    dtype: DTypeName
    shape: tuple[Length, ...]
    initializer: InitializerInfo | None
    initializer_origin: str
    loaded: ReceiptInfo | None = None
    trainable: bool
    not_trainable: str | None = None
    collections: tuple[str, ...] = ()
    checkpoint_key: str | None = None
    initial_key: str | None = None
    device: str | None = None
    rate: float = 1.0
    bounds: tuple[float | None, float | None] | None = None
    place: str = ""


class TensorInfo(Part):
    """An input or output. `tensor` is its name in the graph of the SavedModel; `argument` says which dict of `apply` or
    `gradients` has it. An input of `stream` that is a state of a scan names it, `state: encoder/lstm/h`, and says where it starts,
    `initial`, unless that is an expression over the model's params."""

    name: str
    dtype: DTypeName
    shape: tuple[Length, ...] | None
    tensor: str | None = None
    argument: str | None = None
    state: str | None = None
    initial: Any = None


class OptimizerInfo(Part):
    """An optimizer, in the language's terms. `arguments` are those of its definition: numbers, booleans and strings, and of what
    is none of these, a schedule or an input, the text."""

    name: str
    arguments: dict[str, Any] = {}
    clip_norm: float | None = None
    clip_value: float | None = None
    average: float | None = None


class StepInfo(Part):
    """What a call changes. `after` are the names of the steps that have been taken before, by control dependencies. All that an
    optimizer assigns, slots of its own too, is one step, `train/NAME`."""

    name: str
    does: Literal["assign", "clear", "optimize"]
    variables: tuple[str, ...]
    after: tuple[str, ...] = ()
    optimizer: OptimizerInfo | None = None


class SignatureInfo(Part):
    """A function of the artefact. `function` is its name in the function library; `operations` gives, for each loss, metric and
    update op that it computes, the name of the operation there; `steps` are what it changes, in order; `draws` names the counter
    that random draws depend on. `absent` says why the model has none of this name."""

    name: str
    kind: Kind
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    function: str | None = None
    operations: dict[str, str] = {}
    steps: tuple[StepInfo, ...] = ()
    draws: str | None = None
    absent: str | None = None


class LossInfo(Part):
    name: str
    collection: str | None
    place: str = ""


class UpdateInfo(Part):
    name: str
    variable: str
    collections: tuple[str, ...]
    place: str = ""


class TrainInfo(Part):
    """A training signature: what is minimised over which variables, by what, and whether it steps after or before the updates."""

    name: str
    optimizer: OptimizerInfo
    losses: tuple[str, ...]
    residuals: tuple[str, ...]
    variables: tuple[str, ...]
    updates: tuple[str, ...]
    order: Literal["after", "before"]


class TrainingInfo(Part):
    """A run of `rnndsl train`: of which signature, on which data (SHA-256 of each input as an array), how long, with what result.

    `held_out` examples, the last ones, were not trained on. `epoch` is the one whose values were kept, of `epochs`. `results` are
    what the signature gave in that epoch, on average, and what `evaluate` gave on the held out ones after it, as `held_out/NAME`.
    `start` is the digest of the manifest of the artefact that it started from.
    """

    signature: str
    start: Digest
    data: dict[str, Digest]
    examples: int | None
    held_out: int
    batch: int | None
    seed: int
    epoch: int
    epochs: int
    steps: int
    results: dict[str, float]


class MetaGraphInfo(Part):
    """The TF1-style MetaGraph: names of its operations and tensors by input, output, loss, metric, update, train and reset."""

    inputs: dict[str, str]
    outputs: dict[str, str]
    losses: dict[str, str]
    metrics: dict[str, str]
    evaluated: dict[str, str]
    updates: dict[str, str]
    trains: dict[str, str]
    resets: dict[str, str]


class Manifest(Part):
    """The whole of `manifest.json`. `outputs` are the digests of the other files; `sha256` that of this one without `sha256`."""

    format: Literal["rnndsl-artefact"] = "rnndsl-artefact"
    format_version: Literal[1] = 1
    name: str
    rnndsl_version: str
    tensorflow_version: str
    dtype: DTypeName
    seed: int
    axes: tuple[str, ...]
    parameters: dict[str, Any] = {}
    variables: tuple[VariableInfo, ...]
    collections: dict[str, tuple[str, ...]]
    losses: tuple[LossInfo, ...] = ()
    updates: tuple[UpdateInfo, ...] = ()
    trains: tuple[TrainInfo, ...] = ()
    signatures: tuple[SignatureInfo, ...]
    meta_graph: MetaGraphInfo | None = None
    training: tuple[TrainingInfo, ...] = ()
    provenance: Provenance
    outputs: dict[OutputPath, Digest]
    sha256: str = ""

    def signature(self, name: str) -> SignatureInfo:
        """The signature `name`. Raises KeyError."""
        for signature in self.signatures:
            if signature.name == name:
                return signature
        raise KeyError(name)


def to_json(manifest: Manifest) -> str:
    """The text of `manifest.json`, with its own digest."""
    fields = json.loads(manifest.model_dump_json())
    return to_text({**fields, "sha256": own_digest(fields)})


def schema_text() -> str:
    """The JSON Schema of `manifest.json`."""
    schema = Manifest.model_json_schema(mode="serialization")
    return to_text(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "manifest.json of an rnndsl artefact", **schema}
    )


if __name__ == "__main__":
    sys.stdout.write(schema_text())
