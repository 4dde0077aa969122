"""A script from its file, with all problems there are, each at its file and row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import AudioError, Problem, ScriptError, UsageError
from pipeline.script.model import NARRATOR, Character, Script, Sound, Span
from pipeline.script.prose import name_lines, slug
from pipeline.script.reading import Reading
from pipeline.script.source import MARKDOWN_SUFFIXES, YAML_SUFFIXES, Findings, read_source
from pipeline.script.validate import shorten

if TYPE_CHECKING:
    from pipeline.engines.catalogue import Catalogue, ResolvedVoice

# Languages whose sentences pipeline/emotion reads.
INFERRED_LANGUAGES = ("en", "zh")


def read_script(path: Path) -> Script:
    """The script in a YAML or Markdown file.

    Raises:
        ScriptError: something in it is wrong; holds every problem that is not a mere warning.
    """
    script, problems = check_script(path)
    errors = [problem for problem in problems if not problem.warning]
    if script is None or errors:
        raise ScriptError(errors)
    return script


def check_script(path: Path) -> tuple[Script | None, list[Problem]]:
    """The script, or None if there is any error, and all problems in order of place, warnings too."""
    findings = Findings()
    reading = _read(path, findings)
    script: Script | None = None
    if reading is not None:
        script = _script(path, reading)
        _check_voices(script, findings)
        _check_book(script, reading)
        _check_characters(script, findings)
        _check_chapters(script, findings)
        _check_sounds(script, findings)
    problems = sorted(
        set(findings.problems), key=lambda each: (each.file, each.line, each.warning, each.message)
    )
    return (None if findings.failed else script), problems


def _read(path: Path, findings: Findings) -> Reading | None:
    suffix = path.suffix.lower()
    name = str(path)
    if suffix not in (*YAML_SUFFIXES, *MARKDOWN_SUFFIXES) and not path.is_dir() and path.exists():
        hint = "name it .yaml, .yml, .md or .markdown"
        findings.error(name, 1, f"'{path.name}' is no script by its name", hint)
        return None
    source = read_source(path, name, findings, (name, 1))
    if source is None:
        return None
    # One form's reader is imported, not both: a check is over in the time that importing takes.
    if suffix in YAML_SUFFIXES:
        from pipeline.script.from_yaml import read_yaml

        return read_yaml(source, findings)
    from pipeline.script.from_markdown import read_markdown

    return read_markdown(source, findings)


def _script(path: Path, reading: Reading) -> Script:
    chapters = name_lines([draft.finish() for draft in reading.chapters], reading.findings)
    header = reading.header
    return Script(
        slug=slug(path.stem, "book"),
        path=path,
        book=header.book,
        cast=header.cast,
        lexicon=header.lexicon,
        chapters=chapters,
        silent=tuple(silent for source in reading.sources for silent in source.silent()),
        sources={source.name: len(source.text) for source in reading.sources},
        pacing=header.pacing,
    )


def _check_voices(script: Script, findings: Findings) -> None:
    """Every voice exists, and speaks the language that its lines are written in."""
    from pipeline.registry.opening import catalogue_for

    try:
        catalogue = catalogue_for(script.path.parent)
    except UsageError as error:  # a registry's fault, told at its own file and row
        file, _, row = (error.where or str(script.path)).rpartition(":")
        place = (file, int(row)) if row.isdigit() else (error.where or str(script.path), 1)
        findings.error(*place, error.message, error.hint)
        return
    languages: dict[str, set[str]] = {name: set() for name in script.cast}
    for line in script.lines():
        languages.setdefault(line.character, set()).add(line.language)
    for character in script.cast.values():
        if character.voice:
            _check_voice(character, languages[character.name], catalogue, findings)


def _check_voice(character: Character, languages: set[str], catalogue: Catalogue, findings: Findings) -> None:
    place = (character.span.file, character.span.line)
    try:
        voice = catalogue.resolve_voice(character.voice)
    except UsageError as error:
        findings.error(*place, f"{character.name}: {error.message}", error.hint)
        return
    for model_id, _ in character.models:
        _check_model(character, voice, model_id, languages, catalogue, findings)
    known = catalogue.entry(voice.engine).capabilities.languages
    spoken = {part.language for part, _ in voice.parts}
    for language in sorted(languages):
        if "*" not in known and _base(language) not in {_base(each) for each in known}:
            hint = f"it speaks {', '.join(known)}"
            message = f"{character.name}: engine {voice.engine} does not speak '{language}'"
            findings.error(*place, message, hint)
        elif _base(language) not in {_base(each) for each in spoken} and "*" not in spoken:
            message = (
                f"{character.name}: voice '{character.voice}' is a voice for {', '.join(sorted(spoken))}"
            )
            findings.warn(*place, f"{message}, but its lines are in '{language}'")


def _check_model(
    character: Character,
    voice: ResolvedVoice,
    model_id: str,
    languages: set[str],
    catalogue: Catalogue,
    findings: Findings,
) -> None:
    """The model that a role names is of the voice's engine and speaks the languages of its lines."""
    place = (character.span.file, character.span.line)
    try:
        catalogue.with_model(voice, model_id)
    except UsageError as error:
        findings.error(*place, f"{character.name}: {error.message}", error.hint)
        return
    known = catalogue.model(model_id).languages
    for language in sorted(languages):
        if "*" not in known and _base(language) not in {_base(each) for each in known}:
            message = f"{character.name}: model {model_id} does not speak '{language}'"
            findings.error(*place, message, f"it speaks {', '.join(known)}")


