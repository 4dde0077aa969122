"""Ren'Py: scripts (.rpy), translations (tl/LANGUAGE) and the export `dialogue.tab`.

Settings given on: `voice_pattern` (the game's `config.auto_voice`, if constant), `renpy.tlid` (how
identifiers were hashed, `say` or `all`), `renpy.language.LOCALE` (the engine's own name of a locale).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.locale_tags import bcp47
from pipeline.game.formats.reading import read_text, relative
from pipeline.game.formats.renpy_cast import EXTEND, NARRATOR, GameNames, read_names
from pipeline.game.formats.renpy_files import GameFiles, ScriptFile, find_files, read_script_file
from pipeline.game.formats.renpy_ids import Identified, TlidMode, identify
from pipeline.game.formats.renpy_lines import Looks, TabMatch, match_tab, script_lines, tab_lines
from pipeline.game.formats.renpy_script import ScriptFacts, Statement, read_script, registered_statements
from pipeline.game.formats.renpy_tab import TabRow, read_tab
from pipeline.game.formats.renpy_tl import (
    BASE_LANGUAGE,
    TranslationFile,
    base_ids,
    join_translations,
    missing_texts,
    rewritten,
)
from pipeline.game.line import FileFacts, Finding, GameLine, Imported, Place, Translation

# Characters that every game has. Source: renpy:renpy/common/00definitions.rpy, 00nvl_mode.rpy.
_ENGINE_CAST = {"centered": "", "vcentered": "", "nvl_narrator": "", "nvl": ""}
NARRATOR_KEY = "(narrator)"


@dataclass(frozen=True)
class _Read:
    """The files of a source, read: scripts with their facts, translations, rows of the export.

    `rewritings` are blocks `translate None`, which put another text in place of the script's own.
    """

    files: GameFiles
    scripts: tuple[tuple[ScriptFile, ScriptFacts], ...]
    rewritings: tuple[TranslationFile, ...]
    translations: tuple[TranslationFile, ...]
    tl_files: tuple[ScriptFile, ...]
    tab: tuple[TabRow, ...]
    tab_name: str
    tab_findings: tuple[Finding, ...]
    names: GameNames
    languages: dict[str, str]


def read(request: SourceRequest) -> Imported:
    """All dialogue of a game.

    The path is a project, its `game` folder, one script or a `dialogue.tab`; what lies beside is found. Where
    scripts are there, text and place come from them, and the export is compared with them (D022).

    Raises:
        UsageError: nothing to read, or a script that the engine could not read either.
    """
    got = _read_files(request)
    mode = _tlid_mode(request, got)
    identified = identify([facts.blocks for _, facts in got.scripts], mode)
    tags = {**got.names.images, **request.options.get("images", {})}
    looks = Looks(bool(request.options.get("show_attributes")), tags)
    by_script = [
        (script, facts, script_lines(items, script.name, looks))
        for (script, facts), items in zip(got.scripts, identified, strict=True)
        if script.path in got.files.wanted
    ]
    lines = list(chain.from_iterable(found for _, _, found in by_script))
    if not got.files.wanted:
        lines = tab_lines(got.tab, got.tab_name)
    match = _compare_tab(request, got, lines)
    translations, tl_findings = _translated(got, identified, lines)
    lines, translations = rewritten(lines, translations, got.rewritings)
    findings = [*_read_findings(got), *_captions(by_script), *_repeated(identified, got)]
    findings += [*(match.findings if match else ()), *tl_findings]
    if not got.files.wanted:
        findings += _repeated_rows(lines)
    return Imported(
        lines=tuple(lines),
        translations=tuple(translations),
        findings=tuple(findings),
        files=(*_script_facts(by_script), *_other_facts(got, lines, translations, match)),
        base_locale=request.base_locale,
        cast=_cast(got, lines),
        ignored=_ignored(got),
        settings=_settings(got, mode),
    )


def _read_findings(got: _Read) -> list[Finding]:
    """D019 of all files whose text counts."""
    wanted = (script for script, _ in got.scripts if script.path in got.files.wanted)
    return [*chain.from_iterable(file.findings for file in chain(wanted, got.tl_files)), *got.tab_findings]


def _ignored(got: _Read) -> dict[tuple[str, int], frozenset[str]]:
    files = chain((script for script, _ in got.scripts), got.tl_files)
    return {(file.name, row): codes for file in files for row, codes in file.ignored.items()}


def _read_files(request: SourceRequest) -> _Read:
    files = find_files(request.path, request.root, request.options)
    scripts = [read_script_file(path, request.root) for path in files.scripts]
    statements: dict[str, Statement] = {}
    for script in scripts:
        if "register" in script.text:
            statements.update(registered_statements(script.rows))
    shown = bool(request.options.get("show_attributes"))
    facts = [read_script(script.rows, statements, track_shown=shown) for script in scripts]
    languages: dict[str, str] = {}
    translations, tl_files = [], []
    for language, path in files.translations:
        script = read_script_file(path, request.root)
        blocks = _by_language(script, read_script(script.rows, statements), request, languages)
        translations += blocks
        if language != BASE_LANGUAGE or blocks:
            tl_files.append(script)
    for script, found in zip(scripts, facts, strict=True):
        translations += _by_language(script, found, request, languages)
    tab: tuple[TabRow, ...] = ()
    tab_findings: tuple[Finding, ...] = ()
    tab_name = ""
    if files.tab is not None:
        tab_name = relative(files.tab, request.root)
        text, faults = read_text(files.tab, request.root)
        rows, damaged = read_tab(text, tab_name)
        tab, tab_findings = tuple(rows), (*faults, *damaged)
    names = read_names(chain.from_iterable(found.assigned for found in facts))
    pairs = tuple(zip(scripts, facts, strict=True))
    rewritings = tuple(file for file in translations if file.locale == BASE_LANGUAGE)
    others = tuple(file for file in translations if file.locale != BASE_LANGUAGE)
    return _Read(
        files, pairs, rewritings, others, tuple(tl_files), tab, tab_name, tab_findings, names, languages
    )


def _by_language(
    script: ScriptFile, facts: ScriptFacts, request: SourceRequest, languages: dict[str, str]
) -> list[TranslationFile]:
    """The translations of a file, one a language; the engine's name of each locale is kept in `languages`.

    Those of the language `None` are the script's own.
    """
    found = []
    for language in dict.fromkeys(block.language for block in facts.translations):
        locale = bcp47(language, request.locales) if language != BASE_LANGUAGE else BASE_LANGUAGE
        if language != BASE_LANGUAGE:
            languages[locale] = language
        blocks = tuple(block for block in facts.translations if block.language == language)
        found.append(TranslationFile(script.name, locale, blocks, script.text))
    return found


def _tlid_mode(request: SourceRequest, got: _Read) -> TlidMode:
    """How identifiers are hashed: as the project says, as the game sets it, or as more rows of the export and
    more translations agree with; the engine's present default is `say`."""
    given = request.options.get("tlid")
    if given:
        return cast(TlidMode, given)
    if "tlid_only_considers_say" in got.names.settings:
        return "say" if got.names.settings["tlid_only_considers_say"] == "True" else "all"
    blocks = [facts.blocks for _, facts in got.scripts]
    if not any(len(block.codes) > 1 and block.spoken for block in chain.from_iterable(blocks)):
        return "say"
    known = Counter(row.identifier.replace(".", "_") for row in got.tab)
    known.update(block.identifier for file in got.translations for block in file.blocks if block.spoken)
    hits: dict[TlidMode, int] = {}
    for mode in ("say", "all"):
        ids = {item.identifier.replace(".", "_") for item in chain.from_iterable(identify(blocks, mode))}
        hits[mode] = sum(known[identifier] for identifier in ids)
    return "all" if hits["all"] > hits["say"] else "say"


