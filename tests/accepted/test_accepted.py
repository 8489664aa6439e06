"""Specs that `check` accepts hold what it promises: of whatever the language has, drawn by seeds."""

from __future__ import annotations

import pytest

from tests.accepted.generating import accepted
from tests.accepted.holding import hold

pytestmark = pytest.mark.tf

SEEDS = range(50)
MORE = range(100, 130)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_accepted_compiles_runs_and_agrees(seed, tmp_path):
    """Each at one level, in turns."""
    hold(accepted(seed, tmp_path, draws=12), tmp_path, seed, levels=(seed % 2,))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_other_level(seed, tmp_path):
    hold(accepted(seed, tmp_path, draws=12), tmp_path, seed, levels=(1 - seed % 2,))


@pytest.mark.slow
@pytest.mark.parametrize("seed", MORE)
def test_more_of_them(seed, tmp_path):
    hold(accepted(seed, tmp_path), tmp_path, seed)
