"""Derivatives of parts of a leading axis: back is where they came from."""

from __future__ import annotations

from rnndsl.language.ops.derivative.writing import apply, linear, spread

step_at = linear(lambda n, d, at: apply("place_step", d, told=n.node.attrs))
place_step = linear(lambda n, d, at: apply("step_at", spread(d, n.whole), told=n.node.attrs))
stretch = linear(lambda n, d, at: apply("place_stretch", spread(d, n.whole), told=n.node.attrs))
place_stretch = linear(lambda n, d, at: apply("stretch", spread(d, n.whole), told=n.node.attrs))
segments = linear(lambda n, d, at: apply("joined", spread(d, n.whole), told=n.node.attrs))
joined = linear(lambda n, d, at: apply("segments", spread(d, n.whole), told=n.node.attrs))