def _compare_tab(request: SourceRequest, got: _Read, lines: Sequence[GameLine]) -> TabMatch | None:
    if not got.tab or not got.files.wanted:
        return None
    names = {}
    for path in got.files.wanted:
        names[relative(path, got.files.project)] = relative(path, request.root)
    return match_tab(got.tab, got.tab_name, lines, names)


def _translated(
    got: _Read, identified: Sequence[Sequence[Identified]], lines: Sequence[GameLine]
) -> tuple[list[Translation], list[Finding]]:
    if not got.files.wanted:
        return [], []
    wanted = {line.id for line in lines}
    base = base_ids(chain.from_iterable(identified))
    translations, findings = join_translations(got.translations, base)
    translations = [item for item in translations if item.id in wanted]
    needed = [(str(line.id), line.text, line.place) for line in lines]
    findings += missing_texts(needed, translations, list(got.languages))
    return translations, findings


def _captions(by_script: Iterable[tuple[ScriptFile, ScriptFacts, list[GameLine]]]) -> list[Finding]:
    message = "menu caption has no identifier and cannot be voiced: {caption!r}"
    return [
        Finding("D021", Place(script.name, row), message.format(caption=caption))
        for script, facts, _ in by_script
        for row, caption in facts.captions
    ]


def _repeated(identified: Sequence[Sequence[Identified]], got: _Read) -> list[Finding]:
    """D002 for identifiers given twice; computed ones never are."""
    first: dict[str, Place] = {}
    findings = []
    for (script, _), items in zip(got.scripts, identified, strict=True):
        for item in items:
            if item.spoken is None:
                continue
            place = Place(script.name, item.spoken.row, item.spoken.label)
            before = first.setdefault(item.identifier, place)
            if before is not place and script.path in got.files.wanted:
                message = f"id `{item.identifier}` is used twice, first at {before.where}"
                findings.append(Finding("D002", place, message, item.identifier))
    return findings


