"""Which of several models says a line: by its ID alone, so that it is the same in every run. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pipeline.hashing import digest

# As many as a float holds exactly.
_FRACTION_BITS = 53


def chosen_model(line_id: str, shares: Mapping[str, float]) -> str:
    """The model that says the line; over many lines each says its share.

    It depends on nothing but the line's ID and the shares: not on the order of either, nor on other lines. A
    share that grows takes lines over and gives none back.

    Args:
        shares: parts above 0 by model, relative to each other; at least one.
    Source: weighted rendezvous hashing: D. Thaler and C. Ravishankar, "Using name-based mappings to increase
        hit rates", 1998; J. Schindelhauer and G. Schomaker, "Weighted distributed hash tables", 2005.
    """
    return min(shares, key=lambda model: (-math.log(_unit(line_id, model)) / shares[model], model))


def _unit(line_id: str, model: str) -> float:
    """A number in (0, 1] drawn from line and model."""
    drawn = int(digest({"line": line_id, "model": model})[:16], 16) >> (64 - _FRACTION_BITS)
    return (drawn + 1) / 2**_FRACTION_BITS
