"""What PyTorch itself saves is read to the bit, and what is no dict of tensors is refused, nothing of it executed."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnndsl.weights.opening import open_source
from rnndsl.weights.source import WeightsFileError


def saved(value: Any, path: Path, **options: Any) -> Path:
    torch.save(value, path, **options)
    return path


def assert_holds(path: Path, wanted: dict[str, torch.Tensor]) -> None:
    with open_source(path) as source:
        assert list(source.tensors) == list(wanted)
        for name, tensor in wanted.items():
            value = source.read(name)
            assert source.tensors[name].shape == value.shape == tuple(tensor.shape)
            if tensor.dtype == torch.bfloat16:
                assert value.dtype.name == "bfloat16"
                tensor, value = tensor.float(), value.astype(np.float32)
            np.testing.assert_array_equal(value, tensor.detach().numpy())
            assert value.dtype == tensor.detach().numpy().dtype


@pytest.mark.parametrize("kind", [torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN])
def test_a_state_dict(kind, tmp_path):
    module = kind(3, 5, num_layers=2, bidirectional=True)
    assert_holds(saved(module.state_dict(), tmp_path / "m.pt"), module.state_dict())


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"])
def test_dtypes(dtype, tmp_path):
    values = {"w": torch.arange(-3, 9).reshape(3, 4).to(getattr(torch, dtype)), "s": torch.tensor(1).to(getattr(torch, dtype))}
    assert_holds(saved(values, tmp_path / "m.pth"), values)


def test_views_of_one_storage(tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    values = OrderedDict(
        whole=whole, turned=whole.T, part=whole[1:3, ::2], row=whole[2], none=whole[:0], spread=whole[:1].expand(3, 6)
    )
    assert_holds(saved(values, tmp_path / "m.bin"), values)


def test_a_checkpoint_of_training(tmp_path):
    """Dicts within the dict, parameters with gradients, numbers and strings between them."""
    module = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    value = {"epoch": 3, "note": "x", "model": dict(module.named_parameters()), "optimizer": optimizer.state_dict()}
    state = optimizer.state_dict()["state"]
    wanted = {f"model.{k}": v for k, v in module.named_parameters()}
    wanted |= {f"optimizer.state.{i}.{k}": v for i, slots in state.items() for k, v in slots.items()}
    assert_holds(saved(value, tmp_path / "m.pt"), wanted)


def test_a_whole_module_is_refused_by_name(tmp_path):
    with pytest.raises(WeightsFileError, match=r"it asks for `torch\.nn\.modules\.linear\.Linear`"):
        open_source(saved(torch.nn.Linear(2, 2), tmp_path / "m.pt"))


def test_the_form_before_1_6_is_refused(tmp_path):
    path = saved({"w": torch.ones(2)}, tmp_path / "m.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(WeightsFileError, match=r"no file of PyTorch 1\.6 or later"):
        open_source(path)
