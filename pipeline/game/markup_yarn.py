"""Yarn Spinner's markup: markers in square brackets, escapes, the speaker before the first colon."""

from __future__ import annotations

import re

from pipeline.game.markup_draft import Draft

# Source: YarnSpinner:YarnSpinner.Markup/LineParser.cs (implicitCharacterRegex).
_SPEAKER = re.compile(r"(?:[^:\\]|\\.)*:\s*", re.S)
_CHARACTER = re.compile(r"\s*\[\s*character\b")
_TOKEN = re.compile(
    r"""\\(?P<escaped>[\[\]:])
    | (?P<literal>\[nomarkup\])
    | (?P<marker>\[(?:[^\[\]"\\]|"(?:[^"\\]|\\.)*"|\\.)*\])
    | (?P<open>\[)
    | (?P<place>\{\d+\})""",
    re.X | re.S,
)
_NAME = re.compile(r"[^\s=\]/]*")
# Their text depends on a value of the game. Source: the built-in replacement markers of LineParser.cs.
_REPLACED = ("select", "plural", "ordinal")
_VALUE = re.compile(r"""(?:^|\s)(?:value|select|plural|ordinal)\s*=\s*("[^"]*"|\{[^}]*\}|[^\s/\]]+)""")
# Source: YarnSpinner-Unity:Runtime (PauseEventProcessor): milliseconds, a second by default.
_PAUSE = re.compile(r"pause\s*(?:=\s*\"?(\d+))?")
_PAUSE_MS = 1000


def cut_speaker(text: str) -> str:
    """The text without `Name: ` before it, unless it starts with a `[character]` marker, which says who."""
    if _CHARACTER.match(text):
        return text
    found = _SPEAKER.match(text)
    return text[found.end() :] if found else text


def strip_yarn(text: str, draft: Draft) -> str:
    """The text without markers, escapes resolved, placeholders filled.

    Source: YarnSpinner:YarnSpinner.Markup/LineParser.cs.
    """
    said: list[str] = []
    opened: list[tuple[str, str, int]] = []  # name, as written, where its text begins in `said`
    position = 0
    while found := _TOKEN.search(text, position):
        said.append(text[position : found.start()])
        position = found.end()
        if found["escaped"]:
            said.append(found["escaped"])
        elif found["place"]:
            said.append(_value(found["place"], draft))
        elif found["literal"]:
            position = _literal(text, found, said, draft)
        elif found["open"]:
            draft.unclosed.append(text[found.start() :][:20])
            said.append("[")
        else:
            position = _marker(text, found, said, opened, draft)
    said.append(text[position:])
    draft.unclosed += [written for _, written, _ in opened]
    return "".join(said)


def _value(place: str, draft: Draft) -> str:
    """What is said for `{0}`; in a line without expressions it was written with `\\{` and stays as it is."""
    return draft.value(place, draft.meanings.get(place, place)) if draft.meanings else place


def _literal(text: str, found: re.Match[str], said: list[str], draft: Draft) -> int:
    """Takes `[nomarkup]..[/nomarkup]` as it stands; where to go on."""
    end = text.find("[/nomarkup]", found.end())
    if end < 0:
        draft.unclosed.append("[nomarkup]")
        return found.end()
    said.append(text[found.end() : end])
    return end + len("[/nomarkup]")


def _marker(
    text: str, found: re.Match[str], said: list[str], opened: list[tuple[str, str, int]], draft: Draft
) -> int:
    """Cuts one marker; where to go on in the text."""
    written = found[0]
    inside = written[1:-1].strip()
    if inside.startswith("/"):
        _close(inside[1:].strip(), written, said, opened, draft)
        return found.end()
    closes_itself = inside.endswith("/")
    name = _name_of(inside)
    if name in _REPLACED:
        said.append(_replaced(written, inside, name, draft))
        return found.end()
    if name == "pause" and (length := _PAUSE.match(inside)):
        said.append(draft.pause(int(length[1] or _PAUSE_MS) / 1000))
    if not closes_itself:
        opened.append((name, written, len(said)))
        return found.end()
    # A blank after it goes with it where one stands before it, too, so that one is left.
    before = next((piece for piece in reversed(said) if piece), " ")
    apart = before[-1].isspace()
    trims = apart and "trimwhitespace=false" not in inside
    return found.end() + (1 if trims and text[found.end() : found.end() + 1].isspace() else 0)


def _name_of(inside: str) -> str:
    found = _NAME.match(inside)
    return found[0] if found else ""


def _close(
    name: str, written: str, said: list[str], opened: list[tuple[str, str, int]], draft: Draft
) -> None:
    if not name:
        opened.clear()
        return
    for number in range(len(opened) - 1, -1, -1):
        if opened[number][0] == name:
            if name == "character":  # what it encloses is the name that is shown, not said
                del said[opened[number][2] :]
            del opened[number]
            return
    draft.unclosed.append(written)


def _replaced(written: str, inside: str, name: str, draft: Draft) -> str:
    """What a `[select]` says for a known value; all else stays a need of the game."""
    found = _VALUE.search(inside)
    value = found[1].strip('"') if found else ""
    known = _known_value(value, draft)
    if name == "select" and known is not None:
        choice = re.search(rf"""\s{re.escape(known)}\s*=\s*("[^"]*"|[^\s/\]]+)""", inside)
        if choice:
            return choice[1].strip('"').replace("%", known)
    draft.needs.append((written, draft.meanings.get(value, value or f"[{name}]")))
    return ""


def _known_value(value: str, draft: Draft) -> str | None:
    meaning = draft.meanings.get(value, value)
    return draft.values.get(meaning, draft.values.get(value))
