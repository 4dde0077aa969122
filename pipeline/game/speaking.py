"""Every line in every locale, as it will be spoken, and what is wrong with its text there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from pipeline.game.casting import Casting, Deliveries, Delivery, Voices
from pipeline.game.config import MOST_TAKES, MOST_VARIANTS, BarksForm, GameConfig
from pipeline.game.findings import LONGEST_LINE_CHARACTERS
from pipeline.game.line import Finding, GameLine, Place, Translation
from pipeline.game.strip import Stripped, strip
from pipeline.game.variants import Variants
from pipeline.game.voiced import Unvoiced, VoicedLine

_TAKES_TAG = "takes:"
# Lines that no one will hear are not judged as speech.
_UNHEARD: frozenset[str] = frozenset({"option", "lyric", "shadow", "not-ready"})


@dataclass(frozen=True)
class LineText:
    """A line's text in one locale, and where it stands."""

    line: GameLine
    locale: str
    text: str
    place: Place
    translation: Translation | None = None


@dataclass
class Speaking:
    """All that is spoken, made line by line: `add` each text, then read `voiced` and `findings`.

    Args:
        config: of the project.
        voices, deliveries: from its `[voices]` and `[emotions]`.
        duplicates: lines (by identity) whose ID an earlier line has.
    """

    config: GameConfig
    voices: Voices
    deliveries: Deliveries
    duplicates: frozenset[int]
    voiced: list[VoicedLine] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _voiceless: dict[tuple[str | None, str], list[LineText]] = field(default_factory=dict)
    _emotions_seen: set[tuple[Place, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._variants = Variants(self.config.variants)
        self._takes = self.config.takes_form.count

    def add(self, text: LineText) -> None:
        """One line in one locale: a `VoicedLine` for each of its variants."""
        line = text.line
        casting = self.voices.of(line.character, text.locale)
        delivery = self.deliveries.of(line, casting)
        reason = _reason(line, self.config, id(line) in self.duplicates)
        stripped = _strip(text)
        if reason in _UNHEARD:
            self._lyric(text, reason)
            self.voiced.append(_voiced(text, stripped, casting, delivery, reason))
            return
        self._judge_emotion(text, delivery)
        if casting is None:
            self._voiceless.setdefault((line.character, text.locale), []).append(text)
            reason = reason or "no-voice"
        self._judge_markup(text, stripped)
        takes = self._takes_of(line)
        for filled, named, why in self._filled(text, stripped):
            voiced = _voiced(text, filled, casting, delivery, reason or why)
            self.voiced.append(replace(voiced, variant=named, takes=takes) if named or takes > 1 else voiced)

    def finish(self) -> None:
        """What can only be said when all lines are in: characters without a voice, once for each locale."""
        for (character, locale), texts in self._voiceless.items():
            name = f"character `{character}`" if character is not None else "the narrator"
            count = f"{len(texts)} line{'s' if len(texts) > 1 else ''}"
            message = f"{name} has no voice in [voices] for `{locale}` ({count})"
            self.findings.append(Finding("D023", texts[0].place, message, texts[0].line.id, locale))

    def _filled(
        self, text: LineText, stripped: Stripped
    ) -> Iterator[tuple[Stripped, tuple[str, ...], Unvoiced | None]]:
        """The text once for each variant, with what names the file, and why it cannot be spoken."""
        if not stripped.needs:
            yield stripped, (), self._judge_words(text, stripped)
            return
        fillings = self._variants.fill(stripped.needs, text.locale)
        if fillings.skip:
            yield stripped, (), "skip"
            return
        if not fillings.ways:
            self._note(text, "D005", _why_not(fillings.missing, fillings.product))
            yield stripped, (), "value"
            return
        for way in fillings.ways:
            filled = _strip(text, way.values)
            if filled.needs:
                self._note(text, "D005", _why_not(filled.needs, 1))
                yield filled, (), "value"
                return
            yield filled, way.named, self._judge_words(text, filled)

    def _judge_words(self, text: LineText, stripped: Stripped) -> Unvoiced | None:
        if not stripped.spoken:
            self._note(text, "D006", "nothing to say")
            return "silent"
        if len(stripped.spoken) > LONGEST_LINE_CHARACTERS:
            self._note(text, "D024", f"{len(stripped.spoken)} characters, over 300: split it")
        if stripped.unspoken:
            names = ", ".join(f"`{each}`" for each in dict.fromkeys(stripped.unspoken))
            self._note(text, "D007", f"{names} {'is' if '`, `' not in names else 'are'} not spoken")
        return None

    def _judge_markup(self, text: LineText, stripped: Stripped) -> None:
        for written in dict.fromkeys(stripped.unclosed):
            closing = written.startswith(("[/", "{/", "</"))
            message = f"markup closes nothing: `{written}`" if closing else f"markup not closed: `{written}`"
            self._note(text, "D008", message)

    def _judge_emotion(self, text: LineText, delivery: Delivery) -> None:
        if delivery.unknown is None:
            return
        line = text.line
        place = line.emotion_place or line.place
        if (place, delivery.unknown) in self._emotions_seen:
            return
        self._emotions_seen.add((place, delivery.unknown))
        own = None if line.emotion_place else line.id
        message = f"emotion `{delivery.unknown}` is not in [emotions]"
        self.findings.append(Finding("D015", place, message, own))

    def _lyric(self, text: LineText, reason: Unvoiced | None) -> None:
        if reason == "lyric":
            self._note(text, "D007", 'lyric is not spoken; `[fountain] lyrics = "speak"` speaks it')

    def _note(self, text: LineText, code: str, message: str) -> None:
        self.findings.append(Finding(code, text.place, message, text.line.id, text.locale))

    def _takes_of(self, line: GameLine) -> int:
        for tag in line.tags:
            if tag.startswith(_TAKES_TAG) and tag[len(_TAKES_TAG) :].isdecimal():
                return min(max(int(tag[len(_TAKES_TAG) :]), 1), MOST_TAKES)
        return next((bark.takes for bark in self.config.barks if _is_bark(line, bark)), self._takes)


def _reason(line: GameLine, config: GameConfig, duplicate: bool) -> Unvoiced | None:
    """Why a line gets no sound whatever its text is."""
    if line.kind == "option" and not config.render_options:
        return "option"
    if line.kind == "lyric" and config.fountain.lyrics != "speak":
        return "lyric"
    if line.shadow_of is not None:
        return "shadow"
    if not line.ready and not config.dink.ignore_writing_status:
        return "not-ready"
    if line.id is None:
        return "no-id"
    return "duplicate-id" if duplicate else None


def _strip(text: LineText, values: Mapping[str, str] | None = None) -> Stripped:
    line = text.line
    # A translation comes without its speaker; so do all formats but Yarn.
    has_speaker = text.translation is None and line.format == "yarn" and line.character is not None
    # A value that only the translation asks for will never be there.
    meanings = line.values or ({"": ""} if text.translation is not None else {})
    return strip(text.text, line.format, has_speaker=has_speaker, meanings=meanings, values=values or {})


def _voiced(
    text: LineText,
    stripped: Stripped,
    casting: Casting | None,
    delivery: Delivery,
    reason: Unvoiced | None,
) -> VoicedLine:
    return VoicedLine(
        line=text.line,
        locale=text.locale,
        text=text.text,
        spoken=stripped.spoken,
        place=text.place,
        voice=casting.voice if casting else None,
        voice_key=casting.key if casting else None,
        direction=delivery.direction,
        direction_text=delivery.words,
        emotion=delivery.emotion,
        pauses=stripped.pauses,
        unvoiced=reason,
    )


def _why_not(missing: Sequence[tuple[str, str]], product: int) -> str:
    if not missing:
        return f"its values make {product} texts, over {MOST_VARIANTS}: give fewer, or `say` one"
    names = ", ".join(
        f"`{written}`" + (f" = `{meaning}`" if meaning != written else "") for written, meaning in missing
    )
    return f"text needs a value at run time: {names}"


def _is_bark(line: GameLine, bark: BarksForm) -> bool:
    return (
        any(fnmatchcase(line.id or "", pattern) for pattern in bark.ids)
        or any(fnmatchcase(line.character or "", pattern) for pattern in bark.characters)
        or any(tag in line.tags for tag in bark.tags)
    )
