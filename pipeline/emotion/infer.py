"""The feeling of each line of a script from its context, with the words it rests on.

Order of trust: the author's direction, the tag of the line, narration of the same paragraph about the
speaker, interjections and stops, the line's other words, the speaker's last state. The first that is sure
enough decides; where two of one rank disagree, or what is said is denied or not meant, nothing is inferred:
a wrong emotion is worse than none. Pure: the same lines give the same answer; nothing but word lists is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline.direction import LABEL_POINTS
from pipeline.emotion.evidence import (
    ABSTAINED,
    THRESHOLD,
    Cue,
    Evidence,
    Inference,
    SceneLine,
    Tier,
    best,
)

# A feeling outlasts its line: nearly whole within a paragraph, less from turn to turn; it is gone when it
# falls under THRESHOLD or somebody else has talked for long.
KEPT_IN_PARAGRAPH = 0.92
KEPT_PER_TURN = 0.72
CARRIED_LINES = 6
# From turn to turn only what an author or a tag has said is kept; what was told by less is less sure to last.
LASTING: tuple[Tier | None, ...] = ("direction", "tag")
# Gone as soon as it came; carried within its paragraph only.
MOMENTARY = frozenset({"surprised", "shocked", "amused", "relieved", "disgusted", "curious", "thoughtful"})
# Two cues of one rank that pull different ways cancel unless one is surer by this much.
CONFLICT_MARGIN = 0.1
SHOWN_EVIDENCE = 3
_QUOTED = re.compile(r"“[^”]*(?:”|$)|「[^」]*(?:」|$)|『[^』]*(?:』|$)|\"[^\"]*(?:\"|$)")


class _Language(Protocol):
    """What this room knows of a language."""

    def around(self, text: str, *, after: bool) -> list[Cue]: ...

    def loud(self, text: str, *, after: bool) -> tuple[int, int] | None: ...

    def own(self, text: str) -> list[Cue]: ...

    def shouted(self, text: str, loud: bool) -> list[Cue]: ...


@dataclass(frozen=True)
class _Found:
    """A cue and the line that its words stand in."""

    cue: Cue
    line: int


@dataclass(frozen=True)
class _State:
    """What a speaker was last known to feel, and at which line."""

    inference: Inference
    line: int


@dataclass(frozen=True)
class _Passage:
    """Narration of one side of a line in one piece, with the line that each part comes from."""

    text: str
    parts: tuple[tuple[int, int], ...]  # (offset in text, index of line)

    def at(self, start: int, end: int, lines: Sequence[SceneLine]) -> tuple[int, int, int] | None:
        """Line, start and end in the line's own text; None if the words run over two lines."""
        for offset, line in self.parts:
            if offset <= start and end <= offset + len(lines[line].text):
                return line, start - offset, end - offset
        return None


def infer(lines: Sequence[SceneLine], people: Iterable[tuple[str, ...]] = ()) -> tuple[Inference, ...]:
    """One verdict for each line; neutral without evidence for narration and for lines that ask for none.

    Args:
        lines: in reading order, of one scene or of many.
        people: names and aliases of everybody whom narration may tell of, the speakers of `lines` or others.
    """
    scene = _Scene(lines, people)
    states: dict[str, _State] = {}
    verdicts: list[Inference] = []
    for index, line in enumerate(lines):
        if index and line.scene != lines[index - 1].scene:
            states.clear()
        verdict = _line_verdict(scene, index, states) if line.kind == "dialogue" else ABSTAINED
        verdicts.append(verdict if line.wanted else ABSTAINED)
    return tuple(verdicts)


class _Scene:
    """The lines with who is who in them; the rules of each speaker's language are made once."""

    def __init__(self, lines: Sequence[SceneLine], people: Iterable[tuple[str, ...]]) -> None:
        self.lines = lines
        self._names: dict[str, set[str]] = {names[0]: set(names) for names in people if names}
        for line in lines:
            if line.kind == "dialogue":
                self._names.setdefault(line.speaker, {line.speaker}).update(line.names)
        self._languages: dict[tuple[str, str], _Language | None] = {}

    def language(self, line: SceneLine) -> _Language | None:
        """The rules of the line's language as they stand for its speaker; None for one without rules."""
        base = line.language.partition("-")[0].lower()
        key = (base, line.speaker)
        if key not in self._languages:
            own = tuple(sorted(self._names[line.speaker]))
            others = {
                name for speaker, names in self._names.items() if speaker != line.speaker for name in names
            }
            self._languages[key] = _language(base, own, tuple(sorted(others)))
        return self._languages[key]


def _line_verdict(scene: _Scene, index: int, states: dict[str, _State]) -> Inference:
    """What a line of dialogue tells; the speaker's state is brought up to date."""
    line = scene.lines[index]
    if line.directed is not None:
        shown = Evidence(index, 0, len(line.text), line.text, "direction")
        states[line.speaker] = _State(Inference(line.directed, 1.0, 1.0, "direction", (shown,)), index)
        return ABSTAINED
    verdict = _told(scene, index) if line.wanted else None
    if verdict is None:
        verdict = _carried(scene.lines, index, states.get(line.speaker))
    if verdict.is_neutral:
        states.pop(line.speaker, None)
    else:
        states[line.speaker] = _State(verdict, index)
    return verdict


