"""Entries put into a registry file and taken out of it; every other row stays as its author wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import UsageError
from pipeline.files import write_text
from pipeline.registry.reading import Document, parse_registry

Kind = Literal["models", "voices"]
KINDS: tuple[Kind, ...] = ("models", "voices")
EMPTY = "registry: 1\n"
BY_HAND = "this file's layout is not one that fullcast can edit: change it by hand"


def add_entries(path: Path, entries: Mapping[Kind, Sequence[Mapping[str, Any]]]) -> None:
    """Puts entries at the end of their lists; the file is made if it is not there.

    Raises:
        UsageError: the file or an entry is not of the form, an ID is there already, or the file's layout is
            one that cannot be edited; it stays as it was.
        StoreError: it cannot be written.
    """
    text = _text(path)
    before = parse_registry(text.encode(), path)
    for kind, added in entries.items():
        known = dict(_ids(before, kind))
        for entry in added:
            if entry.get("id") in known:
                where = f"{path}:{known[entry['id']]}"
                raise UsageError(f"{kind[:-1]} '{entry['id']}' is there already", where=where)
        if added:
            text = _with(text, kind, added, path)
    after = parse_registry(text.encode(), path)
    for kind in KINDS:
        kept, now = _forms(before, kind), _forms(after, kind)
        ids = [entry["id"] for entry in entries.get(kind, ())]
        if now[: len(kept)] != kept or [form["id"] for form in now[len(kept) :]] != ids:
            raise UsageError(BY_HAND, where=str(path))
    write_text(path, text)


def remove_entry(path: Path, kind: Kind, entry_id: str) -> None:
    """Takes one entry out.

    Raises:
        UsageError: it is not there, or the file's layout is one that cannot be edited; it stays as it was.
        StoreError: it cannot be written.
    """
    text = _text(path)
    before = parse_registry(text.encode(), path)
    ids = [each for each, _ in _ids(before, kind)]
    if entry_id not in ids:
        raise UsageError(f"no {kind[:-1]} '{entry_id}'", where=str(path))
    changed = _without(text, kind, ids.index(entry_id), path)
    after = parse_registry(changed.encode(), path)
    for each in KINDS:
        wanted = [form for form in _forms(before, each) if (each, form["id"]) != (kind, entry_id)]
        if list(_forms(after, each)) != wanted:
            raise UsageError(BY_HAND, where=str(path))
    write_text(path, changed)


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:  # rows end as their author ends them
            return file.read()
    except FileNotFoundError:
        return EMPTY
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from error


def _entries(document: Document, kind: str) -> Sequence[tuple[Any, int]]:
    return document.models if kind == "models" else document.voices


def _ids(document: Document, kind: str) -> list[tuple[str, int]]:
    return [(form.id, line) for form, line in _entries(document, kind)]


def _forms(document: Document, kind: str) -> list[dict[str, Any]]:
    return [form.model_dump() for form, _ in _entries(document, kind)]


def _with(text: str, kind: Kind, entries: Sequence[Mapping[str, Any]], path: Path) -> str:
    """The text with entries behind the last one of a list."""
    import yaml

    items = _list(text, kind)
    plain = [dict(entry) for entry in entries]
    dumped = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    if items is None:
        return f"{text.rstrip()}\n{kind}:\n{_indented(dumped, 2)}"
    if items.flow_style or not items.value:
        raise UsageError(BY_HAND, where=f"{path}:{items.start_mark.line + 1}")
    rows = text.splitlines(keepends=True)
    last = _last_row(items.value[-1])
    if not rows[last].endswith("\n"):
        rows[last] += "\n"
    rows.insert(last + 1, _indented(dumped, items.start_mark.column))
    return "".join(rows)


def _without(text: str, kind: Kind, number: int, path: Path) -> str:
    """The text without one item of a list, and without the list if nothing is left in it."""
    items = _list(text, kind)
    if items is None or items.flow_style:
        raise UsageError(BY_HAND, where=str(path))
    rows = text.splitlines(keepends=True)
    first, last = items.value[number].start_mark.line, _last_row(items.value[number])
    if len(items.value) == 1:
        first = next(row for row in range(first, -1, -1) if rows[row].startswith(f"{kind}:"))
    del rows[first : last + 1]
    return "".join(rows)


def _list(text: str, kind: Kind) -> Any:
    """The node of a list, or None."""
    import yaml

    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    return next((value for key, value in node.value if key.value == kind), None)


def _last_row(node: Any) -> int:
    """The number of the row in which a node ends; a block's own end is where the next one begins."""
    while node.id != "scalar" and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if node.id == "mapping" else last
    row: int = node.end_mark.line
    return row - 1 if node.end_mark.column == 0 and row > node.start_mark.line else row


def _indented(text: str, columns: int) -> str:
    return "".join(" " * columns + row for row in text.splitlines(keepends=True))
