"""Lines of a script that ask for emotion `auto`, each with what was inferred for it and from which words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pipeline.direction import NEUTRAL, Direction, Emotion
from pipeline.script.model import NARRATOR, Chapter, Line, SceneBreak, Script

if TYPE_CHECKING:
    from pipeline.emotion.evidence import Inference, SceneLine

# Relations of a line to the one before it in the same paragraph.
_SAME_PARAGRAPH = ("tag", "split", "sentence", "speaker")


@dataclass(frozen=True)
class FoundWords:
    """Words that a verdict rests on: characters [start, end) of the text of line `line_id`, at `where`."""

    line_id: str
    where: str
    start: int
    end: int
    quote: str
    rule: str


@dataclass(frozen=True)
class ResolvedEmotion:
    """How a line with emotion `auto` is said after all, and why.

    Attributes:
        direction: complete, `auto` replaced; neutral where nothing was sure enough.
        label, intensity, confidence: the verdict; the confidence of neutral is 0.
        words: what it rests on, the decisive first; none for neutral.
    """

    direction: Direction
    label: str
    intensity: float
    confidence: float
    words: tuple[FoundWords, ...]

    def describe(self) -> str:
        """One line for a person: `auto: sad (0.92), tag-verb "sobbed" at book.md:12`."""
        if not self.words:
            return "auto: neutral, no evidence"
        first = self.words[0]
        return f'auto: {self.label} ({self.confidence:.2f}), {first.rule} "{first.quote}" at {first.where}'

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values for plan, take and report; files are named without their folders."""
        return {
            "label": self.label,
            "intensity": self.intensity,
            "confidence": self.confidence,
            "evidence": [
                {
                    "line": words.line_id,
                    "where": PurePath(words.where).name,
                    "start": words.start,
                    "end": words.end,
                    "quote": words.quote,
                    "rule": words.rule,
                }
                for words in self.words
            ],
        }


def resolve_emotions(script: Script) -> dict[str, ResolvedEmotion]:
    """By line ID, what was inferred for every line whose emotion is `auto`; other lines are not in it.

    Nothing is loaded where no line asks.
    """
    if not any(line.direction.emotion.auto for line in script.lines()):
        return {}
    from pipeline.emotion.infer import infer

    people = [(role.name, *role.aliases) for role in script.cast.values() if role.name != NARRATOR]
    found: dict[str, ResolvedEmotion] = {}
    for chapter in script.chapters:
        if not any(line.direction.emotion.auto for line in chapter.lines):
            continue
        lines, scene_lines = _scene_lines(chapter, script)
        for line, verdict in zip(lines, infer(scene_lines, people), strict=True):
            if line.direction.emotion.auto:
                found[line.id] = _resolved(line, verdict, lines)
    return found


def resolved_line(line: Line, found: dict[str, ResolvedEmotion]) -> Line:
    """The line with its inferred direction; a line that asked for none as it is."""
    resolved = found.get(line.id)
    return line if resolved is None else replace(line, direction=resolved.direction)


def _scene_lines(chapter: Chapter, script: Script) -> tuple[list[Line], list[SceneLine]]:
    """The chapter's lines as inference sees them, titles left out."""
    lines: list[Line] = []
    seen: list[SceneLine] = []
    paragraph = scene = 0
    before: Line | None = None
    for item in chapter.items:
        if isinstance(item, SceneBreak):
            scene += 1
        if not isinstance(item, Line):
            continue
        if before is not None and not _continues(before, item):
            paragraph += 1
        if item.title:
            scene += 1
        lines.append(item)
        seen.append(_scene_line(item, script, paragraph, scene))
        before = item
    return lines, seen


def _continues(before: Line, line: Line) -> bool:
    """Whether a line goes on the paragraph of the line before."""
    if line.title or before.title:
        return False
    if line.relation in _SAME_PARAGRAPH:
        return True
    return line.relation == "paragraph" and _is_row_of_tag(before, line)


def _is_row_of_tag(before: Line, line: Line) -> bool:
    """In YAML a tag is an item of its own: narration that goes on a sentence, or leads one in."""
    if line.character == NARRATOR:
        return before.character != NARRATOR and line.text[:1].islower()
    return before.character == NARRATOR and before.text.rstrip()[-1:] in (",", ":", "，", "：")


def _scene_line(line: Line, script: Script, paragraph: int, scene: int) -> SceneLine:
    from pipeline.emotion.evidence import SceneLine

    role = script.cast.get(line.character)
    emotion = line.direction.emotion
    directed = None
    if not emotion.auto and not emotion.is_neutral:
        directed = emotion.label or emotion.nearest_label()[0]
    return SceneLine(
        text=line.text,
        speaker=line.character,
        kind="narration" if line.character == NARRATOR else "dialogue",
        paragraph=paragraph,
        scene=scene,
        language=line.language,
        names=role.aliases if role else (),
        wanted=emotion.auto,
        directed=directed,
    )


def _resolved(line: Line, verdict: Inference, lines: list[Line]) -> ResolvedEmotion:
    direction = line.direction
    emotion = NEUTRAL if verdict.is_neutral else Emotion.from_label(verdict.label)
    emotion = replace(emotion, style=direction.emotion.style)
    intensity = (
        direction.intensity if verdict.is_neutral else round(direction.intensity * verdict.intensity, 4)
    )
    words = tuple(
        FoundWords(lines[each.line].id, lines[each.line].where, each.start, each.end, each.quote, each.rule)
        for each in verdict.evidence
    )
    return ResolvedEmotion(
        replace(direction, emotion=emotion, intensity=intensity),
        verdict.label,
        verdict.intensity,
        verdict.confidence,
        words,
    )
