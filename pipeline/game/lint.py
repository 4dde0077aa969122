"""All of lint, over what the importers found: rules over many lines, silencing, severities. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from pipeline.game.config import GameConfig
from pipeline.game.findings import Judged, severity_of
from pipeline.game.line import Finding, GameLine, Translation
from pipeline.game.lint_ids import lint_ids
from pipeline.game.lint_speakers import CastLines, lint_speakers, lint_translated_speakers
from pipeline.game.lint_translations import lint_missing, lint_stale, lint_unknown
from pipeline.game.voiced import SourceRead

# One of these for an ID and locale is enough, wherever an importer and lint place it.
_BY_ID = frozenset({"D009", "D010", "D011", "D014", "D025"})


def lint(
    sources: Sequence[SourceRead], config: GameConfig, locales: Sequence[str], spoken: Iterable[Finding]
) -> Iterator[Finding]:
    """Every finding of a project, each once.

    Args:
        spoken: what was found while texts were stripped.
    """
    lines = [line for source in sources for line in source.imported.lines]
    seen: set[tuple[object, ...]] = set()
    bases = {source.base_locale for source in sources}
    found = (
        # Where a text is missing is said here, alike for all formats: at the place where it would stand.
        *_missing(sources, locales),
        *(finding for source in sources for finding in source.imported.findings),
        *lint_ids(lines, config.engine, config.unreal.filename_format),
        *lint_speakers([_cast_of(source, config) for source in sources]),
        *_lint_translations(sources, locales),
        *spoken,
    )
    for finding in found:
        if finding.locale is not None and finding.locale not in locales and finding.locale not in bases:
            continue  # a locale that the project does not voice
        for key in _keys(finding, bases):
            if key in seen:
                break
        else:
            seen.update(_keys(finding, bases))
            yield finding


def _keys(finding: Finding, bases: set[str]) -> Iterator[tuple[object, ...]]:
    """What makes two findings the same one: their place, or the ID where that says enough."""
    locale = None if finding.locale in bases else finding.locale
    if finding.code in _BY_ID and finding.id is not None:
        yield finding.code, finding.id, locale
        return
    yield finding.code, finding.place.file, finding.place.row, finding.id, locale
    # An importer may not know the ID of the line that it complains about.
    if finding.id is not None and finding.code in ("D001", "D003", "D007", "D016", "D020"):
        yield finding.code, finding.place.file, finding.place.row, None, locale


def _cast_of(source: SourceRead, config: GameConfig) -> CastLines:
    declared = source.imported.cast
    if config.cast is None:
        return CastLines(source.imported.lines, declared)
    return CastLines(source.imported.lines, {**dict.fromkeys(config.cast, ""), **(declared or {})})


def _missing(sources: Sequence[SourceRead], locales: Sequence[str]) -> Iterator[Finding]:
    texts = texts_of(sources)
    for source in sources:
        others = [locale for locale in locales if locale != source.base_locale]
        yield from lint_missing(source.imported.lines, others, texts)


def _lint_translations(sources: Sequence[SourceRead], locales: Sequence[str]) -> Iterator[Finding]:
    by_id = _lines_by_id(line for source in sources for line in source.imported.lines)
    texts = texts_of(sources)
    rows = [row for row in texts.values() if row.locale in locales]
    pairs = [(by_id[row.id], row) for row in rows if row.id in by_id]
    yield from lint_unknown(rows, set(by_id))
    yield from lint_stale(pairs)
    yield from lint_translated_speakers(pairs)


def _lines_by_id(lines: Iterable[GameLine]) -> dict[str, GameLine]:
    found: dict[str, GameLine] = {}
    for line in lines:
        if line.id is not None and line.shadow_of is None:
            found.setdefault(line.id, line)
    return found


def texts_of(sources: Iterable[SourceRead]) -> dict[tuple[str, str], Translation]:
    """The row of each ID in each locale; the first of several."""
    found: dict[tuple[str, str], Translation] = {}
    for source in sources:
        for row in source.imported.translations:
            found.setdefault((row.id, row.locale), row)
    return found


def judge(
    findings: Iterable[Finding], sources: Sequence[SourceRead], config: GameConfig, *, strict: bool
) -> tuple[Judged, ...]:
    """The findings that nothing silences, with the severity that holds, by file and row.

    A comment at a base line silences what is found of that line's translations, too: their files may have no
    comments.
    """
    ignored = {place: codes for source in sources for place, codes in source.imported.ignored.items()}
    of_id: dict[str, frozenset[str]] = defaultdict(frozenset)
    texts: dict[tuple[str, int], str] = {}
    for source in sources:
        for line in source.imported.lines:
            place = (line.place.file, line.place.row)
            texts.setdefault(place, line.text)
            if line.id is not None and place in ignored:
                of_id[line.id] |= ignored[place]
    judged = []
    for finding in findings:
        place = (finding.place.file, finding.place.row)
        if finding.code in ignored.get(place, ()) or finding.code in of_id.get(finding.id or "", ()):
            continue
        severity = severity_of(finding, config.engine, config.lint)
        if severity == "off":
            continue
        level = "error" if strict else severity
        key = finding.id or texts.get(place, finding.message)
        judged.append(Judged(*place, finding.code, level, finding.message, finding.id, finding.locale, key))
    return tuple(sorted(judged, key=_order))


def _order(judged: Judged) -> tuple[str, int, str, str, str, str]:
    return (
        judged.file, judged.row, judged.code, judged.id or "", judged.locale or "", judged.message,
    )  # fmt: skip
