"""What one .rpy file says: blocks of dialogue under labels, captions, definitions, translations. Pure.

Walks the rows as the engine's parser and its Restructurer do, without evaluating anything.
Source: renpy:renpy/parser.py; renpy:renpy/translation/__init__.py (Restructurer.callback).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.game.formats.renpy_rows import Row
from pipeline.game.formats.renpy_say import MONOLOGUE, Say, Scanner, parse_say

_FIRST = re.compile(r"[a-zA-Z_\u0080-\U0010FFFF][a-zA-Z0-9_\u0080-\U0010FFFF]*|\$")
_DEFINE = re.compile(r"(?:define|default)\s+(?:-?\d+\s+)?([\w.]+)\s*=(?!=)\s*(.+)", re.DOTALL)
_DEFINITION = re.compile(r"(?:async\s+)?(?:def|class)\b")
_ASSIGN = re.compile(r"\$?\s*(\w+|(?:config|store)\.\w+)\s*=(?!=)\s*(.+)", re.DOTALL)
_TRANSLATE = re.compile(r"translate\s+(\w+)\s+([\w.]+)\s*:")
_CALL_FROM = re.compile(r"\bfrom\s+([\w.]+)\s*$")
_INIT = re.compile(r"init\s*(?:[+-]?\d+\s*)?")
_VOICE = re.compile(r"""voice\s+(?:["'])([^"'\\]+)(?:["'])\s*$""")
_MONOLOGUE_ROW = re.compile(r"rpy\s+monologue\s+(double|single|none)\s*$")
_REGISTERED = re.compile(
    r"""(?:register_statement|statements\.register)\(\s*(?:name\s*=\s*)?["']([^"']+)["']"""
)
_BLOCK_ARGUMENT = re.compile(r"""\bblock\s*=\s*(?:True|False|["']([\w-]+)["'])""")
_TRANSLATABLE_ARGUMENT = re.compile(r"\btranslatable\s*=\s*True\b")
# Statements that hold no dialogue, nor does what is indented under them (source: renpy:renpy/parser.py;
# renpy:renpy/common/000statements.rpy, 000window.rpy, 00nvl_mode.rpy, 00layeredimage.rpy).
_SILENT = frozenset(
    ("pass", "return", "jump", "scene", "show", "camera", "hide", "with", "image", "transform", "screen")
    + (
        "testcase",
        "testsuite",
        "style",
        "layeredimage",
        "play",
        "queue",
        "stop",
        "pause",
        "window",
        "nvl",
        "voice",
    )
)
_BRANCHES = frozenset({"if", "elif", "else", "while", "IF", "ELIF", "ELSE"})
_TRANSLATABLE = re.compile(r"(?:nvl\s+clear|voice(?:\s+sustain)?)\b")
_NOTHING_SHOWN: Mapping[str, tuple[str, ...]] = {}
_IMAGE_CLAUSES = frozenset({"as", "at", "behind", "onlayer", "with", "zorder"})


class Spoken(NamedTuple):
    """A say with its place: first row, label, comment, the sound named before it, what is shown."""

    say: Say
    row: int
    label: str | None
    comment: str | None = None
    audio: str | None = None
    shown: Mapping[str, tuple[str, ...]] = _NOTHING_SHOWN


class Block(NamedTuple):
    """Statements that share one identifier: at most one say, at the end, and translatable ones before it.

    `codes` are (whether it is a say, its code); `alternate` is a label that starts with `_`, after `label`.
    """

    label: str | None
    alternate: str | None
    codes: tuple[tuple[bool, str], ...]
    spoken: Spoken | None


class TranslateBlock(NamedTuple):
    """`translate LANGUAGE identifier:` with its says, the row it starts at, and the sound it names."""

    language: str
    identifier: str
    row: int
    spoken: tuple[Spoken, ...]
    audio: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that the game registers: whether dialogue stands under it, whether it is translatable."""

    script: bool
    translatable: bool


@dataclass
class ScriptFacts:
    """All that one file says, in the engine's order.

    `assigned` are names with the expression they are bound to, by `define`, `default` or in Python.
    """

    blocks: list[Block] = field(default_factory=list)
    captions: list[tuple[int, str]] = field(default_factory=list)
    assigned: list[tuple[str, str]] = field(default_factory=list)
    translations: list[TranslateBlock] = field(default_factory=list)

    @property
    def spoken(self) -> list[Spoken]:
        """The says in order."""
        return [block.spoken for block in self.blocks if block.spoken]


def shown_by_say(who: str) -> str:
    """The name under which `Spoken.shown` keeps the attributes that a speaker's own says gave."""
    return f"say {who}"


def registered_statements(rows: list[Row]) -> dict[str, Statement]:
    """Statements that Python in these rows registers, by their words."""
    found = {}
    for row in _all_rows(rows):
        call = _REGISTERED.search(row.text)
        if call and call[1]:
            block = _BLOCK_ARGUMENT.search(row.text, call.end())
            script = bool(block and (block[1] or "").startswith("script"))
            found[call[1]] = Statement(script, bool(_TRANSLATABLE_ARGUMENT.search(row.text, call.end())))
    return found


def read_script(
    rows: list[Row], statements: Mapping[str, Statement], *, track_shown: bool = False
) -> ScriptFacts:
    """What a file's rows say; `track_shown` keeps which attributes `show` gave each image."""
    walk = _Walk(statements, track_shown)
    walk.children(rows)
    return walk.facts


def _all_rows(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from _all_rows(row.block)


def _run_rows(rows: list[Row]) -> Iterator[Row]:
    """Rows of Python that run where they stand: those of functions and classes bind other names."""
    for row in rows:
        yield row
        if not _DEFINITION.match(row.text):
            yield from _run_rows(row.block)


class _Walk:
    """The state that goes with the walk: label, monologue, what is shown; gathers facts, keeps no rows."""

    def __init__(self, statements: Mapping[str, Statement], track_shown: bool) -> None:
        self.facts = ScriptFacts()
        self.statements = statements
        self.first_words = frozenset(name.split()[0] for name in statements if name.strip())
        self.track_shown = track_shown
        self.shown: Mapping[str, tuple[str, ...]] = _NOTHING_SHOWN
        self.label: str | None = None
        self.alternate: str | None = None
        self.node: str | None = None
        self.global_label: str | None = None
        self.monologue = MONOLOGUE["double"]

    def children(self, rows: list[Row]) -> None:
        """Rows of one block. A group is closed by a say, by what cannot be translated, and at the end."""
        group: list[_Statement] = []
        for row in rows:
            self._statement(row, group)
        self._close(group)

    def _statement(self, row: Row, group: list[_Statement]) -> None:
        first = _FIRST.match(row.text)
        if first:
            word = first[0]
            if word in self.first_words and self._registered(row, group):
                return
            handler = _HANDLERS.get(word)
            if handler:
                handler(self, row, group)
                return
        says = parse_say(row.text, self.monologue)
        if says is None:
            # A statement of the game's own whose registration is not here: what is under it is script.
            self.children(row.block)
            self._close(group)
            return
        self._say(says, row, group)

    def _say(self, says: list[Say], row: Row, group: list[_Statement]) -> None:
        for say in says:
            if say.what == "{clear}" and len(says) > 1:
                group.append(_Statement("nvl clear"))
                continue
            audio = next((item.audio for item in group if item.audio), None)
            group.append(
                _Statement(say.code, Spoken(say, row.number, self.node, row.comment, audio, self.shown))
            )
            self._close(group)
            if self.track_shown:
                self._say_changes_shown(say)

    def _close(self, group: list[_Statement]) -> None:
        if group:
            codes = tuple((item.spoken is not None, item.code) for item in group)
            self.facts.blocks.append(Block(self.label, self.alternate, codes, group[-1].spoken))
            group.clear()

    def _registered(self, row: Row, group: list[_Statement]) -> bool:
        words = row.text.replace(":", " ").split()
        for count in range(min(len(words), 4), 0, -1):
            statement = self.statements.get(" ".join(words[:count]))
            if statement is None:
                continue
            if statement.translatable and not row.block:
                group.append(_Statement(row.text))
                return True
            if statement.script:
                self.children(row.block)
            self._close(group)
            return True
        return False

    def _silent(self, row: Row, group: list[_Statement]) -> None:
        if _TRANSLATABLE.match(row.text):
            named = _VOICE.match(row.text)
            group.append(_Statement(row.text, None, named[1] if named else None))
            return
        if self.track_shown:
            self._show_changes_shown(row.text)
        self._close(group)

    def _branch(self, row: Row, group: list[_Statement]) -> None:
        self.children(row.block)
        self._close(group)

    def _label(self, row: Row, group: list[_Statement]) -> None:
        scanner = Scanner(row.text)
        scanner.keyword("label")
        name = self._label_name(scanner)
        scanner.bracketed()
        self._enter(name, hidden=scanner.keyword("hide"))
        self.children(row.block)
        self._close(group)

    def _label_name(self, scanner: Scanner) -> str | None:
        """`name`, `name.local`, or `.local` under the last global label."""
        name = scanner.name()
        if scanner.take("."):
            local = scanner.name()
            name = f"{name or self.global_label}.{local}"
        if name:
            self.node = name
            self.global_label = name.split(".")[0]
        return name

    def _enter(self, name: str | None, *, hidden: bool = False) -> None:
        self.shown = _NOTHING_SHOWN
        if name is None or hidden:
            return
        if name.startswith("_"):
            self.alternate = name
        else:
            self.label, self.alternate = name, None

    def _call(self, row: Row, group: list[_Statement]) -> None:
        back = _CALL_FROM.search(row.text)
        if back:
            self._enter(back[1])
        self._close(group)

    def _menu(self, row: Row, group: list[_Statement]) -> None:
        scanner = Scanner(row.text)
        scanner.keyword("menu")
        name = self._label_name(scanner)
        if name:
            self._enter(name)
            self._close(group)
        choices = []
        for item in row.block:
            if re.match(r"(?:with|set)\b", item.text):
                continue
            says = None if item.block else parse_say(item.text, self.monologue, interact=False)
            if says and says[0].who is not None:
                self._say(says, item, group)
            elif says and says[0].what:
                self.facts.captions.append((item.number, says[0].what))
            else:
                choices.append(item)
        for item in choices:
            self.children(item.block)
        self._close(group)

    def _init(self, row: Row, group: list[_Statement]) -> None:
        rest = _INIT.sub("", row.text, count=1)
        if rest.startswith("label"):
            self._label(Row(row.number, row.indent, rest, row.comment, row.block), group)
            return
        if rest.startswith("python"):
            self._python(row, group)
        elif rest.startswith(":"):
            for child in row.block:
                first = _FIRST.match(child.text)
                if first and first[0] in {"define", "default", "python", "$", "init"}:
                    _HANDLERS[first[0]](self, child, group)
        else:
            self._define(Row(row.number, row.indent, rest), group)
        self._close(group)

    def _python(self, row: Row, group: list[_Statement]) -> None:
        for line in _run_rows([row]):
            assigned = _ASSIGN.match(line.text)
            if assigned:
                self.facts.assigned.append((assigned[1], assigned[2]))
        self._close(group)

    def _define(self, row: Row, group: list[_Statement]) -> None:
        defined = _DEFINE.match(row.text)
        if defined:
            self.facts.assigned.append((defined[1], defined[2]))
        self._close(group)

    def _rpy(self, row: Row, group: list[_Statement]) -> None:
        found = _MONOLOGUE_ROW.match(row.text)
        if found:
            self.monologue = MONOLOGUE[found[1]]
        self._close(group)

    def _translate(self, row: Row, group: list[_Statement]) -> None:
        found = _TRANSLATE.match(row.text)
        if found and found[2] not in {"strings", "python"}:
            inner = _Walk(self.statements, track_shown=False)
            inner.monologue = self.monologue
            inner.children(row.block)
            voices = (_VOICE.match(child.text) for child in row.block)
            audio = next((voice[1] for voice in voices if voice), None)
            spoken = tuple(inner.facts.spoken)
            self.facts.translations.append(TranslateBlock(found[1], found[2], row.number, spoken, audio))
        self._close(group)

    def _show_changes_shown(self, text: str) -> None:
        words = text.replace(":", " ").split()
        if words[0] == "scene":
            self.shown = _NOTHING_SHOWN
        if (
            words[0] not in {"show", "scene", "hide"}
            or len(words) < 2
            or words[1] in {"screen", "expression", "layer"}
        ):
            return
        tag, attributes = words[1], []
        for word in words[2:]:
            if word in _IMAGE_CLAUSES:
                break
            attributes.append(word)
        if "as" in words[:-1]:
            tag = words[words.index("as") + 1]
        if words[0] == "hide":
            self._set_shown(tag, None)
        elif attributes or tag not in self.shown:
            self._set_shown(tag, tuple(attributes))

    def _say_changes_shown(self, say: Say) -> None:
        """Attributes of a say stay until the next ones; those after `@` do not."""
        if say.who and say.attributes:
            given = tuple(word for word in say.attributes if not word.startswith("-"))
            self._set_shown(shown_by_say(say.who), given)

    def _set_shown(self, name: str, attributes: tuple[str, ...] | None) -> None:
        """A new mapping, whose last entry is the newest: says keep the one they were read under."""
        kept = {other: given for other, given in self.shown.items() if other != name}
        self.shown = kept if attributes is None else {**kept, name: attributes}


class _Statement(NamedTuple):
    """One translatable statement of an open group."""

    code: str
    spoken: Spoken | None = None
    audio: str | None = None


_HANDLERS: dict[str, Callable[[_Walk, Row, list[_Statement]], None]] = {
    "label": _Walk._label,
    "menu": _Walk._menu,
    "init": _Walk._init,
    "python": _Walk._python,
    "$": _Walk._python,
    "define": _Walk._define,
    "default": _Walk._define,
    "translate": _Walk._translate,
    "call": _Walk._call,
    "rpy": _Walk._rpy,
    **dict.fromkeys(_BRANCHES, _Walk._branch),
    **dict.fromkeys(_SILENT, _Walk._silent),
}
