"""Yarn Spinner: a project, a folder or a script, with the strings files of its languages.

The rules of a script's rows are in `yarn_text.py` and `yarn_script.py`, of the project file in
`yarn_project.py`, of strings files in `yarn_strings.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.reading import read_text, relative
from pipeline.game.formats.yarn_project import YarnSource, find_source
from pipeline.game.formats.yarn_script import ContentRow, YarnScript, parse_script
from pipeline.game.formats.yarn_strings import read_strings
from pipeline.game.line import FileFacts, Finding, GameLine, Imported, Kind, Place, Translation

FORMAT = "yarn"
_ID, _SHADOW = "line:", "shadow:"
_EMOTIONS = ("emotion:", "tone:")
_DIRECTION = "direction:"
# The compiler adds it before options; a script that has it means nothing by it.
_OF_COMPILER = "lastline"
_SHOWN_CHARACTERS = 40


def read(request: SourceRequest) -> Imported:
    """All lines of the scripts, and their translations.

    Options: `emotion_commands` (command -> [argument of the character, of the emotion]), `locale`, and
    `strings` (locale -> CSV file, from the game's folder) for scripts that no project names, whose files like
    `de-CH.strings.csv` beside them are read, too.

    Raises:
        UsageError: the source, a script or a strings file is missing or not as it must be.
    """
    source = find_source(request)
    importer = _Importer(request, source)
    importer.read_scripts()
    importer.check_shadows()
    importer.read_all_strings()
    return importer.done()


class _Importer:
    """Collects one source: scripts first, then strings, which are checked against them."""

    def __init__(self, request: SourceRequest, source: YarnSource) -> None:
        self._request, self._source = request, source
        self._lines: list[GameLine] = []
        self._translations: list[Translation] = []
        self._findings: list[Finding] = list(source.findings)
        self._files: list[FileFacts] = []
        self._ignored: dict[tuple[str, int], frozenset[str]] = {}
        self._by_id: dict[str, GameLine] = {}
        if source.file is not None:
            counts = {"scripts": len(source.scripts), "locales": len(source.locales)}
            self._files.append(
                FileFacts(source.file, "project", counts={**counts, "strings": len(source.strings)})
            )

    def read_scripts(self) -> None:
        commands = self._request.options.get("emotion_commands") or {}
        for path in self._source.scripts:
            file = relative(path, self._request.root)
            text, findings = read_text(path, self._request.root)
            script = parse_script(text, commands)
            self._findings += findings
            self._ignored |= {(file, row): codes for row, codes in script.ignored.items()}
            lines = [self._line(row, file) for row in script.rows]
            self._lines += lines
            self._files.append(_facts(file, script, lines))

    def _line(self, row: ContentRow, file: str) -> GameLine:
        place = Place(file, row.row, row.node)
        tags = _Tags(row.content.tags)
        id = self._check_id(tags, place)
        if row.speaker.implausible is not None:
            shown = _short(row.speaker.implausible, row.content.values)
            message = f"implausible speaker `{shown}`: escape the colon `\\:`; the line counts as narrator's"
            self._findings.append(Finding("D004", place, message, id))
        is_face = row.face is not None and tags.emotion is None
        line = GameLine(
            id=id,
            kind=_kind(row),
            character=row.speaker.name,
            text=row.content.text,
            place=place,
            format=FORMAT,
            direction="; ".join(filter(None, (row.content.comment, *tags.directions))) or None,
            emotion=row.face.emotion if row.face and is_face else tags.emotion,
            emotion_place=Place(file, row.face.row, row.node) if row.face and is_face else None,
            tags=tags.others,
            values=row.content.values,
            shadow_of=_ID + tags.shadow if tags.shadow is not None and id is None else None,
        )
        if id is not None:
            self._by_id.setdefault(id, line)
        return line

    def _check_id(self, tags: _Tags, place: Place) -> str | None:
        """The line's ID; D001 if it has none, D002 if it has several or another line has it."""
        names = [*tags.ids, *(_SHADOW + name for name in tags.shadows)]
        if len(names) > 1:
            several = " and ".join(f"`{name}`" for name in names)
            self._findings.append(Finding("D002", place, f"line has two ids: {several}", names[0]))
        id = tags.ids[0] if tags.ids else None
        if not names:
            message = f"line has no id; run `ysc tag {place.file}`"
            self._findings.append(Finding("D001", place, message))
        first = self._by_id.get(id) if id is not None else None
        if first is not None:
            message = f"id `{id}` is used twice, first at {first.place.where}"
            self._findings.append(Finding("D002", place, message, id))
        return id

    def check_shadows(self) -> None:
        """D020 where a shadow line is not what it must be: a repetition of a line that exists.

        Of one script among others it is not known here which lines exist.

        Source: YarnSpinner:YarnSpinner.Compiler/Compiler.cs (shadow lines, YS0042 to YS0044).
        """
        for line in self._lines:
            if line.shadow_of is None:
                continue
            source = self._by_id.get(line.shadow_of)
            if source is None and self._source.is_one:
                continue
            if source is None:
                message = f"shadow line without source: no line has the id `{line.shadow_of}`"
            elif line.values or source.values:
                message = f"shadow line of `{line.shadow_of}` holds an expression"
            elif line.text != source.text:
                message = f"text differs from that of `{line.shadow_of}` at {source.place.where}"
            else:
                continue
            self._findings.append(Finding("D020", line.place, message, line.shadow_of))

    def read_all_strings(self) -> None:
        for locale, path in self._source.strings.items():
            file = relative(path, self._request.root)
            text, findings = read_text(path, self._request.root)
            is_base = locale == self._source.base_locale
            script = self._source.scripts[0].name if self._source.is_one else None
            strings = read_strings(text, file, locale, self._by_id, is_base=is_base, script=script)
            self._findings += [*findings, *strings.findings]
            self._translations += strings.translations
            self._files.append(strings.facts)
            self._ignored |= {(file, row): codes for row, codes in strings.ignored.items()}

    def done(self) -> Imported:
        return Imported(
            lines=tuple(self._lines),
            translations=tuple(self._translations),
            findings=tuple(self._findings),
            files=tuple(self._files),
            base_locale=self._source.base_locale,
            ignored=self._ignored,
            asset_folders=self._source.assets,
        )


class _Tags:
    """A line's tags by what they mean."""

    def __init__(self, tags: Sequence[str]) -> None:
        self.ids = [tag for tag in tags if tag.startswith(_ID) and tag != _ID]
        self.shadows = [tag.removeprefix(_SHADOW) for tag in tags if tag.startswith(_SHADOW)]
        self.directions = [tag.removeprefix(_DIRECTION) for tag in tags if tag.startswith(_DIRECTION)]
        emotions = [tag for prefix in _EMOTIONS for tag in tags if tag.startswith(prefix) and tag != prefix]
        self.emotion = emotions[0].partition(":")[2] if emotions else None
        known = (_ID, _SHADOW, _DIRECTION)
        self.others = tuple(
            tag
            for tag in tags
            if not tag.startswith(known) and tag != _OF_COMPILER and tag not in emotions[:1]
        )

    @property
    def shadow(self) -> str | None:
        return self.shadows[0] if self.shadows else None


def _kind(row: ContentRow) -> Kind:
    if row.is_option:
        return "option"
    return "line" if row.speaker.name is not None else "narration"


def _short(text: str, values: Mapping[str, str]) -> str:
    """The beginning of a text as its author wrote it, expressions included."""
    for place, expression in values.items():
        text = text.replace(place, f"{{{expression}}}")
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS].rstrip() + "..."


def _facts(file: str, script: YarnScript, lines: Sequence[GameLine]) -> FileFacts:
    """What `check` counts of a script.

    A name that stands only before values of the game (`Visited counts: {...}`) labels them, and is not
    counted as a character.
    """
    speaking = {line.character for line in lines if not line.values}
    characters = Counter(line.character for line in lines if line.character and line.character in speaking)
    counts = {
        "nodes": script.nodes,
        "options": sum(line.kind == "option" for line in lines),
        "narrator": sum(line.character is None for line in lines),
        "directions": sum(line.direction is not None for line in lines),
        "shadows": sum(line.shadow_of is not None for line in lines),
        "interpolated": sum(bool(line.values) for line in lines),
    }
    ids = sum(line.id is not None for line in lines)
    return FileFacts(file, "script", len(lines), ids, dict(characters), counts)
