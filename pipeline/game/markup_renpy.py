"""Ren'Py's text: tags in braces, pauses, values in square brackets, doubled marks."""

from __future__ import annotations

import re

from pipeline.game.markup_draft import Draft, seconds

# Tags that must be closed. Source: renpy:renpy/text/extras.py (text_tags).
_PAIRED_NAMES = (
    "alpha b i u a plain font color outlinecolor size noalt alt cps k rt rb s "
    "art axis instance shader feature"
)
_PAIRED = frozenset(_PAIRED_NAMES.split())
# What they enclose is shown, not said. Source: renpy:sphinx/source/text.rst.
_SHOWN_ONLY = frozenset({"noalt", "rt", "art"})
# A click in the game; when nobody clicks, these are breaths. {w=1} says its own length.
_PAUSES_S = {"w": 0.5, "p": 0.75, "nw": 0.2}
_TOKEN = re.compile(r"\{\{|\[\[|%%|%\((?P<old>\w+)\)[sdif]|\{(?P<tag>[^{}]*)\}|(?P<open>\{)|(?P<value>\[)")
_CONVERSION = re.compile(r"(?:![a-z]+)*(?::[^\[\]\"']*)?$")


def strip_renpy(text: str, draft: Draft) -> str:
    """The text without tags, doubled marks made single, values filled, pauses kept.

    Source: renpy:sphinx/source/text.rst; renpy/substitutions.py (values in brackets).
    """
    said: list[str] = []
    opened: list[tuple[str, str, int]] = []  # name, as written, where its text begins in `said`
    position = 0
    while found := _TOKEN.search(text, position):
        said.append(text[position : found.start()])
        position = found.end()
        if found["tag"] is not None:
            _tag(found[0], found["tag"].strip(), said, opened, draft)
        elif found["open"]:
            draft.unclosed.append(text[found.start() :][:20])
        elif found["value"]:
            position = _value(text, found.start(), said, draft)
        elif found["old"]:
            said.append(draft.value(found[0], found["old"]))
        else:
            said.append(found[0][0])
    said.append(text[position:])
    for name, written, start in opened:
        draft.unclosed.append(written)
        if name in _SHOWN_ONLY:
            del said[start:]
    return "".join(said)


def _tag(
    written: str, inside: str, said: list[str], opened: list[tuple[str, str, int]], draft: Draft
) -> None:
    if inside.startswith("#"):
        return  # tells equal strings apart for translators
    if inside.startswith("/"):
        _close(inside[1:].split("=")[0].strip(), written, said, opened, draft)
        return
    name, _, argument = inside.partition("=")
    name = name.partition(":")[0].strip()
    if name in _PAUSES_S:
        said.append(draft.pause(seconds(argument, _PAUSES_S[name])))
    elif name in _PAIRED or not name:
        opened.append((name, written, len(said)))
    elif name in ("space", "vspace", "image"):
        said.append(" ")


def _close(
    name: str, written: str, said: list[str], opened: list[tuple[str, str, int]], draft: Draft
) -> None:
    for number in range(len(opened) - 1, -1, -1):
        if opened[number][0] == name:
            if name in _SHOWN_ONLY:
                del said[opened[number][2] :]
            del opened[number]
            return
    if name in _PAIRED:
        draft.unclosed.append(written)


def _value(text: str, start: int, said: list[str], draft: Draft) -> int:
    """Takes a value in brackets, which may hold brackets; where to go on."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"[": 1, "]": -1}.get(text[position], 0)
        if depth == 0:
            written = text[start : position + 1]
            meaning = _CONVERSION.sub("", written[1:-1]).strip()
            said.append(draft.value(written, meaning))
            return position + 1
    draft.unclosed.append(text[start:][:20])
    return start + 1
