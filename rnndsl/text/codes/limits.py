"""Limits, so that any text is answered quickly: see `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

TOO_DEEP = Code("RNN0901", "nested too deep", "this is nested over {limit} deep")
NUMBER_TOO_LONG = Code("RNN0902", "number too long", "the number has {length} characters: at most {limit} are read")
EXPRESSION_TOO_LONG = Code("RNN0903", "expression too long", "the expression has over {limit} operators")
TOO_MANY = Code("RNN0905", "too many faults", "over {limit} faults: the text is not read further")
NUMBER_TOO_LARGE = Code("RNN0904", "number too large", "`{text}` is beyond the largest float, 1.8e308")
TOO_MANY_REMARKS = Code("RNN0906", "too many remarks", "over {limit} warnings and lints: the others are not told", "lint")
TEXT_TOO_LONG = Code("RNN0907", "text too long", "the text has over {limit:,} words, signs and comments")