def _told(scene: _Scene, index: int) -> Inference | None:
    """The verdict of the line and the narration around it; None if neither tells anything at all."""
    lines, line = scene.lines, scene.lines[index]
    language = scene.language(line)
    if language is None:
        return ABSTAINED
    around: list[_Found] = []
    shout: list[_Found] = []
    for after in (True, False):
        passage = _passage(lines, index, after=after)
        if passage.text:
            around += _placed(language.around(passage.text, after=after), passage, lines)
            loud = language.loud(passage.text, after=after)
            if loud is not None:
                cue = Cue("neutral", 0.0, *loud, "tag-loud", "tag")
                shout += _placed([cue], passage, lines)
    own = language.own(line.text) + language.shouted(line.text, bool(shout))
    found = around + [_Found(cue, index) for cue in own]
    if not found:
        return None
    for tiers in (("tag",), ("narration",), ("marks", "words")):
        ranked = [each for each in found if each.cue.tier in tiers]
        verdict = _of_rank(ranked, shout, lines)
        if verdict is not None:
            return verdict
    return None


def _of_rank(
    found: Sequence[_Found], shout: Sequence[_Found], lines: Sequence[SceneLine]
) -> Inference | None:
    """What one rank says: a feeling, that nothing may be inferred, or (None) nothing."""
    blocks = [each for each in found if each.cue.blocks]
    if any(each.cue.rule.endswith("irony") for each in blocks):
        return ABSTAINED
    telling = [each for each in found if not each.cue.blocks and each.cue.confidence >= THRESHOLD]
    if not telling:
        return ABSTAINED if blocks else None
    # Marks are trusted before words, so they win where both are as sure.
    top_cue = best([each.cue for each in telling])
    top = next(each for each in telling if each.cue is top_cue)
    if any(_disagree(top.cue, each.cue) for each in telling):
        return ABSTAINED
    same = [each for each in telling if each.cue.label == top.cue.label and each is not top]
    shown = [top, *(shout if top.cue.rule.startswith("shout") else ()), *same][:SHOWN_EVIDENCE]
    evidence = tuple(dict.fromkeys(_evidence(each, lines) for each in shown))
    return Inference(top.cue.label, top.cue.intensity, top.cue.confidence, top.cue.tier, evidence)


def _disagree(top: Cue, other: Cue) -> bool:
    """Whether a cue that is nearly as sure tells of good where the other tells of ill."""
    near = other.confidence > top.confidence - CONFLICT_MARGIN
    return near and LABEL_POINTS[top.label][0] * LABEL_POINTS[other.label][0] < 0.0


def _carried(lines: Sequence[SceneLine], index: int, state: _State | None) -> Inference:
    """What is left of the speaker's last state, if it is still sure enough."""
    if state is None or index - state.line > CARRIED_LINES:
        return ABSTAINED
    together = _is_one_speech(lines, state.line, index)
    if not together and (state.inference.label in MOMENTARY or state.inference.tier not in LASTING):
        return ABSTAINED
    kept = KEPT_IN_PARAGRAPH if together else KEPT_PER_TURN
    confidence = round(state.inference.confidence * kept, 3)
    if confidence < THRESHOLD or state.inference.label == "neutral":
        return ABSTAINED
    intensity = round(state.inference.intensity * kept, 3)
    evidence = tuple(replace(each, rule=_carry_rule(each.rule)) for each in state.inference.evidence)
    return Inference(state.inference.label, intensity, confidence, "carry", evidence)


def _carry_rule(rule: str) -> str:
    return rule if rule.startswith("carry-") else f"carry-{rule}"


def _is_one_speech(lines: Sequence[SceneLine], first: int, last: int) -> bool:
    """Whether both lines stand in one paragraph and nobody else speaks between."""
    speaker, paragraph = lines[last].speaker, lines[last].paragraph
    return all(
        each.paragraph == paragraph and (each.speaker == speaker or each.kind == "narration")
        for each in lines[first : last + 1]
    )


def _passage(lines: Sequence[SceneLine], index: int, *, after: bool) -> _Passage:
    """The narration next to a line in its paragraph; other sentences of the same speech may stand between."""
    line, step = lines[index], 1 if after else -1
    taken: list[int] = []
    place = index + step
    while 0 <= place < len(lines) and lines[place].paragraph == line.paragraph:
        other = lines[place]
        if other.kind == "narration":
            taken.append(place)
        elif taken or other.speaker != line.speaker:
            break
        place += step
    text, parts = "", []
    gap = "" if line.language.startswith("zh") else " "
    for place in sorted(taken):
        text += gap if text else ""
        parts.append((len(text), place))
        text += lines[place].text
    # A quotation that the author gave to nobody is read by the narrator, but tells nothing of the speaker.
    text = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
    return _Passage(text, tuple(parts))


def _placed(cues: Iterable[Cue], passage: _Passage, lines: Sequence[SceneLine]) -> list[_Found]:
    """The cues with places in their own lines."""
    found = []
    for cue in cues:
        place = passage.at(cue.start, cue.end, lines)
        if place is not None:
            found.append(_Found(replace(cue, start=place[1], end=place[2]), place[0]))
    return found


def _evidence(found: _Found, lines: Sequence[SceneLine]) -> Evidence:
    start, end = found.cue.start, found.cue.end
    return Evidence(found.line, start, end, lines[found.line].text[start:end], found.cue.rule)


def _language(base: str, own: tuple[str, ...], others: tuple[str, ...]) -> _Language | None:
    match base:
        case "en":
            from pipeline.emotion.languages import English

            return English(own, others)
        case "zh":
            from pipeline.emotion.languages import Chinese

            return Chinese(own, others)
        case _:
            return None
