"""Makes `tables.json` from `grammar/rnn.lark`: `python -m rnndsl.syntax.generate`.

lark works out the LALR(1) tables; a parse needs the tables alone, so the parser does not import lark (42 ms). The only module
that reads the grammar.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
from pathlib import Path
from typing import Any

GRAMMAR = Path(__file__).resolve().parents[2] / "grammar" / "rnn.lark"
TABLES = Path(__file__).with_name("tables.json")


def generate(grammar: str) -> str:
    """The text of `tables.json` for `grammar`. Raises ValueError if the grammar is not LALR(1).

    `rows[i]` is what state `i` (0 is the first) does on a token or after a rule: `n` goes to state `n`, `-1 - r` reduces by
    rule `r`. A rule is its name (`<sum>`, to tell a rule from a word), the number of its symbols and its action, null where
    its one symbol passes through.
    """
    parser = _build(grammar)
    terminals = {t.name: t for t in parser.terminals}
    literals = {name: t.pattern.value for name, t in terminals.items() if t.pattern.type == "str"}
    table = parser.parser.parser._parse_table
    symbols = {rule.origin.name: f"<{rule.origin.name}>" for rule in parser.rules} | literals
    states = _reached(table, symbols)
    numbers = {state: i for i, state in enumerate(states)}

    def key(rule: Any) -> list[str]:
        expansion: list[Any] = rule.expansion
        return [rule.origin.name, *(symbols.get(s.name, s.name) for s in expansion)]

    reductions = {arg for row in table.states.values() for action, arg in row.values() if action.name == "Reduce"}
    rules: dict[Any, int] = {rule: i for i, rule in enumerate(sorted(reductions, key=key))}
    rows: list[dict[str, int]] = []
    for state in states:
        actions = table.states[state].items()
        row = {symbols.get(s, s): numbers[arg] if action.name == "Shift" else -1 - rules[arg] for s, (action, arg) in actions}
        rows.append(dict(sorted(row.items())))
    tables = {
        "grammar_sha256": hashlib.sha256(grammar.encode()).hexdigest(),
        "end": numbers[table.end_states["start"]],
        "words": sorted(s for s in literals.values() if s[0].isalpha()),
        "marks": sorted((s for s in literals.values() if not s[0].isalpha()), key=lambda s: (-len(s), s)),
        "patterns": {n: t.pattern.to_regexp() for n, t in sorted(terminals.items()) if t.pattern.type == "re"},
        "rules": [[symbols[rule.origin.name], len(rule.expansion), _action(rule)] for rule in rules],
        "rows": rows,
    }
    lines = (f"{json.dumps(key)}:{_json(value)}" for key, value in sorted(tables.items()))
    return "{" + ",\n".join(lines) + "}\n"


def _json(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("],[", "],\n[").replace("},{", "},\n{")


def _reached(table: Any, symbols: dict[str, str]) -> list[Any]:
    """The states in the order of a breadth-first walk, so that the tables are the same at each run."""
    states = [table.start_states["start"]]
    seen = set(states)
    for state in states:
        row: dict[str, Any] = table.states[state]
        for symbol in sorted(row, key=lambda s: symbols.get(s, s)):
            action, target = row[symbol]
            if action.name == "Shift" and target not in seen:
                seen.add(target)
                states.append(target)
    return states


def _build(grammar: str) -> Any:
    lark: Any = importlib.import_module("lark")
    conflicts: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: conflicts.append(record.getMessage()) if "conflict" in record.getMessage() else None
    level = lark.logger.level
    lark.logger.addHandler(handler)
    others = [h for h in lark.logger.handlers if h is not handler]
    for other in others:
        lark.logger.removeHandler(other)
    lark.logger.setLevel(logging.DEBUG)
    try:
        parser = lark.Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=False, keep_all_tokens=True, debug=True)
    except lark.exceptions.GrammarError as error:
        raise ValueError(str(error)) from error
    finally:
        lark.logger.setLevel(level)
        lark.logger.removeHandler(handler)
        for other in others:
            lark.logger.addHandler(other)
    if conflicts:
        raise ValueError("\n".join(conflicts))
    return parser


def _action(rule: Any) -> str | None:
    if rule.alias:
        return str(rule.alias)
    if rule.options.expand1 and len(rule.expansion) == 1:
        return None
    return str(rule.origin.name)


def main() -> None:
    TABLES.write_text(generate(GRAMMAR.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
