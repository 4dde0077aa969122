"""Characters and settings that a Ren'Py game defines, read from expressions that are never run. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Names that the engine itself binds (source: renpy:renpy/common/00definitions.rpy, 00nvl_mode.rpy).
NARRATOR = "narrator"
EXTEND = "extend"
_TRANSLATING = frozenset({"_", "__", "_p"})
# Settings of the engine that decide on identifiers and on where it looks for sound.
SETTINGS = {
    "config.auto_voice": "auto_voice",
    "config.tlid_only_considers_say": "tlid_only_considers_say",
}


@dataclass(frozen=True)
class GameNames:
    """What a game's definitions say.

    Attributes:
        characters: variable -> name to show; the variable itself where the name is made at run time.
        images: variable -> image tag of its `image=`.
        bound: all names bound to anything, characters or not.
        settings: those of the engine with a constant value.
    """

    characters: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)


def read_names(assigned: Iterable[tuple[str, str]]) -> GameNames:
    """What names mean that are bound to these expressions, in order; a later one wins."""
    calls: dict[str, ast.Call] = {}
    images: dict[str, str] = {}
    bound: set[str] = set()
    settings: dict[str, str] = {}
    for name, expression in assigned:
        bound.add(name.split(".")[-1] if name.startswith("store.") else name)
        if name in SETTINGS:
            _set(settings, SETTINGS[name], expression)
        elif "Character" in expression or "kind" in expression:
            call = _call(expression)
            if call is not None:
                calls[name] = call
                image = _keyword(call, "image")
                if isinstance(image, ast.Constant) and isinstance(image.value, str):
                    images[name] = image.value
    characters = {name: _shown_name(name, calls) or name for name in calls}
    return GameNames(characters, images, frozenset(bound), settings)


def _set(settings: dict[str, str], name: str, expression: str) -> None:
    tree = _parsed(expression)
    if isinstance(tree, ast.Constant) and tree.value is not None:
        settings[name] = str(tree.value)
    else:
        settings.pop(name, None)


def _parsed(expression: str) -> ast.expr | None:
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _call(expression: str) -> ast.Call | None:
    """The expression if it makes a character: `Character(...)`, a class so named, anything with `kind=`."""
    tree = _parsed(expression)
    if not isinstance(tree, ast.Call):
        return None
    called = tree.func
    name = (
        called.id
        if isinstance(called, ast.Name)
        else called.attr
        if isinstance(called, ast.Attribute)
        else ""
    )
    return tree if name.endswith("Character") or _keyword(tree, "kind") is not None else None


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def _shown_name(name: str, calls: Mapping[str, ast.Call], depth: int = 0) -> str | None:
    """The name to show: a string, one to be translated, or that of the character it is a kind of."""
    call = calls.get(name)
    if call is None or depth > len(calls):
        return None
    first = call.args[0] if call.args else _keyword(call, "name")
    if isinstance(first, ast.Call) and isinstance(first.func, ast.Name) and first.func.id in _TRANSLATING:
        first = first.args[0] if first.args else None
    dynamic = isinstance(call.func, ast.Name) and call.func.id == "DynamicCharacter"
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return None if dynamic else first.value
    kind = _keyword(call, "kind")
    return _shown_name(kind.id, calls, depth + 1) if first is None and isinstance(kind, ast.Name) else None


def speaker_name(who: str | None) -> str | None:
    """The character of a say's expression: a variable, or a name in quotes; None is the narrator."""
    if who is None or who == NARRATOR:
        return None
    if who[0] in "\"'" and who[-1] == who[0]:
        tree = _parsed(who)
        if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
            return tree.value or None
    return who