def _base(language: str) -> str:
    return language.partition("-")[0]


def _check_book(script: Script, reading: Reading) -> None:
    cover = script.book.cover
    if cover is None:
        return
    place = (reading.root.name, reading.header.places.get("cover", 1))
    if not cover.is_file():
        reading.findings.error(*place, f"there is no cover file '{cover}'", "correct its path")
        return
    from pipeline.script.attached import read_picture

    try:
        read_picture(cover)
    except UsageError as error:
        reading.findings.error(*place, f"'{cover}': {error.message}", error.hint)


def _check_characters(script: Script, findings: Findings) -> None:
    """Each line's speaker has a voice, each role a line, and `auto` something to infer from."""
    spoken = {line.character for line in script.lines()}
    if NARRATOR in spoken and NARRATOR not in script.cast:
        line = next(line for line in script.lines() if line.character == NARRATOR)
        message = f"the narrator has no voice, but says '{shorten(line.text)}'"
        _at(findings.error, line.spans[0], message, "add 'narrator: engine/voice' to the cast")
    for character in script.cast.values():
        if character.name not in spoken and not findings.failed:
            _at(
                findings.warn,
                character.span,
                f"{character.name} has no line",
                "take the role out, or check its name",
            )
    _check_auto(script, findings)


def _check_auto(script: Script, findings: Findings) -> None:
    """Warns once for each role and language whose `auto` stays neutral (docs/emotion.md)."""
    told: set[tuple[str, str]] = set()
    for line in script.lines():
        who = (line.character, line.language)
        inferable = line.language.partition("-")[0] in INFERRED_LANGUAGES and line.character != NARRATOR
        if not line.direction.emotion.auto or inferable or who in told:
            continue
        told.add(who)
        why = "for the narrator" if line.character == NARRATOR else f"in '{line.language}'"
        _at(findings.warn, line.spans[0], f"emotion 'auto' is not inferred {why}; spoken neutral")


def _check_chapters(script: Script, findings: Findings) -> None:
    for chapter in script.chapters:
        if not any(not line.title for line in chapter.lines):
            _at(findings.warn, chapter.span, f"chapter '{chapter.title}' has no lines")
        if not chapter.title.strip() and len(script.chapters) > 1:
            _at(
                findings.warn,
                chapter.span,
                "the chapter has no title",
                "listeners see it in the list of chapters",
            )
    if not findings.failed and next(script.lines(), None) is None:
        findings.error(str(script.path), 1, "there is nothing to say in the script", "add lines to it")


def _check_sounds(script: Script, findings: Findings) -> None:
    faults: dict[Path, tuple[str, str | None] | None] = {}
    for sound in (item for chapter in script.chapters for item in chapter.items if isinstance(item, Sound)):
        if sound.file not in faults:
            faults[sound.file] = _sound_fault(sound.file)
        fault = faults[sound.file]
        if fault is not None:
            _at(findings.error, sound.span, *fault)


def _sound_fault(file: Path) -> tuple[str, str | None] | None:
    """Why the file cannot be heard in a chapter, and what to do; None if it can."""
    if not file.is_file():
        return f"there is no sound file '{file}'", "correct its path"
    from pipeline.script.attached import demand_sound

    try:
        demand_sound(file)
    except AudioError as error:
        return f"'{file}': {error.message}", error.hint
    return None


def _at(
    note: Callable[[str, int, str, str | None], None], span: Span, message: str, hint: str | None = None
) -> None:
    """Notes a problem at a span."""
    note(span.file, span.line, message, hint)
