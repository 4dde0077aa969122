"""A registry file read and checked; what is wrong is told with its row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.engines.engine_file import first_fault, most_telling
from pipeline.errors import UsageError
from pipeline.registry.form import RegistryForm, RegistryModelForm, RegistryVoiceForm


@dataclass(frozen=True)
class Document:
    """What a registry file says, each entry with its row."""

    models: tuple[tuple[RegistryModelForm, int], ...]
    voices: tuple[tuple[RegistryVoiceForm, int], ...]


def read_registry_file(path: Path) -> Document:
    """The models and voices of a registry file.

    Raises:
        UsageError: it cannot be read, is no YAML, or not of the form; with file and row.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    return parse_registry(data, path)


def parse_registry(data: bytes, path: Path) -> Document:
    """`read_registry_file` of bytes that lie, or will lie, at `path`."""
    node, value = composed(data, path)
    demand_keys_once(node, path)
    try:
        form = RegistryForm.model_validate(value)
    except ValidationError as error:
        row = row_of(node, most_telling(error)["loc"])
        raise UsageError(first_fault(error, RegistryForm), where=f"{path}:{row}") from error
    models = _rows(node, "models", len(form.models))
    voices = _rows(node, "voices", len(form.voices))
    _demand_ids_once("model", [model.id for model in form.models], models, path)
    _demand_ids_once("voice", [voice.id for voice in form.voices], voices, path)
    return Document(
        tuple(zip(form.models, models, strict=True)), tuple(zip(form.voices, voices, strict=True))
    )


def composed(data: bytes, path: Path) -> tuple[Any, Any]:
    """The document's nodes, for their rows, and its value."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(data)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(str(getattr(error, "problem", None) or "not YAML"), where=where) from error
    except ValueError as error:  # a date that is none
        raise UsageError(f"not YAML: {error}", where=str(path)) from error
    finally:
        loader.dispose()


def row_of(node: Any, place: Iterable[int | str]) -> int:
    """The row of what `place` leads to, or of the last node on the way that is there."""
    row = 1 if node is None else node.start_mark.line + 1
    for step in place:
        if node.id == "mapping":
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                break
            row, node = pair[0].start_mark.line + 1, pair[1]
        elif node.id == "sequence" and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            row = node.start_mark.line + 1
        else:
            break
    return row


def _rows(node: Any, key: str, count: int) -> list[int]:
    items: list[Any] = next((value.value for name, value in node.value if name.value == key), [])
    return [item.start_mark.line + 1 for item in items][:count]


def demand_keys_once(node: Any, path: Path) -> None:
    """Nothing, if no mapping has a key twice: YAML itself would take the last and say nothing."""
    waiting = [] if node is None else [node]
    visited: set[int] = set()  # an alias leads to a node again, or into itself
    while waiting:
        one = waiting.pop()
        if id(one) in visited:
            continue
        visited.add(id(one))
        if one.id == "sequence":
            waiting += one.value
        elif one.id == "mapping":
            seen: set[Any] = set()
            for key, value in one.value:
                if key.id == "scalar" and key.value in seen:
                    where = f"{path}:{key.start_mark.line + 1}"
                    raise UsageError(f"'{key.value}' is given twice", where=where)
                seen.add(key.value if key.id == "scalar" else id(key))
                waiting.append(value)


def _demand_ids_once(kind: str, ids: Sequence[str], rows: Sequence[int], path: Path) -> None:
    first: dict[str, int] = {}
    for each, row in zip(ids, rows, strict=True):
        if each in first:
            raise UsageError(
                f"{kind} '{each}' is there twice; first in row {first[each]}", where=f"{path}:{row}"
            )
        first[each] = row
