"""A delivered pack against its own checksums, its formats, and the script as it is today."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.audio import read_audio
from pipeline.errors import AudioError
from pipeline.game.agenda import Agenda
from pipeline.game.findings import PACK_CODES, Judged
from pipeline.game.line import Severity
from pipeline.game.pack_index import INDEX_JSON, PACK_JSON, SUMS, IndexRow, read_pack, read_sums
from pipeline.game.pack_make import viseme_path
from pipeline.game.pack_sound import FULL_SCALE, SAMPLE_RATE, SoundTarget, measured
from pipeline.game.pack_state import Wanted
from pipeline.game.takes import sound_files
from pipeline.hashing import digest_file
from pipeline.levels import measure_take

# The index holds two decimals; Vorbis gives back samples a little other than those that went in.
PEAK_SLACK_DB = 0.05
OGG_PEAK_SLACK_DB = 0.3
DURATION_SLACK_S = 0.0015
EDGE_SLACK_S = 0.012
WAV_HEADER_BYTES = 44


def verify_pack(agenda: Agenda) -> list[Judged]:
    """Everything that is not as it should be, by file; an empty list is a sound pack.

    Raises:
        DriftError: the index or pack.json is damaged.
    """
    pack = agenda.places.pack
    if read_pack(pack) is None:
        return [_finding("P001", PACK_JSON, "there is no pack here; run: fullcast game render")]
    rows = [row for lines in agenda.before.values() for row in lines]
    found = [*_script_differs(agenda, rows), *_files_differ(agenda, rows), *stale_findings(agenda)]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        sounds = [(row, path) for row in rows for path in row.sounds if (pack / path).is_file()]
        for faults in threads.map(
            lambda one: sound_faults(pack, one[0], one[1], agenda.rules.target), sounds
        ):
            found += faults
    return sorted(set(found))


def verify_names(agenda: Agenda, listed: Iterable[str]) -> list[Judged]:
    """Lines that a list of paths has no sound for, and sounds in it that no line has; nothing is opened.

    For voices that somebody else delivered, without an index; whatever their format, so endings do not count.
    """
    wanted = {_bare(path): one for one in agenda.wanted for path in one.paths.values()}
    names = {_bare(name): name for name in listed}
    root = _root_of(names, wanted)
    there = {name.removeprefix(root): full for name, full in names.items()}
    folders = {path.rpartition("/")[0] for path in wanted}
    found = [
        _finding("P001", next(iter(one.paths.values())), "no file for this line", one)
        for path, one in wanted.items()
        if path not in there
    ]
    found += [
        _finding("P005", full, "no line has this sound")
        for name, full in there.items()
        if name not in wanted and name.rpartition("/")[0] in folders
    ]
    return sorted(found)


def _bare(name: str) -> str:
    """A path without its ending, as file systems that know no case see it."""
    return os.path.splitext(name.strip().replace("\\", "/").removeprefix("./"))[0].casefold()  # noqa: PTH122


def _root_of(names: Iterable[str], wanted: Iterable[str]) -> str:
    """What stands before the wanted paths in the list; nothing if none is in it."""
    known = set(wanted)
    for name in names:
        parts = name.split("/")
        for number in range(len(parts)):
            if "/".join(parts[number:]) in known:
                return "".join(f"{part}/" for part in parts[:number])
    return ""


def _script_differs(agenda: Agenda, rows: Sequence[IndexRow]) -> Iterator[Judged]:
    """Lines of the script that the pack does not have as they are now, and rows that no line has."""
    for wanted in agenda.wanted:
        before = wanted.before
        path = next(iter(wanted.paths.values()))
        if before is None:
            yield _finding("P001", path, "the pack has no such line", wanted)
        elif before.status != "voiced":
            yield _finding("P008", path, f"{before.status}: {before.reason or 'no sound'}", wanted)
        elif before.speech_hash != wanted.speech_hash:
            yield _finding("P006", path, wanted.reason or "settings changed", wanted)
        elif set(before.sounds) != set(wanted.paths.values()):
            yield _finding("P006", path, f"the pack has it as {', '.join(before.sounds)}", wanted)
    known = {wanted.line.key for wanted in agenda.wanted}
    for row in rows:
        if row.stem is not None and row.key not in known:
            path = (*row.sounds, row.stem)[0]
            yield _finding("P005", path, "no line of the script has this ID any more", row=row)


def _files_differ(agenda: Agenda, rows: Sequence[IndexRow]) -> Iterator[Judged]:
    pack = agenda.places.pack
    sums = read_sums(pack)
    if not sums:
        yield _finding("P001", SUMS, "the pack has no checksums")
    for path, sha256 in sums.items():
        if not (pack / path).is_file():
            yield _finding("P001", path, "it is in SHA256SUMS and not in the pack")
        elif digest_file(pack / path) != sha256:
            yield _finding(
                "P002", path, "its SHA-256 is not the one in SHA256SUMS; `render --recheck` makes it anew"
            )
    named = {path: row for row in rows for path in row.files}
    for path, row in named.items():
        if path in sums and path == (*row.sounds, "")[0] and sums[path] != row.sha256:
            yield _finding("P002", path, "index.json and SHA256SUMS give two checksums", row=row)
        if not (pack / path).is_file() and path not in sums:
            yield _finding("P001", path, "it is in the index and not in the pack", row=row)
    yield from _unknown_files(agenda, {*named, *sums})


def _unknown_files(agenda: Agenda, known: set[str]) -> Iterator[Judged]:
    """Sounds in the folders of the pack's sounds, and mouth shapes, that nothing names."""
    pack = agenda.places.pack
    folders = {Path(path).parent for one in agenda.wanted for path in one.paths.values()}
    folders |= {Path(viseme_path(one.line)).parent for one in agenda.wanted}
    for folder in sorted(folders):
        place = pack / folder
        found = [path for path in sound_files(place) if path.parent == place]
        found += [path for path in sorted(place.glob("*.json")) if path.name not in (INDEX_JSON, PACK_JSON)]
        for path in found:
            name = path.relative_to(pack).as_posix()
            if name not in known:
                yield _finding("P005", name, "no line of the script has this file")


