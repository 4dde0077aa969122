"""Takes that people recorded: where they lie, which one wins, and which were made from an older text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UsageError
from pipeline.files import write_json
from pipeline.hashing import digest_file

SOUND_ENDINGS = frozenset({".wav", ".ogg", ".flac", ".mp3", ".opus", ".aif", ".aiff"})
LOCK_SCHEMA = "fullcast.takes/1"
TTS_FOLDER = "tts"
_RENPY_ID = re.compile(r"^(?P<label>\w+)_[0-9a-f]{8}(_\d+)?$")

TakeState = Literal["accepted", "new", "stale"]


@dataclass(frozen=True)
class WantedTake:
    """A line that somebody may have recorded: its file's stem, and the lock of the text to be said."""

    id: str
    locale: str
    stem: str
    lock: str


@dataclass(frozen=True)
class RecordedTake:
    """A line's recording.

    Attributes:
        folder: as the project names it; `recorded` is False for a scratch take.
        path: of the sound; `file` is the same, relative to the project.
        state: `new` is not in the lock file with this sound; `stale` was accepted for another text.
        accepted_lock: of the text that it was accepted for.
    """

    id: str
    locale: str
    folder: str
    file: str
    path: Path
    sha256: str
    recorded: bool
    state: TakeState
    lock: str
    accepted_lock: str | None = None


class AcceptedForm(BaseModel):
    """One row of `takes.lock.json`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str
    locale: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    lock: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]


class LockForm(BaseModel):
    """`takes.lock.json`: which recording was accepted for which text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    schema_: Annotated[Literal["fullcast.takes/1"], Field(alias="schema")]
    takes: list[AcceptedForm]


Accepted = Mapping[tuple[str, str], AcceptedForm]


def read_lock(path: Path) -> Accepted:
    """What was accepted, by ID and locale; nothing if there is no such file.

    Raises:
        UsageError: it is not of its form.
    """
    try:
        form = LockForm.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValidationError, OSError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(
            f"cannot read accepted takes: {first}", str(path), "mend it, or remove it"
        ) from error
    return {(row.id, row.locale): row for row in form.takes}


def write_lock(path: Path, accepted: Accepted, takes: Iterable[RecordedTake]) -> int:
    """Adds new takes to what was accepted; returns how many are new. The file is untouched if none is.

    A stale take stays stale: its sound is the same, so nobody has recorded the new text.
    """
    rows = dict(accepted)
    fresh = [take for take in takes if take.state == "new"]
    for take in fresh:
        rows[take.id, take.locale] = AcceptedForm(
            id=take.id, locale=take.locale, sha256=take.sha256, lock=take.lock
        )
    if fresh:
        ordered = [rows[key].model_dump() for key in sorted(rows)]
        write_json(path, {"schema": LOCK_SCHEMA, "takes": ordered}, keep_same=True)
    return len(fresh)


def find_takes(
    root: Path,
    folders: Sequence[str],
    recorded: Iterable[str],
    wanted: Iterable[WantedTake],
    accepted: Accepted,
    base_locale: str,
    by_prefix: bool = False,
) -> dict[tuple[str, str], RecordedTake]:
    """The recording of each line that has one, by ID and locale: the first folder that has a file wins.

    A folder may hold one folder for each locale; what lies beside those is of the base locale. `{locale}` in
    a folder's name is replaced. The last resort, `TTS`, is fullcast's own and not looked into.

    Args:
        by_prefix: a file belongs to the longest stem that its name starts with, as Dink looks for it.

    Raises:
        UsageError: two files for one line in one folder.
    """
    lines = list(wanted)
    locales = {line.locale for line in lines}
    counted = {name.casefold() for name in recorded}
    stems = {line.stem.casefold() for line in lines} if by_prefix else None
    found: dict[tuple[str, str], RecordedTake] = {}
    for folder in folders:
        name = Path(folder).name.casefold()
        if name == TTS_FOLDER:
            continue
        files = {
            locale: _stems(paths, stems) for locale, paths in _by_locale(root, folder, locales, base_locale)
        }
        for line in lines:
            if (line.id, line.locale) in found:
                continue
            path = _only(files.get(line.locale, {}).get(line.stem.casefold(), []), line, root)
            if path is not None:
                found[line.id, line.locale] = _judged(line, folder, path, root, name in counted, accepted)
    return found


def _judged(
    line: WantedTake, folder: str, path: Path, root: Path, is_recorded: bool, accepted: Accepted
) -> RecordedTake:
    sha256 = digest_file(path)
    row = accepted.get((line.id, line.locale))
    state: TakeState = "new"
    if row is not None and row.sha256 == sha256:
        state = "accepted" if row.lock == line.lock else "stale"
    return RecordedTake(
        line.id, line.locale, folder, _relative(path, root), path, sha256, is_recorded, state, line.lock,
        row.lock if row is not None else None,
    )  # fmt: skip


def _only(paths: Sequence[Path], line: WantedTake, root: Path) -> Path | None:
    if len(paths) > 1:
        names = " and ".join(sorted(_relative(path, root) for path in paths))
        raise UsageError(f"two recordings of {line.id} ({line.locale}): {names}", hint="keep one of them")
    return paths[0] if paths else None


def _by_locale(
    root: Path, folder: str, locales: set[str], base_locale: str
) -> Iterator[tuple[str, list[Path]]]:
    """The sound files of each locale."""
    if "{locale}" in folder:
        for locale in locales:
            yield locale, list(sound_files(root / folder.replace("{locale}", locale)))
        return
    names = {locale.casefold(): locale for locale in locales}
    names |= {locale.replace("-", "_").casefold(): locale for locale in locales}
    place = root / folder
    parted: dict[str, list[Path]] = {locale: [] for locale in locales}
    for path in sound_files(place):
        first = path.relative_to(place).parts[0].casefold()
        parted.setdefault(names.get(first, base_locale), []).append(path)
    yield from parted.items()


def _stems(paths: Iterable[Path], known: set[str] | None) -> dict[str, list[Path]]:
    """Files by their name in lower case, or by the longest of the known stems that it starts with."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        name = path.stem.casefold()
        if known is not None:
            name = next((name[:end] for end in range(len(name), 0, -1) if name[:end] in known), name)
        found.setdefault(name, []).append(path)
    return found


def sound_files(folder: Path) -> Iterator[Path]:
    """All sound files under a folder, in order of their names; none if there is no such folder."""
    for place, inner, names in os.walk(folder):
        inner.sort()
        for name in sorted(names):
            if os.path.splitext(name)[1].casefold() in SOUND_ENDINGS and not name.startswith("."):  # noqa: PTH122
                yield Path(place, name)


def orphans_of_renpy(root: Path, folders: Iterable[str], ids: Iterable[str]) -> list[str]:
    """Recordings whose name is a known label with another hash: the line's text was changed after them.

    Files are named relative to the project.
    """
    known = set(ids)
    labels = {found["label"] for one in known if (found := _RENPY_ID.match(one))}
    stale = []
    for folder in folders:
        if Path(folder).name.casefold() == TTS_FOLDER:
            continue
        for path in sound_files(root / folder):
            found = _RENPY_ID.match(path.stem)
            if found and found["label"] in labels and path.stem not in known:
                stale.append(_relative(path, root))
    return sorted(stale)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
