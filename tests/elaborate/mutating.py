"""Specs with something wrong, made from right ones by a seed; and what must hold of any text.

`python -m tests.elaborate.mutating SECONDS [SEED]` (`make fuzz`) tries as many as that time allows, and prints each that fails.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rnndsl.syntax import format_module, parse
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile
from tests.elaborate.checking import check_text
from tests.memory import peak
from tests.syntax.support import show_tree

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted((ROOT / "specs").glob("*.rnn")) + sorted((ROOT / "tests/elaborate/valid").glob("*.rnn"))
TOKEN = re.compile(
    r'"[^"\n]*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?|#[^\n]*|\s+|<-|->|\*\*|//|\.\.|[<>=!]=|.', re.S
)
SEEDS = [path.read_text(encoding="utf-8") for path in SPECS]
INSERTED = [
    *"()[]{},.:=~+-*/@<>",
    "0",
    "-1",
    "3",
    "0.5",
    "x",
    "t",
    "training",
    "batch",
    "time",
    "zeros",
    "LSTM(2)",
    "Dense",
    "mean",
]
INSERTED += [
    "..",
    "->",
    "<-",
    "==",
    "not",
    "if",
    "else",
    "for",
    "in",
    "layer",
    "state",
    "input",
    "output",
    "param",
    "loss",
    "train",
]
INSERTED += ["scope", "with", "over", "init", "model", "cell", "block", "freeze", "as", "lambda", '"text"', "1e400", "99999999999"]
CHARACTERS = "(){}[]\"'#\\\n\r\t ;?$éß\u2028\u202e\x00\ufeff0aZ_.=~<>-"
SECONDS, MEGABYTES = 10.0, 512


def words_of(tokens: list[str]) -> list[int]:
    """Where the tokens are that are no comment and no space; the header is left out."""
    return [i for i, token in enumerate(tokens) if i > 2 and not token.isspace() and not token.startswith("#")]


def one_token(seed: int) -> str:
    """A valid spec with one token left out, put in or replaced."""
    chance = random.Random(seed)
    tokens = TOKEN.findall(chance.choice(SEEDS))
    at = chance.choice(words_of(tokens))
    new = chance.choice(INSERTED)
    tokens[at] = chance.choice(["", f"{new} {tokens[at]}", new])
    return "".join(tokens)


def mutated(seed: int) -> str:
    """A valid spec with one to four changes of characters, tokens or lines."""
    chance = random.Random(seed)
    text = chance.choice(SEEDS)
    for _ in range(chance.randint(1, 4)):
        text = chance.choice([_characters, _tokens, _tokens, _lines])(text, chance)
    return text


def _characters(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.choice([0, 0, 1, 1, 2, 30]))
    put_in = "".join(chance.choice(CHARACTERS) for _ in range(chance.randint(0, 3)))
    return text[:start] + put_in + text[end:]


def _tokens(text: str, chance: random.Random) -> str:
    tokens: list[str] = TOKEN.findall(text)
    words = words_of(tokens)
    if not words:
        return text
    at, other = chance.choice(words), chance.choice(words)
    match chance.randrange(5):
        case 0:
            tokens[at] = " "
        case 1:
            tokens[at] = f"{tokens[at]} {tokens[at]}"
        case 2:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case 3:
            tokens[at] = tokens[other]
        case _:
            tokens[at] = chance.choice(INSERTED)
    return "".join(tokens)


def _lines(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    at, other = chance.randrange(len(lines) + 1), chance.randrange(len(lines) + 1)
    match chance.randrange(3):
        case 0:
            return "".join(lines[:at] + lines[at + 1 :])
        case 1:
            return "".join(lines[:at] + lines[other : other + 3] + lines[at:])
        case _:
            return "".join(lines[:at] + lines[at : at + 6][::-1] + lines[at + 6 :])


def hold(text: str, folder: Path) -> None:
    """`check` answers with diagnostics, soon and in a process of modest size; what can be formatted keeps its meaning."""
    (folder / "rnndsl.toml").touch()
    before = time.process_time()
    check_text(folder, text)
    assert time.process_time() - before < SECONDS
    assert peak() < MEGABYTES, "memory"
    sink = Sink()
    module = parse(SourceFile("spec.rnn", text.replace("\r\n", "\n")), sink)
    if sink.failed:
        return
    formatted = format_module(module)
    again = parse(SourceFile("spec.rnn", formatted), sink)
    assert not sink.failed, "the formatted text is wrong"
    assert show_tree(again) == show_tree(module), "the formatted text means something else"
    assert format_module(again) == formatted, "the formatted text is formatted otherwise"
    assert [c.text.lstrip("#") for c in again.comments] == [c.text.lstrip("#") for c in module.comments], "comments are lost"


def failures(seeds: Iterable[int]) -> int:
    """How many of the `seeds` failed; each is printed with its text."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            try:
                hold(mutated(seed), Path(folder))
            except Exception as error:
                failed += 1
                print(f"seed {seed}: {type(error).__name__}: {error}\n{mutated(seed)}\n", flush=True)
    return failed


def main(seconds: float, seed: int) -> int:
    """Tries seeds from `seed` on for so many seconds; 1 if any failed."""
    end = time.monotonic() + seconds
    tried = 0

    def seeds() -> Iterator[int]:
        nonlocal tried
        while time.monotonic() < end:
            yield seed + tried
            tried += 1

    failed = failures(seeds())
    print(f"seeds {seed} to {seed + tried - 1}, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())))
