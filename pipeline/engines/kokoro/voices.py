"""Voice tables: for each length of a line, 128 numbers of timbre and 128 of prosody."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline.engines.base import VoicePart
from pipeline.errors import LineError

ROWS = 510
STYLE = 256
TABLE_BYTES = ROWS * STYLE * 4
TABLES_KEPT = 64


class VoiceTables:
    """Reads voices and keeps the 64 last used (33 MB)."""

    def __init__(self) -> None:
        self._tables: OrderedDict[Path, Tensor] = OrderedDict()

    def row(self, voice: Sequence[VoicePart], tokens: int) -> Tensor:
        """The style (256,) float32 of a voice or blend for a line of that many tokens.

        Raises:
            LineError: a voice has no file or another file than a Kokoro voice.
        """
        parts = [self._table(part)[min(tokens, ROWS) - 1] * part.weight for part in voice]
        return torch.stack(parts).sum(dim=0)

    def bytes_held(self) -> int:
        """Memory of the tables kept."""
        return len(self._tables) * TABLE_BYTES

    def _table(self, part: VoicePart) -> Tensor:
        if part.state is None:
            raise LineError(f"voice '{part.name}' has no file", hint="kokoro's voices each have one")
        if part.state in self._tables:
            self._tables.move_to_end(part.state)
            return self._tables[part.state]
        table = self._tables[part.state] = _read(part.state)
        if len(self._tables) > TABLES_KEPT:
            self._tables.popitem(last=False)
        return table


def _read(path: Path) -> Tensor:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LineError(f"cannot read the voice: {error.strerror}", where=str(path)) from error
    if len(data) != TABLE_BYTES:
        raise LineError(f"not a Kokoro voice: {len(data)} bytes, not {TABLE_BYTES}", where=str(path))
    table = torch.from_numpy(np.frombuffer(data, dtype="<f4").reshape(ROWS, STYLE).copy())
    if not bool(torch.isfinite(table).all()):
        raise LineError("not a Kokoro voice: it holds values that are no numbers", where=str(path))
    return table
