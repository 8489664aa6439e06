"""Losses that give one value a position."""

from __future__ import annotations

from rnndsl.language.ops.op import Op, Parameter, tensors, traits
from rnndsl.language.rules import reductions
from rnndsl.language.rules import types as rules
from rnndsl.plan.attributes import Blank, Huber

ROWS: tuple[Op, ...] = (
    Op(
        "cross_entropy",
        "loss",
        (Parameter("logits"), Parameter("labels", takes="ids")),
        reductions.cross_entropy,
        ".losses:cross_entropy",
        "-sum(labels * log_softmax(logits))",
        "float [.., n], ids [..] or float [.., n] -> float [..]",
        derivative=".losses:cross_entropy",
    ),
    Op(
        "binary_cross_entropy",
        "loss",
        tensors("logits", "labels"),
        rules.FLOAT,
        ".losses:binary_cross_entropy",
        "softplus(logits) - labels * logits",
        "float",
        traits=traits("elementwise"),
        derivative=".losses:binary_cross_entropy",
    ),
    Op(
        "huber",
        "loss",
        (*tensors("a", "b"), Parameter("delta", "number", 1.0)),
        reductions.huber,
        ".losses:huber",
        "d*d/2 for d = |a - b| up to delta, then delta * (d - delta/2)",
        "float",
        traits=traits("elementwise"),
        attributes=Huber,
        derivative=".losses:huber",
    ),
    Op(
        "ctc",
        "loss",
        (*tensors("logits", "labels", "logit_lengths", "label_lengths"), Parameter("blank", "int", 0)),
        reductions.ctc,
        ".losses:ctc",
        "-log p(labels | logits), Graves et al. 2006",
        "float [batch, time, n], ids, ids [batch], ids [batch] -> float [batch]",
        traits=traits("whole_sequence", "singular"),
        attributes=Blank,
        derivative=".losses:ctc",
    ),
    Op(
        "ctc_alignment",
        "loss",
        tensors("logits", "labels", "logit_lengths", "label_lengths"),
        reductions.ctc_alignment,
        ".losses:ctc_alignment",
        "how often each class is taken at each step, given the labels, Graves et al. 2006",
        gradient="none: ctc has no second derivative",
        traits=traits("whole_sequence", "heavy", "selects", "internal"),
        attributes=Blank,
    ),
)
