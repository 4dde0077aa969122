"""A game's lines as the book's `Script`: from here on plan, takes and engines are those of a book. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.direction import Direction
from pipeline.emotion.resolve import resolve_emotions
from pipeline.engines.base import Capabilities
from pipeline.engines.catalogue import Catalogue, ResolvedVoice
from pipeline.errors import Problem, UsageError
from pipeline.game.stems import stem_of, variant_stem
from pipeline.game.voiced import GameProject, VoicedLine
from pipeline.script.model import Book, Chapter, Character, Line, Script, Span
from pipeline.takes.choose import Choice

NARRATOR = "(narrator)"
# A retake of a take of a line under another seed is a number of its own.
SEEDS_APART = 1000
TAKES_APART = 20
PART_MARK = "//"
_NO_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class PackLine:
    """One sound of the pack: a line in a locale, one of its variants, one of its takes.

    Attributes:
        stem: the file's name without ending; the ID of its script line is `locale/stem`.
        take: from 1, where a line asks for several.
        line: the row of the script that speaks it; spoken in `texts` where it holds pauses.
        pauses_s: silence between the texts.
        suffix: what variant and take add to the stem.
    """

    voiced: VoicedLine
    stem: str
    take: int
    character: str
    language: str
    voice: ResolvedVoice
    direction: Direction
    texts: tuple[str, ...]
    pauses_s: tuple[float, ...] = ()
    suffix: str = ""

    @property
    def key(self) -> str:
        """What names the sound in the whole project: `de/start_89f6777f`."""
        return f"{self.voiced.locale}/{self.stem}"

    @property
    def sound_id(self) -> str:
        """The line's ID with its variant and take: `line:gold__two`."""
        return (self.voiced.id or "") + self.suffix

    @property
    def script_ids(self) -> tuple[str, ...]:
        """The IDs of its script lines: one, or one for each part between pauses."""
        if len(self.texts) == 1:
            return (self.key,)
        return tuple(f"{self.key}{PART_MARK}{number}" for number in range(1, len(self.texts) + 1))


def slug_of(project: GameProject) -> str:
    """The name of a project's runs and choices in the store."""
    return _NO_SLUG.sub("-", project.name.casefold()).strip("-") or "game"


def pack_lines(
    project: GameProject, catalogue: Catalogue, locales: Sequence[str] | None = None
) -> tuple[PackLine, ...]:
    """Every sound that the project asks for, in its order; lines without a sound are not among them.

    Args:
        locales: only these; all of the project if None.

    Raises:
        UsageError: a voice that the catalogue does not have, or that does not speak a locale; all of them.
    """
    wanted = None if locales is None else set(locales)
    voiced = [one for one in project.to_speak() if wanted is None or one.locale in wanted]
    voices = _resolved_voices(project, catalogue, voiced)
    lines = [
        line
        for one in voiced
        if one.voice is not None
        for line in _lines_of(one, project, *voices[one.voice, one.locale])
    ]
    return _with_emotions(project, lines)


def as_script(project: GameProject, lines: Iterable[PackLine]) -> Script:
    """The book's script of some sounds: a chapter for each locale and file, a character for each voice."""
    cast: dict[str, Character] = {}
    chapters: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        voiced = line.voiced
        span = Span(voiced.place.file, voiced.place.row, 0, 0)
        if line.character not in cast:
            cast[line.character] = Character(line.character, line.voice.written, Direction(), span)
        into = chapters.setdefault((voiced.locale, voiced.place.file), [])
        into.extend(_script_lines(line, span))
    made = tuple(
        Chapter(f"{locale} {file}", tuple(items), items[0].spans[0])
        for (locale, file), items in chapters.items()
    )
    book = Book(project.name, language=project.base_locale.lower(), announce_chapters=False)
    return Script(slug_of(project), Path(project.file), book, cast, (), made)


def cast_of(lines: Iterable[PackLine]) -> dict[str, ResolvedVoice]:
    """The voice of each character of `as_script`."""
    return {line.character: line.voice for line in lines}


def choices_of(lines: Iterable[PackLine], chosen: Mapping[str, Choice], seed: int = 0) -> dict[str, Choice]:
    """Which take of each script line is meant: the seed of the project, the take, and retakes asked for."""
    found: dict[str, Choice] = {}
    for line in lines:
        own = chosen.get(line.key, Choice())
        alt = alt_of(line, own, seed)
        for name in line.script_ids:
            if alt or own.direction:
                found[name] = replace(own, alt=alt, locked=None)
    return found


