"""Lint of IDs: missing, used twice, contained in one another, made from the text, shadows. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.game.line import Finding, GameLine
from pipeline.game.stems import GameEngine, clashes, stem_of

_TOOLS = {
    "yarn": "run `ysc tag`",
    "dink": "run DinkCompiler",
    "renpy": "run `renpy PROJECT dialogue`",
    "table": "give the row a key",
}
# Lengths are looked for in classes, so that one ID of a letter does not make all others slow.
_CLASSES = (1, 2, 3, 5, 8, 12, 20)
_SHOWN = 3
# Engines that look for a file by a part of its name.
_BY_PART = ("unity", "dink")


def lint_ids(lines: Sequence[GameLine], engine: GameEngine, filename_format: str | None) -> Iterator[Finding]:
    """D001, D002, D013, D014 and D020 of all lines of a project."""
    yield from _missing(lines)
    yield from _twice(lines)
    yield from _generated(lines)
    yield from _shadows(lines)
    yield from _contained(lines, engine)
    yield from _clashing(lines, engine, filename_format)


def duplicates(lines: Iterable[GameLine]) -> Iterator[tuple[GameLine, GameLine]]:
    """Lines whose ID an earlier one has, each with that first one. Dink's IDs do not know case."""
    first: dict[str, GameLine] = {}
    for line in lines:
        if line.id is None or line.shadow_of is not None:
            continue
        key = line.id.casefold() if line.format == "dink" else line.id
        found = first.setdefault(key, line)
        if found is not line:
            yield line, found


def _missing(lines: Iterable[GameLine]) -> Iterator[Finding]:
    for line in lines:
        if line.id is None and line.shadow_of is None:
            yield Finding("D001", line.place, f"line has no id; {_TOOLS.get(line.format, 'give it one')}")


def _twice(lines: Iterable[GameLine]) -> Iterator[Finding]:
    for line, first in duplicates(lines):
        message = f"id `{line.id}` is used twice, first at {first.place.where}"
        yield Finding("D002", line.place, message, line.id)


def _generated(lines: Iterable[GameLine]) -> Iterator[Finding]:
    for line in lines:
        if line.generated:
            message = "generated id changes when the text changes; add `#id:`"
            yield Finding("D014", line.place, message, line.id)


def _shadows(lines: Sequence[GameLine]) -> Iterator[Finding]:
    sources = {line.id: line for line in lines if line.id is not None and line.shadow_of is None}
    for line in lines:
        if line.shadow_of is None:
            continue
        source = sources.get(line.shadow_of)
        if source is None:
            message = f"shadow line without source: no line has the id `{line.shadow_of}`"
        elif line.values:
            message = f"shadow line of `{line.shadow_of}` holds an expression"
        elif line.text != source.text:
            message = f"shadow line's text differs from that of `{line.shadow_of}` at {source.place.where}"
        else:
            continue
        yield Finding("D020", line.place, message, line.shadow_of)


def _contained(lines: Iterable[GameLine], engine: GameEngine) -> Iterator[Finding]:
    """D013: engines look for a file by a part of its name."""
    by_name: dict[str, GameLine] = {}
    for line in lines:
        if line.id is not None and line.shadow_of is None:
            by_name.setdefault(line.id.removeprefix("line:").casefold(), line)
    names = list(by_name)
    # Dink's name must start with the ID; all others are taken to look anywhere.
    found = prefixes(names) if engine == "dink" else containments(names)
    for inner, outers in found.items():
        line = by_name[inner]
        shown = ", ".join(f"`{by_name[outer].id}`" for outer in outers[:_SHOWN])
        more = f" and {len(outers) - _SHOWN} more" if len(outers) > _SHOWN else ""
        who = "the engine may play" if engine in _BY_PART else "a tool that looks for parts of names may take"
        message = f"id `{line.id}` is contained in {shown}{more}: {who} the wrong file"
        yield Finding("D013", line.place, message, line.id)


def prefixes(names: Iterable[str]) -> dict[str, list[str]]:
    """Names that others start with, each with those others. Every one is looked at by its lengths alone."""
    known = set(names)
    lengths = sorted({len(name) for name in known})
    found: dict[str, list[str]] = defaultdict(list)
    for outer in names:
        for length in lengths:
            if length >= len(outer):
                break
            if outer[:length] in known:
                found[outer[:length]].append(outer)
    return found


def containments(names: Sequence[str]) -> dict[str, list[str]]:
    """Names that stand inside others, each with those others, in the order of `names`.

    Names are kept by their first characters, so that a place inside another name costs one look-up: the whole
    is linear in the characters of all names, but for names that really begin alike.
    """
    found: dict[str, list[str]] = defaultdict(list)
    heads = _by_head(names)
    for outer in names:
        inside: dict[str, None] = {}
        for width, by_head in heads:
            for at in range(len(outer) - width + 1):
                for length in by_head.get(outer[at : at + width], ()):
                    piece = outer[at : at + length]
                    if len(piece) == length < len(outer) and piece in by_head[piece[:width]][length]:
                        inside[piece] = None
        for inner in inside:
            found[inner].append(outer)
    return found


def _by_head(names: Iterable[str]) -> list[tuple[int, Mapping[str, Mapping[int, set[str]]]]]:
    """Names by class of length, their first characters, and length."""
    classes: dict[int, dict[str, dict[int, set[str]]]] = {}
    for name in names:
        if not name:
            continue
        width = max(each for each in _CLASSES if each <= len(name))
        by_length = classes.setdefault(width, {}).setdefault(name[:width], {})
        by_length.setdefault(len(name), set()).add(name)
    return sorted(classes.items())


def _clashing(
    lines: Iterable[GameLine], engine: GameEngine, filename_format: str | None
) -> Iterator[Finding]:
    """D013: two IDs that are one file."""
    by_id = {line.id: line for line in lines if line.id is not None and line.shadow_of is None}
    stems = {line_id: stem_of(engine, line_id, filename_format) for line_id in by_id}
    for first, second in clashes(stems):
        line = by_id[second]
        where = by_id[first].place.where
        message = f"ids `{first}` ({where}) and `{second}` are one file, `{stems[second]}`"
        yield Finding("D013", line.place, message, second, severity="error")
