"""A pack filled: missing sounds made, what nobody asks for any more removed, the index written last."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import __version__
from pipeline.errors import AudioError, StoreError
from pipeline.files import store_error, write_text
from pipeline.game.agenda import Agenda, all_locales
from pipeline.game.as_script import PackLine
from pipeline.game.pack_index import (
    INDEX_CSV,
    INDEX_JSON,
    PACK_JSON,
    IndexRow,
    PackForm,
    own_sums,
    read_index,
    write_index,
    write_pack,
    write_sums,
)
from pipeline.game.pack_make import Made, make_spoken, make_taken, why_not
from pipeline.game.pack_rows import cached_row, counted, owned_files, soundless_row, unvoiced_row, voiced_row
from pipeline.game.pack_state import Wanted
from pipeline.game.page import PAGE_NAME, write_viewer
from pipeline.game.unreal_import import IMPORT_CSV, import_csv
from pipeline.hashing import digest_bytes, digest_file
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take


@dataclass(frozen=True)
class Filled:
    """What became of every sound.

    Attributes:
        statuses: `rendered`, `cached`, `taken`, `failed` or `missing`, by `PackLine.key`, in order.
        rows: of all locales that were meant.
        no_times: how many lines have no visemes because nobody knows when their phonemes sound, by engine.
        removed: files that were taken out of the pack.
    """

    statuses: Mapping[str, str]
    rows: Mapping[str, tuple[IndexRow, ...]]
    no_times: Mapping[str, int] = field(default_factory=dict)
    removed: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """How many sounds could not be made."""
        return sum(status == "failed" for status in self.statuses.values())


def fill_pack(
    agenda: Agenda,
    made_keys: Iterable[str],
    reasons: Mapping[str, str],
    findings: Iterable[Mapping[str, object]] = (),
    tell: Callable[[str, PackLine], None] = lambda status, line: None,
) -> Filled:
    """Brings the pack to what the agenda wants, as far as takes are there; writes only what changes.

    Args:
        made_keys: keys of takes that this run made: their lines count as rendered.
        reasons: why a take could not be made, by its key.
        findings: of lint, for the viewer.
        tell: called with the status of each sound, in order.

    Raises:
        StoreError: the pack cannot be written, or the store not be read.
    """
    made_now = set(made_keys)
    makers = _makers(agenda)
    rows: dict[str, IndexRow] = {}
    statuses: dict[str, str] = {}
    no_times: dict[str, int] = {}
    sums = own_sums(agenda.places.pack)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        to_make = (one for one in agenda.wanted if one.status != "cached")
        results = threads.map(lambda one: _attempt(one, agenda, makers, reasons), to_make)
        for wanted in agenda.wanted:
            result = None if wanted.status == "cached" else next(results)
            status, row, made = _settled(wanted, result, made_now)
            statuses[wanted.line.key], rows[wanted.line.key] = status, row
            if made is not None:
                sums.update(made.sums)
                if made.no_times:
                    speaker = wanted.line.voice.engine if wanted.recording is None else "recordings"
                    no_times[speaker] = no_times.get(speaker, 0) + 1
            tell(status, wanted.line)
    by_locale = _rows_in_order(agenda, rows)
    removed = _finish(agenda, by_locale, sums, list(findings))
    return Filled(statuses, by_locale, no_times, removed)


Result = Made | str | None
Makers = Callable[[Wanted], "list[Take] | None"]


def _makers(agenda: Agenda) -> Makers:
    store = TakeStore(agenda.places.store)

    def takes_for(wanted: Wanted) -> list[Take] | None:
        found = []
        for planned in agenda.planned[wanted.line.key]:
            take = store.get(planned.key)
            if take is None:
                return None
            found.append(take)
        return found

    return takes_for


def _attempt(wanted: Wanted, agenda: Agenda, takes_for: Makers, reasons: Mapping[str, str]) -> Result:
    """The sound made; why it cannot be made; or None if there is no take yet."""
    rules, pack = agenda.rules, agenda.places.pack
    try:
        if wanted.status == "taken":
            return make_taken(wanted, pack, rules.target, rules.visemes)
        parts = agenda.planned[wanted.line.key]
        silent = next((part.reason for part in parts if part.status == "silent"), None)
        failed = next((reasons[part.key] for part in parts if part.key in reasons), None)
        if silent or failed:
            return silent or failed
        takes = takes_for(wanted)
        if takes is None:
            return None if wanted.line.key in agenda.left_out else "its take was lost meanwhile; run it again"
        return make_spoken(wanted, takes, pack, rules.target, rules.visemes)
    except AudioError as error:
        return why_not(error, wanted)


def _settled(wanted: Wanted, result: Result, made_now: set[str]) -> tuple[str, IndexRow, Made | None]:
    if wanted.status == "cached":
        return "cached", cached_row(wanted), None
    if isinstance(result, str):
        return "failed", soundless_row(wanted, "failed", result), None
    if result is None:
        return "missing", soundless_row(wanted, "missing", "left out this time"), None
    if wanted.status == "taken":
        return "taken", voiced_row(wanted, result), result
    status = "rendered" if made_now & set(result.take_keys) else "cached"
    return status, voiced_row(wanted, result), result


def _rows_in_order(agenda: Agenda, rows: Mapping[str, IndexRow]) -> dict[str, tuple[IndexRow, ...]]:
    """The rows of each locale in the project's order, lines without sound among them."""
    sounds: dict[int, list[IndexRow]] = {}
    for wanted in agenda.wanted:
        sounds.setdefault(id(wanted.line.voiced), []).append(rows[wanted.line.key])
    found: dict[str, list[IndexRow]] = {locale: [] for locale in agenda.locales}
    for voiced in agenda.project.voiced:
        if voiced.locale in found:
            found[voiced.locale] += sounds.get(id(voiced)) or [unvoiced_row(voiced, None)]
    return {locale: tuple(lines) for locale, lines in found.items()}


