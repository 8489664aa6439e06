"""A `map` can't keep the compiler waiting: what Python's matcher may try for ever is refused before it is tried."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from rnndsl.elaborate.model.patterns import is_quick
from tests.elaborate.checking import check
from tests.weights.test_loading import spec

PATH = "encoder/bidirectional_rnn/fw/multi_rnn_cell/cell_0/lstm_cell/kernel"
QUICK = [
    r"(.*)", r"enc/(.*)", r"(.*)/(.*)/(.*)/(w[xt]|bi)", r"(?:fw|bw)/cell_(\d+)/(.+)", r"(?P<a>[^/]+)/(?P=a)", r"a{3}b{2,5}c{2,}",
    r"(.*/)?kernel", r"(?i:ENC)/.*?/[](x)]+", r"(abc){1,9}", r"(?=enc)enc.*", r"\(.*\)*",
]  # fmt: skip
SLOW = [
    r"(.*)*", r"(.*/)*x", r"(a+)+", r"(a|a)*b", r"((a?b?)*c)+", r"(?:\w+/?)+$", r"(a?){40}a{40}", "a?" * 40 + "a" * 40,
    "(a|a)" * 40, r"(.*)(.*)(.*)(.*)(.*)(.*)(.*)b", r"(?P<a>x+x+)+y", "([a-z]*[a-z]*)*", r"(?:.{0,30}){0,30}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", QUICK)
def test_what_is_quick(pattern):
    assert is_quick(pattern, len(PATH))
    start = time.process_time()
    re.fullmatch(pattern, PATH)
    re.fullmatch(pattern, "a" * len(PATH))
    assert time.process_time() - start < 2


@pytest.mark.parametrize("pattern", SLOW)
def test_what_is_not(pattern):
    re.compile(pattern)
    assert not is_quick(pattern, len(PATH))


def test_it_is_told_at_the_rule(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(1))
    start = time.process_time()
    found = check(spec(tmp_path, 'load enc/** from "a.npz" map { "(([a-z_]+/?)+)+!" -> "x" }'))
    assert time.process_time() - start < 20
    assert found.codes == ["RNN0605"]
    assert "may take for ever" in found.text
