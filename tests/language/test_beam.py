"""Beam search: beside all sequences on small vocabularies, a search over lists in NumPy, greedy loops."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.compiling import module_of, plan_of
from tests.language.section_7_10.examples import initial_values, interpreted

CELL = """
## Two steps of the past, so that every state of a sequence counts.
cell Writer(units: int, words: int) {
  input word: i32[]
  given bias: [words]
  layer embedding = Embedding(words, units)
  state h: [units] = zeros
  param a: [units, units]
  param b: [units, units]
  param c: [units, words]
  h = tanh(embedding(word) + h[t-1] @ a - h[t-2] @ b)
  output h @ c + bias
}
fn itself(word) = word
"""


def text(width: int, words: int, steps: object = 4, more: str = "", before: str = "") -> str:
    return f"""{CELL}
model m with (dtype = f64, seed = 4, init = normal(stddev = 1.0)) {{
  axis step
  input bias: f64[batch, {words}]
  input h: f64[batch, 5]
  {before}
  layer dec = Writer(5, {words})
  found = beam(dec, feed = itself, first = 1, width = {width}, steps = {steps}, along = step,
               initial = (h = h), given = (bias = bias){more})
  output ids = found.ids
  output scores = found.scores
  output lengths = found.lengths
}}
"""


def inputs(words: int, rows: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    return {"bias": random.normal(size=(rows, words)), "h": random.normal(size=(rows, 5))}


def log_softmax(x):
    x = x - x.max()
    return x - np.log(np.exp(x).sum())


def step(v, state, word, bias):
    """The cell, for one sequence of one row; `state` is h[t-1], h[t-2]."""
    h = np.tanh(v["dec/embedding/table"][word] + state[0] @ v["dec/a"] - state[1] @ v["dec/b"])
    return (h, state[0]), log_softmax(h @ v["dec/c"] + bias)


def start(given, row):
    return given["h"][row], given["past"][row] if "past" in given else np.zeros(5)


def score(v, given, row, sequence):
    """The log-probability of a sequence."""
    state, word, total = start(given, row), 1, 0.0
    for following in sequence:
        state, gain = step(v, state, word, given["bias"][row])
        total, word = total + gain[following], following
    return total


def every_sequence(words: int, steps: int, end: int | None) -> list[tuple[int, ...]]:
    """All that ends with `end` for the first time, or is as long as it may be."""
    found: list[tuple[int, ...]] = []
    for length in range(1, steps + 1):
        for each in itertools.product(range(words), repeat=length):
            if end not in each[:-1] and (length == steps or each[-1] == end):
                found.append(each)
    return found


def assert_found(found: dict[str, Any], best: list[list[tuple[float, tuple[int, ...]]]], width: int, steps: int) -> None:
    """`best`, for each row: scores and sequences, the best first; fewer than the width where no more exist."""
    for row, expected in enumerate(best):
        n = min(width, len(expected))
        np.testing.assert_allclose(found["scores"][row][:n], [total for total, _ in expected[:n]], rtol=1e-9)
        for k in range(width):
            ids = expected[k][1] if k < n else ()
            assert found["lengths"][row][k] == len(ids)
            assert tuple(found["ids"][row, :, k]) == (*ids, *[0] * (steps - len(ids))), (row, k)
        assert np.isneginf(found["scores"][row][n:]).all()


WIDE = [(3, 3, 1, 20), (4, 3, None, 64), (5, 1, 4, 6), (2, 4, 1, 16), (3, 3, None, 9), (4, 3, None, 16)]


@pytest.mark.parametrize(("words", "steps", "end", "width"), WIDE)
def test_a_search_that_is_wide_enough_finds_the_best_of_all(words, steps, end, width):
    """Wide enough to hold all sequences, or all that are one step shorter."""
    spec = text(width, words, steps, "" if end is None else f", end = {end}")
    values, given = initial_values(plan_of(spec)), inputs(words)
    every = every_sequence(words, steps, end)
    best = [sorted(((score(values, given, row, each), each) for each in every), reverse=True) for row in range(3)]
    assert_found(interpreted(spec, given), best, width, steps)


def searched(v, given, row, words, steps, end, width):
    """A beam search over lists: every continuation of every sequence that has not ended, and the best of all."""
    beam = [(0.0, (), start(given, row))]
    for _ in range(steps):
        candidates = []
        for total, ids, state in beam:
            if ids and ids[-1] == end:
                candidates.append((total, ids, state))
                continue
            after, gain = step(v, state, ids[-1] if ids else 1, given["bias"][row])
            candidates += [(total + gain[word], (*ids, word), after) for word in range(words)]
        beam = sorted(candidates, key=lambda each: -each[0])[:width]
    return [(total, ids) for total, ids, _ in beam]


CASES = [(7, 9, 3, 4), (7, 9, None, 5), (6, 12, 0, 2), (9, 6, 1, 1), (4, 8, 2, 6)]


@pytest.mark.parametrize(("words", "steps", "end", "width"), CASES)
def test_a_search_is_one_over_lists(words, steps, end, width):
    spec = text(width, words, steps, "" if end is None else f", end = {end}")
    values, given = initial_values(plan_of(spec)), inputs(words)
    best = [searched(values, given, row, words, steps, end, width) for row in range(3)]
    assert_found(interpreted(spec, given), best, width, steps)


@pytest.mark.tf
@pytest.mark.parametrize("level", [0, 1])
def test_a_search_in_tensorflow(level):
    words, steps, end, width = CASES[0]
    module = module_of(text(width, words, "k", f", end = {end}", "input k: i32[]"), level)
    values = {path: v.numpy() for path, v in module.variables_by_path.items()}
    given = inputs(words)
    for n in (steps, 1, 0):
        found = module.signature_functions["predict"](**given, k=np.int32(n))
        best = [searched(values, given, row, words, n, end, width) for row in range(3)]
        assert_found({name: value.numpy() for name, value in found.items()}, best, width, n)


def test_most_searches_end_at_several_lengths():
    words, steps, end, width = CASES[0]
    lengths = interpreted(text(width, words, steps, f", end = {end}"), inputs(words))["lengths"]
    assert len(np.unique(lengths)) > 2


@pytest.mark.parametrize("end", [3, None])
def test_a_search_of_width_one_is_greedy(end):
    more = "" if end is None else f", end = {end}"
    spec = text(1, 7, 9, more).replace(
        "output ids =",
        f"""fn ends(y) = {"argmax(y) == " + str(end) if end is not None else "y[0] > y[0]"}
  greedy = scan(dec, feed = argmax, first = 1, steps = 9, along = step, initial = (h = h), given = (bias = bias), end = ends)
  output words = where(position(over = step) < greedy.lengths, argmax(greedy), 0)
  output n = greedy.lengths
  output ids =""",
    )
    found = interpreted(spec, inputs(7))
    assert np.array_equal(found["ids"][..., 0], found["words"])
    assert np.array_equal(found["lengths"][..., 0], found["n"])


def test_states_of_two_steps_back_are_given_by_a_list():
    spec = text(4, 7, 6, ", end = 3").replace("initial = (h = h)", "initial = (h = [h, 2 * h])")
    values, given = initial_values(plan_of(spec)), inputs(7)
    best = [searched(values, {**given, "past": 2 * given["h"]}, row, 7, 6, 3, 4) for row in range(3)]
    assert_found(interpreted(spec, given), best, 4, 6)


def test_rows_of_a_search_may_have_lengths():
    spec = text(4, 7, 6, ", end = 3, lengths = n", "input n: i32[batch]")
    values, given = initial_values(plan_of(spec)), inputs(7)
    limits = [6, 2, 0]
    best = [searched(values, given, row, 7, n, 3, 4) for row, n in enumerate(limits)]
    found = interpreted(spec, {**given, "n": limits})
    assert_found(found, best, 4, 6)


OTHERS = """
cell Led(words: int) {
  input word: [words]
  input lead: [words]
  state seen: [words] = zeros
  seen = seen[t-1] + word
  output lead - 2 * seen
}
model m {
  axis step
  input lead: f32[batch, time, 4]
  layer dec = Led(4)
  fn next(id) = one_hot(id, 4)
  led = beam(dec, feed = next, first = [0, 0, 0, 0], lead = lead, width = 64)
  output ids = led
  output scores = led.scores
  alone = beam(dec, feed = (word = next), first = (word = [0, 0, 0, 0]), lead = lead, width = 3, end = 0)
  output alone
}
"""


def test_other_inputs_of_a_search_are_scanned():
    lead = np.random.default_rng(6).normal(size=(2, 4, 4)).astype(np.float32)
    found = interpreted(OTHERS, {"lead": lead})
    for row in range(2):
        totals = {}
        for ids in itertools.product(range(4), repeat=4):
            seen, total = np.zeros(4), 0.0
            for t, id in enumerate(ids):
                total += log_softmax(lead[row, t] - 2 * seen)[id]
                seen[id] += 1
            totals[ids] = total
        best = sorted(((total, ids) for ids, total in totals.items()), reverse=True)[:3]
        assert [tuple(found["ids"][row, :, k]) for k in range(3)] == [ids for _, ids in best]
        np.testing.assert_allclose(found["scores"][row, :3], [total for total, _ in best], rtol=1e-5)
    assert found["alone"].shape == (2, 4, 3)


NARROW = """
cell Same(n: int) { input word: i32[]  param w: [n, n]  output gather(w, word) }
fn itself(id) = id
model m with (dtype = f16, init = normal(stddev = 1.0)) {
  axis step
  layer dec = Same(5)
  layer more = Same(7)
  a = beam(dec, feed = itself, first = 0, width = 3, steps = 4)
  b = beam(more, feed = itself, first = 0, width = 5, steps = 3, end = 2, along = step)
  output a
  output more_ids = b.ids
  output scores = a.scores
}
"""


def test_a_search_without_rows_two_in_a_model_in_half_precision():
    plan = plan_of(NARROW)
    found, w = interpreted(NARROW, {}), initial_values(plan)["dec/w"].astype(np.float64)
    assert found["scores"].dtype == np.float32, "sums of many numbers"
    chances = [log_softmax(row) for row in w]
    every = {ids: sum(chances[a][b] for a, b in itertools.pairwise((0, *ids))) for ids in itertools.product(range(5), repeat=4)}
    for k in range(3):
        assert found["scores"][k] == pytest.approx(every[tuple(found["a"][:, k])], rel=1e-2)
    assert found["a"].shape == (4, 3)
    assert found["more_ids"].shape == (3, 5)
