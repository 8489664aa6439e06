"""A subject's modules: the default one, on which every check is made that can be, and the reference of level 0."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from rnndsl.backend.module import build
from tests.conformance.subject import SIZES, Array, Subject

TARGETS: dict[str, Any] = {}


class Built:
    """Modules of `subject`, each made when it is first asked for."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.folder: Path | None = None

    @cached_property
    def module(self) -> Any:
        return self._build(self.subject.optimised)

    @cached_property
    def reference(self) -> Any:
        return self._build(self.subject.plan)

    @cached_property
    def compiled(self) -> Any:
        return build(self.subject.optimised, jit=True)

    @cached_property
    def loaded(self) -> Any:
        """The module after it was saved and loaded."""
        self.folder = Path(tempfile.mkdtemp())
        tf.saved_model.save(self.module, str(self.folder), signatures=self.module.signature_functions)
        return tf.saved_model.load(str(self.folder))

    def _build(self, plan: Any) -> Any:
        module = build(plan)
        for path, value in self.subject.values.items():
            if path in module.variables_by_path and not path.startswith("train/"):
                module.variables_by_path[path].assign(value)
        return module

    @property
    def trainable(self) -> list[str]:
        return [v.path for v in self.subject.plan.variables if v.trainable]

    @property
    def stored(self) -> dict[str, Array]:
        """Values of params and vars, the arguments of the pure functions."""
        kinds = {v.path: v.kind for v in self.subject.plan.variables}
        return {path: value for path, value in self.subject.values.items() if kinds[path] in ("param", "var")}

    def apply(self, data: Mapping[str, Array], module: Any = None, values: Mapping[str, Array] | None = None) -> dict[str, Array]:
        return numbers((module or self.module).apply(tensors(values or self.stored), self._wanted(data), tf.constant(0, tf.int64)))

    def gradients(self, data: Mapping[str, Array], module: Any = None, values: Mapping[str, Array] | None = None) -> dict[str, Any]:
        made = (module or self.module).gradients(tensors(values or self.stored), self._wanted(data), {}, tf.constant(0, tf.int64))
        return {"loss": float(made["loss"]), "gradients": numbers(made["gradients"])}

    def _wanted(self, data: Mapping[str, Array]) -> dict[str, Any]:
        return tensors({x.name: data[x.name] for x in self.subject.plan.inputs})

    def close(self) -> None:
        """Let graphs and files go."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("module", "reference", "compiled", "loaded"):
            self.__dict__.pop(name, None)
        gc.collect()


def tensors(values: Mapping[str, Array]) -> dict[str, Any]:
    return {name: tf.constant(value) for name, value in values.items()}


def numbers(values: Mapping[str, Any]) -> dict[str, Array]:
    return {name: value.numpy() for name, value in values.items()}


def same(found: Mapping[str, Array], expected: Mapping[str, Array], tolerance: float = 1e-10) -> None:
    """Every value of `expected` is in `found`, to `tolerance`; to the bit if that is 0."""
    assert set(expected) <= set(found)
    for name, value in expected.items():
        if tolerance:
            np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance, err_msg=name)
            continue
        assert found[name].tobytes() == value.tobytes(), name


def steps() -> range:
    return range(SIZES["time"])
