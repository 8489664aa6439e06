"""Diagnostics of this range: see `rnndsl.codes`."""

from __future__ import annotations
