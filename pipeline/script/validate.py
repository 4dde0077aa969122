"""From a node to a checked form: pydantic's findings become the author's, each in its row."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.errors import did_you_mean
from pipeline.script.nodes import Mapping, Node, Scalar, locate, plain
from pipeline.script.source import Findings

# What authors call speed. A larger `rate` is faster speech, a larger `pace` longer pauses.
_SPEEDS = ("pace", "rate", "speed", "tempo", "pacing")
_SPEED_HINTS = {
    "rate": "how fast a voice speaks is 'rate' (1.1 is faster); 'pace' of 'pacing' stretches pauses",
    "pace": "'pace' stretches all pauses (1.1 is longer); how fast a voice speaks is its 'rate' in the cast",
}

FormT = TypeVar("FormT", bound=BaseModel)

# Names of ours for the kinds of a value that may be written in two ways.
_TAGS = ("label", "point", "one", "shares")

_WANTED = {
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "yes or no",
    "bool_type": "yes or no",
    "string_type": "text",
    "list_type": "a list",
    "finite_number": "a number",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


def read_form(form: type[FormT], node: Node, file: str, findings: Findings, owner: str) -> FormT | None:
    """The node as a `form`, or None with every problem noted at its own row.

    Args:
        owner: what the node describes, as a message calls it: `book`, `Della`.
    """
    if not isinstance(node, Mapping):
        findings.error(file, node.row, f"{owner} must be keys with values, not {describe(node)}")
        return None
    empty = [key for key, value in node.entries if isinstance(value, Scalar) and value.missing]
    for name in empty:
        message = f"'{name.text}' of {owner} has no value"
        findings.error(file, name.row, message, "write one, or take the key away")
    try:
        checked = form.model_validate(plain(node))
        return None if empty else checked
    except ValidationError as error:
        for each in error.errors(include_url=False):
            place = locate(node, each["loc"])
            message, hint = explain(form, dict(each), owner)
            row = place.row
            if each["type"] == "extra_forbidden" and (key := _key(node, each["loc"])) is not None:
                row = key.row
            findings.error(file, row, message, hint)
    return None


def read_values(
    form: type[FormT], values: dict[str, Any], place: tuple[str, int], findings: Findings, owner: str
) -> FormT | None:
    """Values that stand in one row (an attribute, a bracketed direction) as a `form`."""
    try:
        return form.model_validate(values)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            findings.error(*place, *explain(form, dict(each), owner))
    return None


def describe(node: Node) -> str:
    """The node as a message calls it."""
    if isinstance(node, Scalar):
        return "nothing" if node.missing else f"'{shorten(node.text)}'"
    return "a mapping" if isinstance(node, Mapping) else "a list"


def shorten(text: str, limit: int = 40) -> str:
    """The text in one row of at most `limit` characters."""
    joined = " ".join(text.split())
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


def explain(form: type[BaseModel], error: dict[str, Any], owner: str) -> tuple[str, str | None]:
    """Message and hint for one of pydantic's errors."""
    path = [part for part in error["loc"] if part not in _TAGS]
    names = [part for part in path if isinstance(part, str)]
    key = names[-1] if names else owner
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys(form, names[:-1])
        speed = next((name for name in _SPEED_HINTS if name in known and key in _SPEEDS), None)
        hint = _SPEED_HINTS[speed] if speed else did_you_mean(key, known)
        return f"no key '{key}' in {' '.join([owner, *names[:-1]])}", hint
    if kind == "missing":
        return f"{' '.join([owner, *names[:-1]])} has no '{key}'", f"add '{key}: ...'"
    if value is None or value == "":
        return f"'{key}' of {owner} has no value", "write one, or take the key away"
    if "hint" in context:
        return error["msg"], context["hint"]
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        least = "at least" if "ge" in context else "at most"
        return f"'{key}' of {owner} must be {least} {bound:g}, not {value}", None
    if kind == "string_pattern_mismatch":
        return f"'{value}' cannot be the '{key}' of {owner}", _pattern_hint(key)
    kinds: dict[type, str] = {dict: "keys with values", list: "a list"}
    shown = kinds.get(type(value)) or f"'{shorten(str(value))}'"
    if kind in _WANTED:
        return f"'{key}' of {owner} must be {_WANTED[kind]}, not {shown}", None
    return f"'{key}' of {owner}: {error['msg']}", None


def _pattern_hint(key: str) -> str | None:
    hints = {
        "language": "write a language tag such as en-us, en-gb or zh",
        "id": "letters, digits, '.', '_' and '-' only",
        "color": "write it as #rrggbb",
    }
    return hints.get(key)


def _keys(form: type[BaseModel], path: list[str]) -> list[str]:
    """The keys that may stand where `path` leads."""
    if path and path[-1] == "emotion":
        from pipeline.script.schema import EmotionPoint

        return list(EmotionPoint.model_fields)
    return list(form.model_fields)


def _key(node: Mapping, path: tuple[int | str, ...]) -> Scalar | None:
    holder = locate(node, path[:-1])
    return holder.key(str(path[-1])) if isinstance(holder, Mapping) else None
