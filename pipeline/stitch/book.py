"""All chapters of a book stitched: those whose content is as before are found, the others made."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.events import ChapterStitched, Event
from pipeline.files import write_json
from pipeline.hashing import digest_file
from pipeline.script.model import Chapter, Line, Script
from pipeline.stitch.levelling import take_gains
from pipeline.stitch.loudness import FileLevels
from pipeline.stitch.master import ChapterMaster, chapter_key, master_timeline, stitch_chapter
from pipeline.stitch.presets import Preset
from pipeline.stitch.timeline import CastTake, ChapterScore
from pipeline.takes.take import Take

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StitchedChapter:
    """A chapter's master; `number` counts from 1, `reused` if nothing in it had changed."""

    number: int
    chapter: Chapter
    master: ChapterMaster
    reused: bool


class MasterShelf:
    """Chapter masters, kept by what their bytes depend on, checked when read.

    Owns the files under `root`/chapters: `<key>.flac` with its measured levels in `<key>.json`.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / "chapters"

    def path(self, key: str) -> Path:
        """Where the master of `key` lies, or would lie."""
        return self._folder / key[:2] / f"{key}.flac"

    def get(self, key: str, score: ChapterScore, preset: Preset) -> ChapterMaster | None:
        """The master of that key; None if there is none, or if its bytes are not what was written."""
        path = self.path(key)
        try:
            facts = json.loads(path.with_suffix(".json").read_bytes())
            if not path.exists() or digest_file(path) != facts["sha256"]:
                return None
            levels = dict(facts["levels"])
            levels["loudness_curve"] = tuple(levels["loudness_curve"])
            timeline = master_timeline(score, preset)
            warnings = tuple(facts["warnings"])
            return ChapterMaster(path, key, timeline, FileLevels(**levels), facts["gain_db"], warnings)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("master %s is made again: %s", key[:12], error)
            return None
        except OSError as error:
            raise StoreError(f"cannot read master: {error.strerror}", where=str(path)) from error

    def keep(self, master: ChapterMaster) -> None:
        """Notes what was measured of a master that lies at its place."""
        facts = {
            "sha256": digest_file(master.path),
            "levels": asdict(master.levels),
            "gain_db": master.gain_db,
            "warnings": list(master.warnings),
        }
        write_json(master.path.with_suffix(".json"), facts)

    def unused(self, keep: set[str]) -> list[Path]:
        """Masters whose key is not in `keep`."""
        return sorted(path for path in self._folder.glob("??/*.flac") if path.stem not in keep)


def stitch_book(
    script: Script,
    takes: Callable[[Line], Take | None],
    chapters: Iterable[int],
    preset: Preset,
    root: Path,
    report: Callable[[Event], None],
    workers: int = 2,
) -> list[StitchedChapter]:
    """The masters of the chapters asked for, in order.

    Args:
        takes: the chosen take of a line; None if it has none (quarantined or silent).
        chapters: indexes into the script's chapters.
        root: the store's folder.
        workers: how many chapters are worked on at once.

    Raises:
        StoreError: the disk is full or not writable.
        AudioError: a sound file cannot be read.
    """
    shelf = MasterShelf(root)
    scores = score_book(script, takes, chapters)

    def one(index: int) -> StitchedChapter:
        score = scores[index]
        key = chapter_key(score, preset)
        found = shelf.get(key, score, preset)
        master = found or stitch_chapter(score, shelf.path(key), preset)
        if found is None:
            shelf.keep(master)
        stitched = StitchedChapter(index + 1, script.chapters[index], master, found is not None)
        seconds, loudness = master.timeline.duration_s, master.levels.integrated_lufs
        report(ChapterStitched(index + 1, stitched.chapter.title, seconds, loudness, stitched.reused))
        return stitched

    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        stitched = list(pool.map(one, scores))
    _remember(root, script.slug, stitched)
    return stitched


def score_book(
    script: Script, takes: Callable[[Line], Take | None], chapters: Iterable[int]
) -> dict[int, ChapterScore]:
    """Each chapter's score: takes with their gains, at the highest sample rate of any take."""
    found: dict[str, Take] = {}
    voices: list[Take] = []
    for line in script.lines():
        take = takes(line)
        if take is not None:
            found[line.id] = take
            voices.append(take)
    gains = take_gains(voices)
    sample_rate = max((take.sample_rate for take in voices), default=24_000)
    return {
        index: ChapterScore(
            title=script.chapters[index].title,
            items=script.chapters[index].items,
            takes=dict(_cast_takes(script.chapters[index], found, gains)),
            pacing=script.pacing,
            sample_rate=sample_rate,
        )
        for index in chapters
    }


def masters_in_use(root: Path, slug: str) -> set[str]:
    """Keys of the masters that a book's last stitching used, at every preset it was stitched for."""
    try:
        value = json.loads(_used_path(root, slug).read_bytes())
    except FileNotFoundError:
        return set()
    return set(value["masters"])


def _cast_takes(
    chapter: Chapter, takes: Mapping[str, Take], gains: Mapping[str, float]
) -> Iterator[tuple[str, CastTake]]:
    for line in chapter.lines:
        take = takes.get(line.id)
        if take is not None:
            gain_db = gains[take.key] + line.direction.gain_db
            yield line.id, CastTake(take, round(gain_db, 2))


def _remember(root: Path, slug: str, stitched: list[StitchedChapter]) -> None:
    write_json(_used_path(root, slug), {"masters": [one.master.key for one in stitched]})


def _used_path(root: Path, slug: str) -> Path:
    return root / "chapters" / f"{slug}.json"
