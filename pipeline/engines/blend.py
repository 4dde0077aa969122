"""How a blend is written: `a:0.6+b:0.4`, shares relative, none given means equal ones."""

from __future__ import annotations

import math

from pipeline.errors import UsageError


def split_blend(written: str, rest: str, variants: tuple[str, ...]) -> list[tuple[str, float]]:
    """Names and shares of `a:0.6+b:0.4`; a variant (`en-us+f3`) stays with the name before it."""
    pieces: list[str] = []
    for piece in rest.split("+"):
        if pieces and ":" not in pieces[-1] and piece.partition(":")[0].strip() in variants:
            pieces[-1] += f"+{piece.strip()}"
        else:
            pieces.append(piece.strip())
    shares = [_split_share(written, piece) for piece in pieces]
    given = [share for _, share in shares if share is not None]
    if given and len(given) != len(shares):
        raise UsageError(f"voice '{written}': some parts have a share", hint="give one to all or to none")
    return [(name, 1.0 if share is None else share) for name, share in shares]


def _split_share(written: str, piece: str) -> tuple[str, float | None]:
    name, colon, text = piece.partition(":")
    if not name:
        raise UsageError(f"voice '{written}': a part has no name", hint="write engine/voice:0.6+voice:0.4")
    if not colon:
        return name, None
    try:
        share = float(text)
    except ValueError as error:
        raise UsageError(f"voice '{written}': share '{text}' is no number") from error
    if not (math.isfinite(share) and share > 0):
        raise UsageError(f"voice '{written}': share '{text}' must be above 0")
    return name, share
