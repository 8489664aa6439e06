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

from rnndsl.backends.tensorflow.module import build
from rnndsl.language.ops.meaning.align import DTYPES as NUMPY
from rnndsl.language.ops.table import OPS
from rnndsl.plan.model import Node, Plan, all_nodes
from tests.compiling import takes
from tests.conformance.subject import SIZES, Array, Subject, final_name


class Built:
    """Modules of `subject`, each made when it is first asked for."""

    def __init__(self, subject: Subject, representative: bool = True) -> None:
        self.subject = subject
        self.saved = ("apply", "stream", *(("gradients",) if representative else ()))
        self.folder: Path | None = None

    @cached_property
    def module(self) -> Any:
        return self._build(self.subject.optimised)

    @cached_property
    def reference(self) -> Any:
        return self._build(self.subject.plan)

    @cached_property
    def loaded(self) -> Any:
        """The module's functions, those named in `saved`, and its variables, saved and loaded."""
        holder = tf.Module()
        for name in self.saved:
            setattr(holder, name, getattr(self.module, name))
        holder.held = list(self.module.variables)
        self.folder = Path(tempfile.mkdtemp())
        tf.saved_model.save(holder, str(self.folder))
        return tf.saved_model.load(str(self.folder))

    def _build(self, plan: Plan) -> Any:
        module = build(plan)
        self._assign(module)
        return module

    def _assign(self, module: Any) -> None:
        for path, value in self.stored.items():
            module.variables_by_path[path].assign(value)

    @property
    def trainable(self) -> list[str]:
        return [v.path for v in self.subject.plan.variables if v.trainable]

    @property
    def draws(self) -> bool:
        """Whether training draws random numbers."""
        return any(isinstance(n, Node) and OPS[n.op].varies for n in all_nodes(self.subject.plan.graph))

    @property
    def stored(self) -> dict[str, Array]:
        """Values of params and vars, the arguments of the pure functions."""
        kinds = {v.path: v.kind for v in self.subject.plan.variables}
        return {path: value for path, value in self.subject.values.items() if kinds[path] in ("param", "var")}

    def apply(self, data: Mapping[str, Array], module: Any = None) -> dict[str, Array]:
        wanted = {x.name: data[x.name] for x in self.subject.plan.inputs}
        return numbers((module or self.module).apply(tensors(self.stored), tensors(wanted), tf.constant(0, tf.int64)))

    def gradients(self, data: Mapping[str, Array], module: Any = None, values: Mapping[str, Array] | None = None) -> dict[str, Any]:
        """The loss of the masked scan, and its gradients by path."""
        wanted = {name: data[name] for name in takes(self.subject.plan, "gradients")}
        arguments = (tensors(values or self.stored), tensors(wanted), {}, tf.constant(0, tf.int64))
        made = (module or self.module).gradients(*arguments)
        return {"loss": float(made["loss"]), "gradients": numbers(made["gradients"])}

    def train(self, data: Mapping[str, Array]) -> None:
        """One step on the plain scans."""
        self.module.step(**tensors({name: data[name] for name in takes(self.subject.plan, "step")}))

    def restore(self) -> None:
        """Variables as they were before training."""
        self._assign(self.module)

    def streamed(self, data: Mapping[str, Array], module: Any = None) -> dict[str, Array]:
        """What the stream gives from step to step, [batch, time, ...]."""
        call = (module or self.module).stream
        axes = {x.name: x.type.axes for x in self.subject.plan.inputs}
        state, outputs = self._first_states(), []
        taken = set(call.function_spec.arg_names)
        for t in range(SIZES["time"]):
            now = {k: v[:, t] if axes[k][1:2] == ("time",) else v for k, v in data.items()}
            outputs.append(numbers(call(**tensors({k: v for k, v in {**now, **state}.items() if k in taken}))))
            state = {name: outputs[-1][name] for name in state}
        return {name: np.stack([o[name] for o in outputs], 1) for name in outputs[0]}

    def _first_states(self) -> dict[str, Array]:
        """What a scan leaves whose every step is masked; delays start at the stream's own constants."""
        masked = {**self.subject.data, "m": np.zeros_like(self.subject.data["m"])}
        untouched = self.apply(masked)
        first: dict[str, Array] = {}
        for s in self.subject.optimised.function("stream").inputs:
            if s.kind != "state" or s.state.startswith("still/kept/"):
                continue
            shape = [*(SIZES[a] for a in s.type.axes), *s.type.dims]
            state = s.state.rpartition("/")[2]
            value = untouched[final_name("part", state)] if state in self.subject.finals else s.initial
            first[s.name] = np.broadcast_to(np.asarray(value, NUMPY[s.type.dtype]), shape)
        return first

    @staticmethod
    def same(found: Mapping[str, Array], expected: Mapping[str, Array], tolerance: float = 1e-10) -> None:
        """Every value of `expected` is in `found`, to `tolerance`; to the bit if that is 0."""
        assert set(expected) <= set(found)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance, err_msg=name)

    def close(self) -> None:
        """Let graphs and files go."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("module", "reference", "loaded"):
            self.__dict__.pop(name, None)
        gc.collect()


def tensors(values: Mapping[str, Array]) -> dict[str, Any]:
    return {name: tf.constant(value) for name, value in values.items()}


def numbers(values: Mapping[str, Any]) -> dict[str, Array]:
    return {name: value.numpy() for name, value in values.items()}
