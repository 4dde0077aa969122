"""TOML to a checked form: pydantic's findings become one line each, with the row and the nearest name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.errors import UsageError, did_you_mean

FormT = TypeVar("FormT", bound=BaseModel)
Step = int | str
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_WANTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
_TYPE_ERRORS = frozenset(_WANTED)


def parse_config(form: type[FormT], path: Path) -> FormT:
    """The file as a `form`.

    Raises:
        UsageError: it cannot be read, is no TOML, or is not as the form wants it: all problems, a line each.
    """
    text = _text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(error, path) from error
    try:
        return form.model_validate(data)
    except ValidationError as error:
        found = [(_real_path(data, each["loc"], each["type"]), dict(each)) for each in error.errors()]
        lines = [
            f"{path.name}:{row_of(text, steps)}: {_explain(form, data, steps, each)}"
            for steps, each in _most_telling(found)
        ]
        raise UsageError("\n".join(dict.fromkeys(lines))) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"not UTF-8 at byte {error.start}", str(path), "save the file as UTF-8") from error
    except OSError as error:
        hint = "name the project's file or its folder"
        raise UsageError(f"cannot read the project: {error.strerror}", str(path), hint) from error


def _not_toml(error: tomllib.TOMLDecodeError, path: Path) -> UsageError:
    message = str(error)
    at = _AT_LINE.search(message)
    where = f"{path.name}:{at[1]}" if at else path.name
    return UsageError(f"no valid TOML: {_AT_LINE.sub('', message).strip()}", where)


def _real_path(data: Any, location: Sequence[Step], kind: str) -> tuple[Step, ...]:
    """Where in the data a problem stands: pydantic also names the members of unions on the way."""
    path: list[Step] = []
    here = data
    for number, step in enumerate(location):
        last = number == len(location) - 1
        inside = (isinstance(here, dict) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if inside:
            here = here[step]
            path.append(step)
        elif last and kind == "missing":
            path.append(step)
    return tuple(path)


def _most_telling(
    found: list[tuple[tuple[Step, ...], dict[str, Any]]],
) -> list[tuple[tuple[Step, ...], dict[str, Any]]]:
    """Without what only says that a value is not of another member of its union.

    A table that is nearly a voice with settings is told what is wrong in it, not that it is no text.
    """
    kept = []
    for path, error in found:
        others = [other for at, other in found if other is not error and at[: len(path)] == path]
        if error["type"] in _TYPE_ERRORS and any(other["type"] not in _TYPE_ERRORS for other in others):
            continue
        kept.append((path, error))
    first: dict[tuple[Step, ...], tuple[tuple[Step, ...], dict[str, Any]]] = {}
    for path, error in kept:
        first.setdefault(path, (path, error))
    return list(first.values())


def _explain(form: type[BaseModel], data: Any, path: tuple[Step, ...], error: dict[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    names = [step for step in path if isinstance(step, str)]
    key = names[-1] if names else "the file"
    if kind == "extra_forbidden":
        known = _keys(form, error["loc"][:-1])
        place = ".".join(names[:-1])
        return f"no key '{key}'{f' in [{place}]' if place else ''}; {did_you_mean(key, known)}"
    if kind == "missing":
        place = ".".join(names[:-1])
        return f"{f'[{place}]' if place else 'the project'} has no '{key}'; add it"
    if "hint" in context:
        return f"{error['msg']}; {context['hint']}"
    if kind == "literal_error":
        return f"'{key}' cannot be {_shown(error['input'])}; {_choices(error['input'], context)}"
    if kind == "string_pattern_mismatch":  # locales alone have a pattern here
        return f"'{key}' cannot be {_shown(error['input'])}; a locale is written as en, pt-BR or french"
    if kind == "too_short":
        return f"'{key}' must not be empty"
    if kind in _WANTED:
        return f"'{key}' must be {_WANTED[kind]}, not {_shown(error['input'])}"
    return f"'{key}': {error['msg'][:1].lower()}{error['msg'][1:]}, not {_shown(error['input'])}"


def _choices(value: Any, context: dict[str, Any]) -> str:
    names = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    return did_you_mean(str(value), names, limit=12)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value[:40]}'"
    if isinstance(value, bool):
        return str(value).lower()
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)


def _keys(form: type[BaseModel], location: Sequence[Step]) -> list[str]:
    """The keys that may stand where pydantic's location leads: through fields and members of unions."""
    forms = [form]
    for step in location:
        inner = [
            model
            for each in forms
            if isinstance(step, str) and step in each.model_fields
            for model in _models_in(each.model_fields[step].annotation)
        ]
        forms = inner or [each for each in forms if each.__name__ == step] or forms
    return [key for each in forms for key in each.model_fields]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in getattr(annotation, "__args__", ()) for model in _models_in(each)]


def row_of(text: str, path: Sequence[Step]) -> int:
    """The row (from 1) in which the last named key of `path` is written, as near as rows can tell.

    TOML's reader keeps no places. The table that is named last in `[...]` narrows the search; a key inside an
    inline table is found in the row of the key around it.
    """
    rows = text.splitlines()
    start = 0
    for number, step in enumerate(path):
        if isinstance(step, int):
            name = str(path[number - 1]) if number else ""
            start = _nth_table(rows, name, step, start)
            continue
        found = _row_with(rows, step, start)
        start = found if found is not None else start
    return start + 1


def _nth_table(rows: list[str], name: str, number: int, start: int) -> int:
    heads = [row for row, text in enumerate(rows) if re.match(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]", text)]
    return heads[number] if number < len(heads) else start


def _row_with(rows: list[str], key: str, start: int) -> int | None:
    name = rf"[\"']?{re.escape(key)}[\"']?"
    pattern = re.compile(rf"(?:^|[\s{{,.\[]){name}\s*(?:=|\.|\])")
    return next((row for row in range(start, len(rows)) if pattern.search(rows[row])), None)
