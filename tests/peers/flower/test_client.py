"""Flower's own server and strategy beside the built-in loop, and what its clients keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flwr.common import FitIns, parameters_to_ndarrays
from flwr.server import Server, SimpleClientManager
from flwr.server.client_proxy import ClientProxy
from flwr.server.strategy import FedAvg

from rnndsl.federated import averaging, flower_client
from tests.docs.pages import blocks
from tests.peers.federating import CLIENTS, PERSONAL, ROUNDS, SPEC, batches, made, pretrained, rounds


class Near(ClientProxy):
    """A client in the server's own process."""

    def __init__(self, name: str, client: Any) -> None:
        super().__init__(name)
        self._client = client.to_client()

    def get_properties(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        return self._client.get_properties(ins)

    def get_parameters(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        return self._client.get_parameters(ins)

    def fit(self, ins: FitIns, timeout: float | None, group_id: int | None) -> Any:
        return self._client.fit(ins)

    def evaluate(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        return self._client.evaluate(ins)

    def reconnect(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        raise NotImplementedError


def trained(artefact: Path, folder: Path) -> tuple[list[np.ndarray], Any]:
    """What three rounds of plain averaging end with, and the server's history."""
    manager = SimpleClientManager()
    for k in range(CLIENTS):
        client = flower_client(artefact, folder, f"c{k}", lambda n, k=k: batches(k, n), [*batches(k, 9)])
        manager.register(Near(f"c{k}", client))
    config = {"on_fit_config_fn": lambda number: {"server_round": number}}
    strategy = FedAvg(min_fit_clients=CLIENTS, min_available_clients=CLIENTS, min_evaluate_clients=CLIENTS, **config)
    server = Server(client_manager=manager, strategy=strategy)
    history, _ = server.fit(ROUNDS, None)
    return parameters_to_ndarrays(server.parameters), history


def test_three_rounds_agree_with_the_built_in_loop(tmp_path: Path) -> None:
    artefact = made(tmp_path / "made", SPEC)
    client = flower_client(artefact, tmp_path / "none", "c0", lambda n: batches(0, n))
    assert client.paths == tuple(sorted(client.paths)) and "norm/beta" not in client.paths
    first = dict(zip(client.paths, client.get_parameters({}), strict=True))
    for path, value in pretrained().items():
        np.testing.assert_array_equal(first[path], value)

    found, history = trained(artefact, tmp_path / "flower")
    expected, _ = rounds(artefact, tmp_path / "own")
    for path, value in zip(client.paths, found, strict=True):
        np.testing.assert_allclose(value, expected[path], rtol=0, atol=1e-6, err_msg=path)
    assert history.losses_distributed[-1][1] < history.losses_distributed[0][1]
    with pytest.raises(ValueError, match="2 arrays came for 15 variables"):
        client.fit(found[:2], {})


def test_the_lines_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (spec,) = [block.spec for block in blocks("rnn") if "federated" in block.page.name]
    (lines,) = [block.text for block in blocks("python flower")]
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "build", spec).rename(tmp_path / "build" / "machines")
    names: dict[str, Any] = {"np": np}
    exec(lines, names)
    client = names["client"]
    arrays, examples, results = client.fit(client.get_parameters({}), {"server_round": 1})
    assert (len(arrays), examples) == (len(client.paths), 4) and results["loss"] > 0
    assert client.evaluate(arrays, {})[1] == 4
    assert np.load("build/state/machine-7.npz")["now/run/h"].shape == (4, 16)


def test_what_is_personal_stays_with_its_client(tmp_path: Path) -> None:
    artefact = made(tmp_path / "made", PERSONAL)
    found, history = trained(artefact, tmp_path / "flower")
    run = averaging(artefact, tmp_path / "own")
    for _ in range(ROUNDS):
        run.round((f"c{k}", batches(k, run.rounds + 1)) for k in range(CLIENTS))
    for (path, value), theirs in zip(run.values.items(), found, strict=True):
        assert not path.startswith("norm/")
        np.testing.assert_allclose(theirs, value, rtol=0, atol=1e-6, err_msg=path)
    for k in range(CLIENTS):
        ours, theirs = (np.load(tmp_path / f / f"c{k}.npz") for f in ("own/clients", "flower"))
        for name in ("now/norm/gamma", "now/norm/beta", "before/norm/gamma"):
            np.testing.assert_allclose(theirs[name], ours[name], rtol=0, atol=1e-6, err_msg=name)
    losses = [run.call(f"c{k}", "evaluate", b)["mse"] * len(b["x"]) for k in range(CLIENTS) for b in batches(k, 9)]
    examples = sum(len(b["x"]) for k in range(CLIENTS) for b in batches(k, 9))
    assert history.losses_distributed[-1][1] == pytest.approx(sum(losses) / examples, rel=1e-5)
