"""Where everything of a chapter starts and ends, in samples. Pure: no audio is opened here.

A gap is measured from the end of speech to the start of speech; silence that an engine left at a take's
edges never counts (see docs/pacing.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pipeline.errors import AudioError
from pipeline.hashing import digest
from pipeline.script.model import Item, Line, Pacing, Pause, Relation, SceneBreak, Sound
from pipeline.takes.take import Take

# Nothing longer inside a chapter unless the author asked: a listener takes it for the end.
LONGEST_GAP_S = 3.5
# A frame of AAC at the rate of an .m4b. Source: ISO/IEC 14496-3, 4.5.2.1.1.
FRAME_SAMPLES = 1024
FRAME_RATE_HZ = 44_100


@dataclass(frozen=True)
class CastTake:
    """A line's chosen take with the gain it is mixed at (voice level + direction's gain)."""

    take: Take
    gain_db: float


@dataclass(frozen=True)
class ChapterScore:
    """All that a chapter's sound depends on: its items in order, the take of each line, the pauses.

    A line whose ID is missing in `takes` was quarantined; it leaves its pauses and nothing else.
    """

    title: str
    items: tuple[Item, ...]
    takes: dict[str, CastTake]
    pacing: Pacing
    sample_rate: int


@dataclass(frozen=True)
class LineSpan:
    """A line as it lies in the chapter: [start, end) in samples of speech after trimming."""

    line: Line
    take: Take
    start_samples: int
    end_samples: int


@dataclass(frozen=True)
class SoundSpan:
    """A sound as it lies in the chapter: [start, end) in samples; `under` runs below speech.

    `cut` says that it ends before its own end.
    """

    file: Path
    start_samples: int
    end_samples: int
    gain_db: float
    under: bool
    duck_db: float = 0.0
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    cut: bool = False


@dataclass(frozen=True)
class Timeline:
    """A chapter laid out at `sample_rate`; `missing` are the quarantined lines' IDs."""

    title: str
    sample_rate: int
    length_samples: int
    lines: tuple[LineSpan, ...]
    sounds: tuple[SoundSpan, ...]
    missing: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds, head and tail included."""
        return self.length_samples / self.sample_rate

    def at_rate(self, sample_rate: int) -> Timeline:
        """The same layout at another sample rate, rounded to its nearest samples."""
        if sample_rate == self.sample_rate:
            return self

        def moved(samples: int) -> int:
            return convert_samples(samples, self.sample_rate, sample_rate)

        return replace(
            self,
            sample_rate=sample_rate,
            length_samples=moved(self.length_samples),
            lines=tuple(
                replace(span, start_samples=moved(span.start_samples), end_samples=moved(span.end_samples))
                for span in self.lines
            ),
            sounds=tuple(
                replace(span, start_samples=moved(span.start_samples), end_samples=moved(span.end_samples))
                for span in self.sounds
            ),
        )

    def in_whole_frames(self) -> Timeline:
        """The same layout with its tail longer by at most 23 ms, so that it fills whole frames of AAC.

        The next chapter then lies in its own frames as before, however this one has changed. A rate that an
        .m4b does not have cannot keep to its frames, and nothing is added.
        """
        if self.sample_rate != FRAME_RATE_HZ:
            return self
        return replace(self, length_samples=-(-self.length_samples // FRAME_SAMPLES) * FRAME_SAMPLES)


PresetName = Literal["audiobook", "acx", "podcast", "broadcast", "none"]


def convert_samples(samples: int, from_hz: int, to_hz: int) -> int:
    """`samples` at one rate counted at another: exact, halves up."""
    return (2 * samples * to_hz + from_hz) // (2 * from_hz)


def place(score: ChapterScore, sound_lengths: Mapping[Path, float]) -> Timeline:
    """The chapter's layout at the score's sample rate.

    Args:
        score: items in order, takes, pacing.
        sound_lengths: seconds that each sound file of the score lasts.

    Raises:
        AudioError: a sound's length is not given.
    """
    layout = _Layout(score, sound_lengths)
    for item in score.items:
        layout.add(item)
    return layout.finish()


def gap_before_s(line: Line, pacing: Pacing, after_title: bool = False, before: Line | None = None) -> float:
    """Seconds of quiet before `line` that its relation asks for; 0 at a chapter's start (the head is there).

    Sentence and paragraph gaps vary with the line's ID: equal gaps sound mechanical, and an ID gives the
    same gap in every build, wherever the line moves.

    Args:
        after_title: the chapter's spoken title came last.
        before: the line spoken before it; someone else's paragraph has the longer of two gaps.
    """
    if after_title or line.relation == "title":
        return pacing.title_s * pacing.pace
    if before is not None and opens_anothers_paragraph(before, line):
        return max(pacing.speaker_s * pacing.pace, _relation_gap_s("paragraph", line.id, pacing))
    return _relation_gap_s(line.relation, line.id, pacing)


def opens_anothers_paragraph(before: Line, line: Line) -> bool:
    """Whether `line` begins a new paragraph and is not said by who spoke `before`."""
    return line.relation == "paragraph" and before.character != line.character


def _relation_gap_s(relation: Relation, line_id: str, pacing: Pacing) -> float:
    by_relation = {
        "start": 0.0,
        "tag": pacing.tag_s,
        "split": pacing.split_s,
        "sentence": pacing.sentence_s,
        "paragraph": pacing.paragraph_s,
        "speaker": pacing.speaker_s,
        "scene": pacing.scene_s,
    }
    gap_s = by_relation[relation] * pacing.pace
    if relation in ("sentence", "paragraph"):
        gap_s *= 1.0 + pacing.vary * _wobble(line_id)
    return gap_s


def _wobble(line_id: str) -> float:
    """A number in -1..1 that only the ID decides."""
    return int(digest(line_id)[:8], 16) / 0xFFFF_FFFF * 2.0 - 1.0


class _Layout:
    """The pen that goes along a chapter. `cursor` is the end of what was last heard (or the head's)."""

    def __init__(self, score: ChapterScore, sound_lengths: Mapping[Path, float]) -> None:
        self.score = score
        self.sound_lengths = sound_lengths
        self.lines: list[LineSpan] = []
        self.sounds: list[SoundSpan] = []
        self.missing: list[str] = []
        self.cursor = self._samples(score.pacing.head_s)
        # Quiet since the cursor: what pacing gives is capped, what the author asked for is not.
        self.given = 0
        self.asked = 0
        self.paused = False
        self.begun = False
        self.after_title = False
        self.previous: Line | None = None
        # A scene break whose pause is still to come; then, if a cue took it, the gap before the first words.
        self.scene_ahead = False
        self.scene_opened_s: float | None = None
        self.open_beds: list[int] = []
        self.closing_beds: list[int] = []

    def add(self, item: Item) -> None:
        if isinstance(item, Line):
            self._add_line(item)
        elif isinstance(item, Pause):
            self.asked += self._samples(item.duration_s)
            self.paused = True
        elif isinstance(item, SceneBreak):
            self.closing_beds += self.open_beds
            self.open_beds = []
            self.scene_ahead, self.scene_opened_s = self.begun, None
        elif item.under:
            self._add_bed(item)
        else:
            self._add_sound(item)

    def finish(self) -> Timeline:
        end = self.cursor + self._quiet()
        tail = self._samples(self.score.pacing.tail_s)
        self._close_beds(self.closing_beds + self.open_beds, end + tail // 2)
        return Timeline(
            title=self.score.title,
            sample_rate=self.score.sample_rate,
            length_samples=end + tail,
            lines=tuple(self.lines),
            sounds=tuple(span for span in self.sounds if span.end_samples > span.start_samples),
            missing=tuple(self.missing),
        )

    def _add_line(self, line: Line) -> None:
        self._give(self._line_gap_s(line))
        self.after_title = line.title
        self.previous = line
        self.scene_ahead, self.scene_opened_s = False, None
        cast = self.score.takes.get(line.id)
        if cast is None:
            self.missing.append(line.id)
            return
        onset, offset = cast.take.levels.voiced_samples
        start = self._move_on()
        self.cursor = start + convert_samples(offset - onset, cast.take.sample_rate, self.score.sample_rate)
        self.lines.append(LineSpan(line, cast.take, start, self.cursor))

    def _line_gap_s(self, line: Line) -> float:
        if self.scene_opened_s is not None and line.relation in ("scene", "start"):
            return self.scene_opened_s
        if line.relation == "start" and self.begun and not self.after_title:
            return self._cue_gap_s()  # a sound came before it
        return gap_before_s(line, self.score.pacing, self.after_title, self.previous)

    def _cue_gap_s(self) -> float:
        """Seconds between what was heard last and a cue: a break's pause if a break stands between."""
        pacing = self.score.pacing
        if self.after_title:
            return pacing.title_s * pacing.pace
        return (pacing.scene_s if self.scene_ahead else pacing.sentence_s) * pacing.pace

    def _add_sound(self, sound: Sound) -> None:
        self._give(self._cue_gap_s() if self.scene_opened_s is None else self.scene_opened_s)
        self.after_title = False
        if self.scene_ahead or self.scene_opened_s is not None:
            self.scene_ahead = False
            self.scene_opened_s = self._cue_gap_s()
        start = self._move_on()
        self.cursor = start + self._length(sound)
        self.sounds.append(self._span(sound, start))

    def _add_bed(self, sound: Sound) -> None:
        if self.scene_ahead:  # a bed opens its scene: the pause is over when it begins
            self._give(self._cue_gap_s())
            self.after_title = False
            self.scene_ahead, self.scene_opened_s = False, 0.0
        start = self.cursor + self._quiet()
        self._close_scene(start)
        self.open_beds.append(len(self.sounds))
        self.sounds.append(self._span(sound, start))

    def _give(self, gap_s: float) -> None:
        """Adds pacing's gap, unless a pause of the author stands in its place."""
        if self.begun and not self.paused:
            self.given += self._samples(gap_s)
        self.paused = False
        self.begun = True

    def _quiet(self) -> int:
        return min(self.given, self._samples(LONGEST_GAP_S)) + self.asked

    def _move_on(self) -> int:
        """Where the next thing heard starts; beds of the scene before end in the middle of the gap."""
        start = self.cursor + self._quiet()
        self._close_scene(start)
        self.given = self.asked = 0
        return start

    def _close_scene(self, start: int) -> None:
        """Ends the beds of the scene before where the gap up to `start` has its middle."""
        self._close_beds(self.closing_beds, (self.cursor + start) // 2)
        self.closing_beds = []

    def _close_beds(self, beds: list[int], end: int) -> None:
        for index in beds:
            span = self.sounds[index]
            if end < span.end_samples:
                self.sounds[index] = replace(span, end_samples=max(end, span.start_samples), cut=True)

    def _span(self, sound: Sound, start: int) -> SoundSpan:
        return SoundSpan(
            file=sound.file,
            start_samples=start,
            end_samples=start + self._length(sound),
            gain_db=sound.gain_db,
            under=sound.under,
            duck_db=sound.duck_db if sound.under else 0.0,
            fade_in_s=sound.fade_in_s,
            fade_out_s=sound.fade_out_s,
        )

    def _length(self, sound: Sound) -> int:
        length_s = self.sound_lengths.get(sound.file)
        if length_s is None:
            raise AudioError(f"the length of sound '{sound.file}' is not known", where=sound.span.where)
        return self._samples(length_s)

    def _samples(self, seconds: float) -> int:
        return round(seconds * self.score.sample_rate)
