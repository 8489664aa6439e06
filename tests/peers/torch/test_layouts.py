"""PyTorch's layers are loaded by `using torch`, give the same outputs, are exported, and give them again in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.peers.exchanging import exchanged

N, U, P = 3, 4, 2
CASES = [
    (torch.nn.RNN, f"RNN({U})", {}),
    (torch.nn.LSTM, f"LSTM({U})", {}),
    (torch.nn.LSTM, f"ProjectedLSTM({U}, {P}, peepholes = false)", {"proj_size": P}),
    (torch.nn.GRU, f"GRU({U}, reset_after = true)", {}),
]


class Net(torch.nn.Module):
    def __init__(self, kind, layers, both, **options):
        super().__init__()
        self.rnn = kind(N, U, layers, batch_first=True, bidirectional=both, **options)
        width = options.get("proj_size", U) * (1 + both)
        self.norm = torch.nn.LayerNorm(width, eps=1e-3)
        self.batch = torch.nn.BatchNorm1d(width, eps=1e-3)
        self.out = torch.nn.Linear(width, 2)

    def forward(self, x):
        return self.out(self.batch(self.norm(self.rnn(x)[0][:, -1])))


def spec(cell: str, layers: int, both: bool) -> str:
    lines, value = [], "x"
    loads = [f'load {name} from "net.pt" at "{name}" using torch' for name in ("norm", "batch", "out")]
    for k in range(layers):
        lines += [f"layer fw_{k} = {cell}"]
        loads += [f'load fw_{k} from "net.pt" at "rnn" using torch({k})']
        if both:
            lines += [f"layer bw_{k} = {cell}", f"y_{k} = bidirectional(fw_{k}, bw_{k}, {value})"]
            loads += [f'load bw_{k} from "net.pt" at "rnn" using torch({k}, reverse = true)']
        else:
            lines += [f"y_{k} = scan(fw_{k}, {value})"]
        value = f"y_{k}"
    body = "\n  ".join([*lines, "layer norm = LayerNorm()", "layer batch = BatchNorm()", "layer out = Dense(2)"])
    needed = "import std.cells (ProjectedLSTM)" if "Projected" in cell else ""
    return (
        f"rnn 1\n{needed}\nmodel m {{\n  input x: f32[batch, time, {N}]\n  {body}\n"
        f"  output y = out(batch(norm({value}[time = -1])))\n  " + "\n  ".join(loads) + "\n}\n"
    )


@pytest.mark.parametrize("kind, cell, options", CASES)
@pytest.mark.parametrize("layers, both", [(1, False), (2, False), (1, True), (2, True)])
def test_there_and_back(kind, cell, options, layers, both, tmp_path):
    torch.manual_seed(layers)
    net = Net(kind, layers, both, **options).eval()
    with torch.no_grad():
        for buffer in (net.batch.running_mean, net.batch.running_var, *net.parameters()):
            buffer += torch.rand(buffer.shape) / 2
    state = {name: x for name, x in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "net.pt")
    x = torch.randn(2, 5, N)
    wanted = net(x).detach().numpy()
    back = exchanged(tmp_path, spec(cell, layers, both), x.numpy(), wanted, "back.pt")

    again = Net(kind, layers, both, **options).eval()
    again.load_state_dict(torch.load(back, weights_only=True))
    np.testing.assert_allclose(again(x).detach().numpy(), wanted, rtol=0, atol=1e-5)