def _finish(
    agenda: Agenda,
    rows: Mapping[str, tuple[IndexRow, ...]],
    sums: dict[str, str],
    findings: list[Mapping[str, object]],
) -> tuple[str, ...]:
    """Removes what is no more, then writes the index, and the checksums last."""
    pack, project = agenda.places.pack, agenda.project
    known = all_locales(project, pack)
    before = {locale: agenda.before.get(locale) or read_index(pack, locale) for locale in known}
    gone = [locale for locale in known if locale not in project.locales]
    after = {locale: lines for locale, lines in {**before, **rows}.items() if locale not in gone}
    after = {locale: after[locale] for locale in project.locales if after.get(locale)}
    kept = owned_files(after)
    removed = sorted(owned_files(before) - kept)
    dropped = [f"{locale}/{name}" for locale in gone for name in (INDEX_JSON, INDEX_CSV, IMPORT_CSV)]
    for path in [*removed, *dropped]:
        _remove(pack, path)
    for locale, lines in rows.items():
        if lines:
            write_index(pack, locale, lines)
            if project.config.engine == "unreal":
                write_text(pack / locale / IMPORT_CSV, import_csv(lines), keep_same=True)
    form = PackForm(
        schema_="fullcast.pack/1",
        project=project.name,
        engine=project.config.engine,
        tool=f"fullcast {__version__}",
        revision=source_revision(project.root, [facts.file for facts in project.files]),
        base_locale=project.base_locale,
        locales=list(after),
        counts={locale: counted(lines) for locale, lines in after.items()},
    )
    write_pack(pack, form)
    write_viewer(pack, form, after, findings)
    write_sums(pack, _sums(pack, kept, sums, after))
    return tuple(removed)


def _remove(pack: Path, path: str) -> None:
    """Removes a file of the pack, and the folder around it if it is empty now."""
    place = pack / path
    if not place.resolve().is_relative_to(pack.resolve()):
        raise StoreError(f"the pack's index names a file outside of it: {path}", where=str(pack))
    try:
        place.unlink(missing_ok=True)
        if place.parent != pack and place.parent.is_dir() and not any(place.parent.iterdir()):
            place.parent.rmdir()
    except OSError as error:
        raise store_error(error, place) from error


def _sums(
    pack: Path, kept: set[str], known: Mapping[str, str], rows: Mapping[str, tuple[IndexRow, ...]]
) -> dict[str, str]:
    """SHA-256 of every file of the pack but the list itself."""
    first = {row.sounds[0]: row.sha256 for lines in rows.values() for row in lines if row.sounds}
    found: dict[str, str] = {}
    for path in kept:
        found[path] = known.get(path) or first.get(path) or digest_file(pack / path)
    own = [PACK_JSON, PAGE_NAME]
    own += [f"{locale}/{name}" for locale in rows for name in (INDEX_JSON, INDEX_CSV, IMPORT_CSV)]
    for name in own:
        if (pack / name).is_file():
            found[name] = digest_file(pack / name)
    return found


def source_revision(root: Path, files: Iterable[str]) -> str:
    """The last commit that changed one of the sources; their digest where there is no git or it is not in it.

    A commit that only adds the pack itself does not change it.
    """
    names = sorted(set(files))
    command = ["git", "-C", str(root), "log", "-1", "--format=%H", "--", *names]
    status = ["git", "-C", str(root), "status", "--porcelain", "--", *names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        dirty = subprocess.run(status, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() and not dirty.stdout.strip():
            return f"git:{done.stdout.strip()}"
    except OSError:
        pass
    contents = [digest_file(root / name) for name in names if (root / name).is_file()]
    return f"sha256:{digest_bytes(''.join(contents).encode())}"