def _repeated_rows(lines: Sequence[GameLine]) -> list[Finding]:
    first: dict[str | None, Place] = {}
    findings = []
    for line in lines:
        before = first.setdefault(line.id, line.place)
        if before is not line.place:
            message = f"id `{line.id}` is used twice, first at {before.where}"
            findings.append(Finding("D002", line.place, message, line.id))
    return findings


def _cast(got: _Read, lines: Sequence[GameLine]) -> dict[str, str] | None:
    """The game's characters; None where none is defined, or where only a part of the game is here."""
    names = got.names
    if not names.characters:
        return None
    known = {name: shown for name, shown in names.characters.items() if name not in {NARRATOR, EXTEND}}
    speakers = {line.character: line.speaker_written for line in lines if line.character}
    for speaker, written in speakers.items():
        simple = speaker.isidentifier() and not (written or "").startswith(("'", '"'))
        if not simple or speaker in names.bound or speaker in _ENGINE_CAST:
            known.setdefault(speaker, speaker)
    if not got.files.whole and not speakers.keys() <= known.keys():
        return None
    return known


def _settings(got: _Read, mode: TlidMode) -> dict[str, str]:
    settings: dict[str, str] = {"renpy.tlid": mode} if got.files.wanted else {}
    if "auto_voice" in got.names.settings:
        settings["voice_pattern"] = got.names.settings["auto_voice"]
    settings.update({f"renpy.language.{locale}": language for locale, language in got.languages.items()})
    return settings


def _counted(lines: Sequence[GameLine]) -> dict[str, int]:
    return dict(Counter(line.character or NARRATOR_KEY for line in lines))


def _script_facts(by_script: Iterable[tuple[ScriptFile, ScriptFacts, list[GameLine]]]) -> list[FileFacts]:
    return [
        FileFacts(
            script.name,
            "script",
            lines=len(lines),
            ids=len({line.id for line in lines}),
            characters=_counted(lines),
            counts={"captions": len(facts.captions)} if facts.captions else {},
        )
        for script, facts, lines in by_script
    ]


def _other_facts(
    got: _Read, lines: Sequence[GameLine], translations: Sequence[Translation], match: TabMatch | None
) -> list[FileFacts]:
    blocks = Counter(item.place.file for item in translations)
    facts = [
        FileFacts(script.name, "strings", lines=blocks[script.name], ids=blocks[script.name])
        for script in got.tl_files
    ]
    if got.files.tab is None:
        return facts
    ids = len({row.identifier for row in got.tab})
    counts = {"nointeract": sum(row.say is not None and not row.say.interact for row in got.tab)}
    if match:
        counts |= {"matched": match.matched, "moved": match.moved, "text differs": match.text_differs}
    characters = _counted(tab_lines(got.tab, got.tab_name))
    return [*facts, FileFacts(got.tab_name, "export", len(got.tab), ids, characters, counts)]
