"""What stands above the chapters, in YAML or in front matter: book, cast, lexicon, pacing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.direction import Direction
from pipeline.errors import did_you_mean
from pipeline.script.lexicon_file import read_lexicon
from pipeline.script.model import Book, Character, LexiconEntry, Pacing, Span
from pipeline.script.nodes import Mapping, Node, Scalar, Sequence, YamlError, compose
from pipeline.script.schema import RESERVED_NAMES, SCHEMA_VERSION, BookForm, CharacterForm, PacingForm
from pipeline.script.source import Findings, Source, read_source
from pipeline.script.speech import Roles, complete
from pipeline.script.validate import describe, read_form, read_values

HEADER_KEYS = ("fullcast", "book", "cast", "lexicon", "pacing")
# These would make a speaker's label or an attribute ambiguous.
_NAME_MARKS = ':：()（）{}[]=\n"'


@dataclass(frozen=True)
class Header:
    """The head of a script, with `places`: the row of each book key, for later messages."""

    book: Book
    cast: dict[str, Character]
    lexicon: tuple[LexiconEntry, ...]
    pacing: Pacing
    places: dict[str, int]

    @property
    def roles(self) -> Roles:
        """The cast as readers of text use it."""
        return Roles(self.cast, self.book.language)


def read_header(
    root: Node | None, source: Source, findings: Findings, more_keys: tuple[str, ...] = ()
) -> Header:
    """The head of a script; with problems, as much of it as makes sense.

    Args:
        more_keys: keys that may stand beside those of the head, `chapters` in YAML.
    """
    if not isinstance(root, Mapping):
        findings.error(source.name, root.row if root else 1, "a script starts with 'book:' and 'cast:'")
        root = Mapping((), 0, 0, 1, 1)
    known = (*HEADER_KEYS, *more_keys)
    for key, _ in root.entries:
        if key.text not in known:
            findings.error(
                source.name, key.row, f"no key '{key.text}' in a script", did_you_mean(key.text, known)
            )
    _check_version(root, source, findings)
    book_node = root.get("book")
    cast_node = root.get("cast")
    lexicon_node = root.get("lexicon")
    return Header(
        book=_book(book_node, root.row, source, findings),
        cast=_cast(cast_node, root.row, source, findings),
        lexicon=() if lexicon_node is None else read_lexicon(lexicon_node, source, findings),
        pacing=_pacing(root.get("pacing"), source, findings),
        places={key.text: key.row for key, _ in book_node.entries} if isinstance(book_node, Mapping) else {},
    )


def _check_version(root: Mapping, source: Source, findings: Findings) -> None:
    node = root.get("fullcast")
    if node is not None and not (isinstance(node, Scalar) and node.text == str(SCHEMA_VERSION)):
        hint = f"this fullcast reads version {SCHEMA_VERSION}: write 'fullcast: {SCHEMA_VERSION}'"
        findings.error(source.name, node.row, f"schema version {describe(node)} is not known", hint)


def _book(node: Node | None, row: int, source: Source, findings: Findings) -> Book:
    if node is None:
        findings.error(source.name, row, "the script has no 'book'", "add 'book: {title: ...}'")
        return Book("")
    form = read_form(BookForm, node, source.name, findings, "book")
    if form is None:
        # Its cover is looked at all the same, so that one check tells of both.
        return Book("", language=_language(node), cover=_cover(node, source))
    values: dict[str, Any] = form.model_dump()
    return Book(**values | {"cover": _cover(node, source)})


def _cover(node: Node, source: Source) -> Path | None:
    found = node.get("cover") if isinstance(node, Mapping) else None
    return source.path.parent / found.text if isinstance(found, Scalar) and found.text else None


def _language(node: Node) -> str:
    """The language of a book that has other problems, so that its lines are read as meant."""
    found = node.get("language") if isinstance(node, Mapping) else None
    return found.text.lower() if isinstance(found, Scalar) and found.text else Book("").language


def _pacing(node: Node | None, source: Source, findings: Findings) -> Pacing:
    form = None if node is None else read_form(PacingForm, node, source.name, findings, "pacing")
    if form is None:
        return Pacing()
    given = form.model_dump(exclude_none=True)
    factors = ("pace", "vary")
    return replace(Pacing(), **{key if key in factors else f"{key}_s": value for key, value in given.items()})


def _cast(node: Node | None, row: int, source: Source, findings: Findings) -> dict[str, Character]:
    if node is None:
        findings.error(source.name, row, "the script has no 'cast'", "add 'cast: {narrator: engine/voice}'")
        return {}
    if isinstance(node, Scalar) and not node.missing:
        found = _cast_file(node, source, findings)
        if found is None:
            return {}
        node, source = found
    if not isinstance(node, Mapping):
        findings.error(source.name, node.row, f"'cast' must be names with voices, not {describe(node)}")
        return {}
    cast: dict[str, Character] = {}
    for key, value in node.entries:
        character = _character(key, value, source, findings)
        if character is not None:
            cast[key.text] = character
    _check_aliases(cast, findings)
    return cast


def _cast_file(node: Scalar, source: Source, findings: Findings) -> tuple[Node, Source] | None:
    """The mapping of names in another file; it may stand there under `cast:` or alone."""
    path = source.path.parent / node.text
    other = read_source(path, _beside(source, node.text), findings, (source.name, node.row))
    if other is None:
        return None
    try:
        root = compose(other, findings)
    except YamlError as error:
        findings.problems.append(error.problem)
        return None
    if isinstance(root, Mapping) and len(root.entries) == 1 and isinstance(root.get("cast"), Mapping):
        root = root.get("cast")
    if root is None:
        findings.error(other.name, 1, "the file holds no cast")
        return None
    return root, other


def _beside(source: Source, name: str) -> str:
    """How messages call a file that `source` names."""
    return (Path(source.name).parent / name).as_posix()


def _character(key: Scalar, value: Node, source: Source, findings: Findings) -> Character | None:
    name = key.text
    fault = _name_fault(name)
    if fault:
        findings.error(source.name, key.row, f"'{name}' cannot be a character's name: {fault}")
        return None
    span = Span(source.name, key.row, key.start, key.end)
    if isinstance(value, Scalar):
        form = read_values(CharacterForm, {"voice": value.text}, (source.name, value.row), findings, name)
    else:
        form = read_form(CharacterForm, value, source.name, findings, name)
    if form is None:
        # The role exists all the same: its lines must not be called undeclared.
        return Character(name, "", Direction(), span, _written_aliases(value))
    for alias in form.aliases:
        if fault := _name_fault(alias):
            findings.error(source.name, key.row, f"'{alias}' cannot be an alias of {name}: {fault}")
    direction = complete(form, Direction())
    models = _models(form)
    return Character(
        name, form.voice, direction, span, tuple(form.aliases), form.language, form.color, models
    )


def _models(form: CharacterForm) -> tuple[tuple[str, float], ...]:
    """The models that a role names, each with its share of the lines."""
    if form.model is None:
        return ()
    return ((form.model, 1.0),) if isinstance(form.model, str) else tuple(form.model.items())


def _name_fault(name: str) -> str | None:
    if not name.strip() or name != name.strip():
        return "it must be a word without white space around it"
    if name in RESERVED_NAMES:
        return "the word has a meaning of its own among lines"
    marks = [mark for mark in _NAME_MARKS if mark in name]
    return f"it holds {marks[0]!r}" if marks else None


def _written_aliases(value: Node) -> tuple[str, ...]:
    aliases = value.get("aliases") if isinstance(value, Mapping) else None
    if not isinstance(aliases, Sequence):
        return ()
    return tuple(item.text for item in aliases.items if isinstance(item, Scalar))


def _check_aliases(cast: dict[str, Character], findings: Findings) -> None:
    owners = {name: name for name in cast}
    for character in cast.values():
        for alias in character.aliases:
            owner = owners.setdefault(alias, character.name)
            if owner != character.name or alias == character.name:
                message = f"alias '{alias}' of {character.name} already names {owner}"
                findings.error(character.span.file, character.span.line, message)
