"""Rich text of Godot (`[b]`) and Unity (`<b>`), values in braces and after `%`, Fountain's emphasis."""

from __future__ import annotations

import re

from pipeline.game.markup_draft import Draft, seconds

_ANGLE = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][\w-]*)(?:\s*=\s*[^<>]*|(?:\s+[\w-]+\s*=\s*[^<>]*)?\s*)(?P<self>/?)>"
)
_SQUARE = re.compile(r"\[(?P<close>/?)(?P<name>#?[A-Za-z_][\w-]*)(?P<rest>(?:[\s=:][^\[\]]*)?)\]")
# Tags that must be closed. Source: Unity's TextMesh Pro manual, "Rich text tags"; Godot's manual, "BBCode in
# RichTextLabel".
_ANGLE_NAMES = "b i u s color size font mark sup sub link noparse nobr smallcaps uppercase"
_ANGLE_PAIRED = frozenset(_ANGLE_NAMES.split())
# They stand alone: Godot's own and those of its dialogue plug-ins (Dialogue Manager, Dialogic).
_ALONE_NAMES = (
    "br hr lb rb img wait pause speed next do set signal voice auto portrait lrm rlm zwj zwnj zwsp wj shy "
    "lre rle lro rlo pdf alm lri rli fsi pdi"
)
_SQUARE_ALONE = frozenset(_ALONE_NAMES.split())
# One of several texts, chosen in the game. Source: nathanhoad/godot_dialogue_manager:docs/Basic_Dialogue.md.
_ONE_OF = re.compile(r"\[\[[^\[\]]*\|[^\[\]]*\]\]")
_BRACKETS = {"lb": "[", "rb": "]"}
_PAUSES_S = {"wait": 0.5, "pause": 0.5}
_PERCENT = re.compile(r"%%|%(?:\d+\$)?[-+0#]*\d*(?:\.\d+)?[sdifgxXeEu@](?![A-Za-z])|%\((?P<name>\w+)\)[sdif]")
_BRACES = re.compile(r"\$?\{(?:[^{}]|\{[^{}]*\})*\}")
_GLUE = re.compile(r"<>|->")
# Source: Fountain's syntax, "Emphasis": the marks touch the words; a backslash takes their meaning away.
_EMPHASIS = re.compile(
    r"(?<!\\)(?P<mark>\*{1,3})(?=\S)(?P<text>(?:\\.|[^*\\])+?)(?<=\S)(?P=mark)(?!\*)"
    r"|(?<![\\\w])_(?=\S)(?P<under>(?:\\.|[^_\\])+?)(?<=\S)_(?!\w)"
)
_ESCAPE = re.compile(r"\\([^\w\s])")


def strip_table(text: str, draft: Draft) -> str:
    """A table's text: Godot's and Unity's tags cut, values of `%s` and `{name}` filled."""
    return _fill_braces(_fill_percent(_cut_square(_cut_angle(text, draft), draft), draft), draft)


def strip_angle(text: str, draft: Draft) -> str:
    """A text without Unity's tags alone, for formats whose square brackets mean something else."""
    return _cut_angle(text, draft)


def strip_ink(text: str, draft: Draft) -> str:
    """An Ink text: logic in braces and glue need the game; escapes are resolved."""
    filled = _fill_braces(text, draft)
    glued = _GLUE.sub(lambda found: draft.value(found[0], found[0]), filled)
    return _ESCAPE.sub(r"\1", _cut_angle(glued, draft))


def strip_fountain(text: str, draft: Draft) -> str:
    """A screenplay's speech without marks of emphasis."""
    bare = text
    for _ in range(3):  # `_***all three***_` is nested
        shorter = _EMPHASIS.sub(lambda found: found["text"] or found["under"], bare)
        if shorter == bare:
            break
        bare = shorter
    return _ESCAPE.sub(r"\1", _fill_braces(bare, draft))


def _cut_angle(text: str, draft: Draft) -> str:
    if "<" not in text:
        return text
    opened: list[tuple[str, str]] = []

    def cut(found: re.Match[str]) -> str:
        name = found["name"].casefold()
        if name == "br":
            return " "
        if name in _ANGLE_PAIRED and not found["self"]:
            _count(name, found, opened, draft)
        return ""

    bare = _ANGLE.sub(cut, text)
    draft.unclosed += [written for _, written in opened]
    return bare


def _cut_square(text: str, draft: Draft) -> str:
    if "[" not in text:
        return text
    opened: list[tuple[str, str]] = []

    def cut(found: re.Match[str]) -> str:
        name = found["name"].casefold()
        if name in _BRACKETS:
            return _BRACKETS[name]
        if name in _PAUSES_S and not found["close"]:
            return draft.pause(seconds(found["rest"].lstrip(" =:"), _PAUSES_S[name]))
        if name in ("br", "hr"):
            return " "
        if name not in _SQUARE_ALONE and not name.startswith("#"):
            _count(name, found, opened, draft)
        return ""

    chosen = _ONE_OF.sub(lambda found: draft.value(found[0], found[0].strip("[]")), text)
    bare = _SQUARE.sub(cut, chosen)
    draft.unclosed += [written for _, written in opened]
    return bare


def _count(name: str, found: re.Match[str], opened: list[tuple[str, str]], draft: Draft) -> None:
    """Notes an opened tag, or takes the nearest one of its name away; tags may overlap."""
    if not found["close"]:
        opened.append((name, found[0]))
        return
    for number in range(len(opened) - 1, -1, -1):
        if opened[number][0] == name:
            del opened[number]
            return
    draft.unclosed.append(found[0])


def _fill_percent(text: str, draft: Draft) -> str:
    if "%" not in text:
        return text
    return _PERCENT.sub(
        lambda found: "%" if found[0] == "%%" else draft.value(found[0], found["name"] or found[0]), text
    )


def _fill_braces(text: str, draft: Draft) -> str:
    """`{name}`, `{{name}}` and `${name}`; an opening brace that nothing closes is markup not closed."""
    if "{" not in text:
        return text

    def fill(found: re.Match[str]) -> str:
        inside = found[0].lstrip("$")[1:-1].strip().strip("{}").strip()
        return draft.value(found[0], draft.meanings.get(found[0], inside))

    rest = _BRACES.sub("", text)
    if "{" in rest:
        draft.unclosed.append(rest[rest.index("{") :][:20])
    return _BRACES.sub(fill, text)