def alt_of(line: PackLine, choice: Choice, seed: int) -> int:
    """The number that changes a line's seed: 0 for the first take of a line that nobody asked again."""
    return (seed * SEEDS_APART + choice.alt) * TAKES_APART + line.take - 1


def _script_lines(line: PackLine, span: Span) -> Iterator[Line]:
    for name, text in zip(line.script_ids, line.texts, strict=True):
        yield Line(
            name, line.character, text, line.direction, "paragraph", (span,), line.language, named=True
        )


def _lines_of(
    voiced: VoicedLine, project: GameProject, voice: ResolvedVoice, language: str
) -> Iterator[PackLine]:
    engine = project.config.engine
    base = stem_of(engine, voiced.id or "", project.config.unreal.filename_format)
    texts, pauses_s = _parted(voiced)
    name = voiced.line.character or NARRATOR
    for take in range(1, voiced.takes + 1):
        stem = variant_stem(base, voiced.variant, take)
        character, suffix = f"{name}@{voiced.locale}", stem[len(base) :]
        yield PackLine(
            voiced, stem, take, character, language, voice, voiced.direction, texts, pauses_s, suffix
        )


def _parted(voiced: VoicedLine) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The texts between a line's pauses that hold words, and how long each pause between them is."""
    places = [0, *(pause.at for pause in voiced.pauses), len(voiced.spoken)]
    lengths = [0.0, *(pause.duration_s for pause in voiced.pauses)]
    texts: list[str] = []
    pauses: list[float] = []
    waiting = 0.0
    for begin, end, before_s in zip(places, places[1:], lengths, strict=False):
        text = voiced.spoken[begin:end].strip()
        waiting += before_s
        if not any(character.isalnum() for character in text):
            if texts and text:
                texts[-1] = f"{texts[-1]}{text}"
            continue
        if texts:
            pauses.append(round(waiting, 3))
        texts.append(text)
        waiting = 0.0
    return (tuple(texts), tuple(pauses)) if texts else ((voiced.spoken,), ())


def _resolved_voices(
    project: GameProject, catalogue: Catalogue, voiced: Sequence[VoicedLine]
) -> dict[tuple[str, str], tuple[ResolvedVoice, str]]:
    """Voice and language by voice as written and locale."""
    found: dict[tuple[str, str], tuple[ResolvedVoice, str]] = {}
    problems: dict[tuple[str, str], Problem] = {}
    for one in voiced:
        if one.voice is None or (one.voice, one.locale) in found | problems:
            continue
        key = (one.voice, one.locale)
        try:
            voice = catalogue.resolve_voice(one.voice)
            language = spoken_language(one.locale, voice, catalogue.entry(voice.engine).capabilities)
            found[key] = (voice, language)
        except UsageError as error:
            message = f"[voices] {one.voice_key}: {error.message}"
            problems[key] = Problem(project.file, 1, message, error.hint)
    if problems:
        raise UsageError("\n".join(str(problem) for problem in problems.values()))
    return found


def spoken_language(locale: str, voice: ResolvedVoice, capabilities: Capabilities) -> str:
    """The language tag that the voice's engine knows for a locale: `en` of an American voice is `en-us`.

    Raises:
        UsageError: the engine does not speak it.
    """
    wanted = locale.lower()
    known = capabilities.languages
    base = wanted.partition("-")[0]
    if wanted in known or (known == ("*",) and "-" in wanted):
        return wanted
    if voice.language.partition("-")[0] == base:
        return voice.language
    near = [name for name in known if name.partition("-")[0] == base]
    if near or "*" in known:
        return near[0] if near else wanted
    raise UsageError(
        f"{voice.written} does not speak '{locale}'",
        hint=f"engine {voice.engine} speaks {', '.join(known)}; give a voice of its own: `Name@{locale}`",
    )


def _with_emotions(project: GameProject, lines: Sequence[PackLine]) -> tuple[PackLine, ...]:
    """The lines with emotion `auto` replaced by what their context says, which is that of all lines."""
    if not any(line.direction.emotion.auto for line in lines):
        return tuple(lines)
    found = resolve_emotions(as_script(project, lines))
    return tuple(
        replace(line, direction=found[line.script_ids[0]].direction) if line.script_ids[0] in found else line
        for line in lines
    )
