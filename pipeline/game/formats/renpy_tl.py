"""Translations of Ren'Py dialogue: `translate LANGUAGE identifier:` blocks against the base script. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.game.formats.renpy_cast import EXTEND, speaker_name
from pipeline.game.formats.renpy_ids import Identified
from pipeline.game.formats.renpy_say import parse_say
from pipeline.game.formats.renpy_script import TranslateBlock
from pipeline.game.line import Finding, GameLine, Place, Translation, text_lock

# The engine's name of the language that the script itself is in.
BASE_LANGUAGE = "None"
_COMMENT = re.compile(r"\s*# ?(.*)")


@dataclass(frozen=True)
class TranslationFile:
    """The blocks of one file of one language."""

    name: str
    locale: str
    blocks: tuple[TranslateBlock, ...]
    text: str


@dataclass(frozen=True)
class BaseIds:
    """The base script: `lines` by every name of theirs, `silent` are names of blocks without a say."""

    lines: dict[str, Identified]
    silent: frozenset[str]


def base_ids(identified: Iterable[Identified]) -> BaseIds:
    """Every identifier under which a translation may stand."""
    lines: dict[str, Identified] = {}
    silent: set[str] = set()
    for item in identified:
        names = [
            item.identifier.replace(".", "_"),
            *([item.alternate.replace(".", "_")] if item.alternate else []),
        ]
        for name in names:
            if item.spoken:
                lines.setdefault(name, item)
            else:
                silent.add(name)
    return BaseIds(lines, frozenset(silent))


def join_translations(
    files: Sequence[TranslationFile], base: BaseIds
) -> tuple[list[Translation], list[Finding]]:
    """The translations, of each ID the last (as in the engine), and D010 for IDs no base line has."""
    found: dict[tuple[str, str], Translation] = {}
    findings = []
    for file in files:
        rows = file.text.split("\n")
        for block in file.blocks:
            if not block.spoken or block.identifier in base.silent:
                continue
            place = Place(file.name, block.row)
            line = base.lines.get(block.identifier)
            if line is None:
                message = "translation for an identifier that the script does not have"
                findings.append(Finding("D010", place, message, block.identifier, file.locale))
                continue
            found[file.locale, line.identifier] = _translation(line, block, file, rows)
    return list(found.values()), findings


def _translation(
    line: Identified, block: TranslateBlock, file: TranslationFile, rows: list[str]
) -> Translation:
    first = block.spoken[0]
    text = " ".join(spoken.say.what for spoken in block.spoken if spoken.say.what)
    who = None if first.say.who == EXTEND else speaker_name(first.say.who)
    # A computed identifier holds a hash of the base text, so that the text is the same, whatever somebody did
    # to the comment; under a given one the text may have changed.
    base = line.spoken.say.what if line.spoken and not line.given else None
    lock = text_lock(base) if base is not None else _base_lock(rows[block.row : first.row - 1])
    place = Place(file.name, first.row)
    return Translation(line.identifier, file.locale, text, place, lock, who, block.audio or first.audio)


def rewritten(
    lines: Sequence[GameLine], translations: Sequence[Translation], files: Iterable[TranslationFile]
) -> tuple[list[GameLine], list[Translation]]:
    """The lines with the text that `translate None identifier:` puts in their place, as a later fix does.

    Translations were made from the script's own text, which is no reason to call those of such lines old.

    Source: renpy:renpy/translation/__init__.py (ScriptTranslator.take_translates, default_translates).
    """
    blocks = {block.identifier: (file.name, block) for file in files for block in file.blocks if block.spoken}
    found = {line.id: blocks[name] for line in lines if (name := (line.id or "").replace(".", "_")) in blocks}
    return (
        [_rewritten(line, *found[line.id]) if line.id in found else line for line in lines],
        [replace(row, lock=None) if row.id in found else row for row in translations],
    )


def _rewritten(line: GameLine, file: str, block: TranslateBlock) -> GameLine:
    first = block.spoken[0]
    text = " ".join(spoken.say.what for spoken in block.spoken if spoken.say.what)
    audio = block.audio or first.audio or line.audio
    return replace(line, text=text, place=Place(file, first.row, line.place.node), audio=audio)


def _base_lock(between: Iterable[str]) -> str | None:
    """The lock of the text in the comment above a translation. Source: renpy/translation/generation.py."""
    for row in between:
        comment = _COMMENT.fullmatch(row)
        says = parse_say(comment[1]) if comment and comment[1] else None
        if says:
            return text_lock(says[0].what)
    return None


def missing_texts(
    lines: Iterable[tuple[str, str, Place]], translations: Iterable[Translation], locales: Sequence[str]
) -> list[Finding]:
    """D009 for each line (ID, text, place) that a language has no text for.

    A language without any block is no translation of the dialogue.
    """
    there = {(item.locale, item.id) for item in translations if item.text}
    begun = [locale for locale in locales if any(locale == other for other, _ in there)]
    return [
        Finding("D009", place, f"{locale} has no text for `{identifier}`", identifier, locale)
        for identifier, text, place in lines
        if text
        for locale in begun
        if (locale, identifier) not in there
    ]
