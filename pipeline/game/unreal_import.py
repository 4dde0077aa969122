"""The table that an Unreal project imports beside its sounds: who says what in which file. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from pipeline.game.pack_index import IndexRow

IMPORT_CSV = "import.csv"
# The first column of a DataTable's CSV names the row.
# Source: Unreal Engine documentation, "Data Driven Gameplay Elements".
COLUMNS = ("---", "Id", "Speaker", "SpokenText", "Direction", "SoundFile")


def import_csv(rows: Iterable[IndexRow]) -> str:
    """A row for each sound of one locale."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        if row.wav is not None:
            name = row.wav.rpartition("/")[2]
            writer.writerow([row.stem, row.id, row.character or "", row.spoken, row.direction or "", name])
    return buffer.getvalue()