def stale_findings(agenda: Agenda) -> list[Judged]:
    """Recordings made for an older text: errors if the project's policy is `fail`, else warnings."""
    severity: Severity = "error" if agenda.rules.stale == "fail" else "warning"
    found = []
    for take in agenda.takes.values():
        if take.state == "stale":
            message = f"recorded for text {take.accepted_lock}, which is {take.lock} now"
            found.append(Judged(take.file, 1, "P007", severity, message, take.id, take.locale, take.id))
    for file in agenda.orphans:
        message = f"no identifier is '{Path(file).stem}': the text of its line was changed"
        found.append(Judged(file, 1, "P007", severity, message, key=file))
    return found


def sound_faults(pack: Path, row: IndexRow, path: str, target: SoundTarget) -> list[Judged]:
    """What is wrong with one sound of the pack, opened and measured."""
    try:
        audio = read_audio(pack / path)
        wrong = _format_fault(pack / path)
    except AudioError as error:
        return [_finding("P003", path, error.message, row=row)]
    if wrong or audio.sample_rate != SAMPLE_RATE or audio.channels != 1 or audio.length_samples == 0:
        told = wrong or f"{audio.sample_rate} Hz, {audio.channels} channels, {audio.length_samples} samples"
        return [_finding("P003", path, told, row=row)]
    faults: list[Judged] = []
    if row.duration_s is not None and abs(audio.duration_s - row.duration_s) > DURATION_SLACK_S:
        told = f"{audio.duration_s:.3f} s long, the index says {row.duration_s:.3f} s"
        faults.append(_finding("P003", path, told, row=row))
    samples = (audio.samples[:, 0] * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype("int16")
    _, peak_dbtp = measured(samples, target.short_s)
    slack_db = OGG_PEAK_SLACK_DB if path.endswith(".ogg") else PEAK_SLACK_DB
    if peak_dbtp > target.true_peak_dbtp + slack_db:
        told = f"true peak {peak_dbtp:.2f} dBTP, at most {target.true_peak_dbtp:g}"
        faults.append(_finding("P004", path, told, row=row))
    onset, offset = measure_take(audio).voiced_samples
    lead_s, tail_s = onset / SAMPLE_RATE, (audio.length_samples - offset) / SAMPLE_RATE
    if lead_s > target.lead_s + EDGE_SLACK_S or tail_s > target.tail_s + EDGE_SLACK_S:
        told = f"{lead_s * 1000:.0f} ms before and {tail_s * 1000:.0f} ms after speech"
        faults.append(_finding("P004", path, told, row=row))
    return faults


def _format_fault(path: Path) -> str | None:
    import soundfile

    if path.suffix == ".wav":
        try:
            with wave.open(str(path), "rb") as file:
                bits = file.getsampwidth() * 8
                bytes_of_sound = file.getnframes() * file.getsampwidth() * file.getnchannels()
        except (wave.Error, EOFError) as error:
            return f"no PCM WAV: {error}"
        if bits != 16:
            return f"{bits} bits"
        extra = path.stat().st_size - bytes_of_sound - WAV_HEADER_BYTES
        return f"{extra} bytes beside the chunks fmt and data" if extra else None
    info = soundfile.info(str(path))
    return None if (info.format, info.subtype) == ("OGG", "VORBIS") else f"{info.format} {info.subtype}"


def _finding(
    code: str, path: str, message: str, wanted: Wanted | None = None, row: IndexRow | None = None
) -> Judged:
    """A finding at the line of the script that it is about, or at the pack's own file if at none."""
    severity = PACK_CODES[code].severity
    if wanted is not None:
        place, line = wanted.line.voiced.place, wanted.line
        told = f"{path}: {message}"
        return Judged(
            place.file, place.row, code, severity, told, line.sound_id, line.voiced.locale, line.key
        )
    if row is not None:
        file, _, number = row.source.rpartition(":")
        return Judged(file, int(number), code, severity, f"{path}: {message}", row.id, row.locale, row.key)
    return Judged(path, 1, code, severity, message, key=path)


def listed_files(path: Path) -> list[str]:
    """The paths in a list (one a row), or of all sounds under a folder."""
    if path.is_dir():
        return [found.relative_to(path).as_posix() for found in sound_files(path)]
    rows = path.read_text("utf-8-sig").splitlines()
    return [row.strip() for row in rows if row.strip() and not row.startswith("#")]
