"""One say statement of Ren'Py: reading it and writing it back as the engine does when it hashes it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.game.formats.renpy_rows import STRING

# Source: renpy:renpy/lexer.py (KEYWORDS, IMAGE_KEYWORDS, OPERATORS).
_KEYWORDS = frozenset({"as", "if", "in", "return", "with", "while"})
_IMAGE_KEYWORDS = frozenset({"behind", "at", "onlayer", "with", "zorder", "transform"})
_RESERVED = _KEYWORDS | _IMAGE_KEYWORDS
_OPERATOR = re.compile(
    r"<>|<<|<=|<|>>|>=|>|!=|==|\||\^|&|\+|-|\*\*|\*|//|/|%|~|@|:=|\bor\b|\band\b|\bnot\b|\bin\b|\bis\b"
)
_BLANK = re.compile(r"(?:[ \t\n]|\\\n)*")
_WORD = re.compile(r"[a-zA-Z_\u0080-\U0010FFFF][a-zA-Z0-9_\u0080-\U0010FFFF]*")
_ATTRIBUTE = re.compile(r"[-0-9a-zA-Z_\u00a0-\ufffd]+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PYTHON_STRING = re.compile(rf"(?:[rRuUbBfF]{{1,2}})?(?:{STRING})", re.DOTALL)
_TRIPLE = re.compile(
    r'r?"""(?:[^\\"]|\\.|"(?!""))*"""'
    r"|r?'''(?:[^\\']|\\.|'(?!''))*'''"
    r"|r?```(?:[^\\`]|\\.|`(?!``))*```",
    re.DOTALL,
)
_SINGLE = re.compile(r'r?"(?:[^\\"]|\\.)*"' r"|r?'(?:[^\\']|\\.)*'" r"|r?`(?:[^\\`]|\\.)*`", re.DOTALL)
_ESCAPE = re.compile(r"\\(u([0-9a-fA-F]{1,4})|.)")
_DOUBLED = {"{": "{{", "[": "[[", "%": "%%", "n": "\n"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
# The usual row: `e happy @ glad "Text."`, in which no rule of expressions matters.
_USUAL = re.compile(
    r"(?:(?P<who>[a-zA-Z_]\w*)[ ]+(?P<attributes>(?:[-\w]+[ ]+)*?)"
    r"(?:@[ ]*(?P<temporary>(?:[-\w]+[ ]+)*?))?)?"
    r""""(?!"")(?P<what>[^"\\]*(?:\\.[^"\\]*)*)"\s*""",
    re.DOTALL,
)
MONOLOGUE = {"double": "\n\n", "single": "\n", "none": ""}


class Say(NamedTuple):
    """A say statement.

    Attributes:
        who: the expression of its speaker as written; None for the narrator.
        what: the text, escapes resolved.
        arguments: as the engine writes them back, in brackets.
        given_id: the ID of an `id` clause.
    """

    who: str | None
    what: str
    attributes: tuple[str, ...] | None = None
    temporary: tuple[str, ...] | None = None
    interact: bool = True
    arguments: str | None = None
    with_: str | None = None
    given_id: str | None = None

    @property
    def code(self) -> str:
        """The statement as the engine hashes it. Source: renpy:renpy/ast.py (Say.get_code)."""
        parts = [self.who] if self.who else []
        parts += self.attributes or ()
        if self.temporary:
            parts += ["@", *self.temporary]
        parts.append(encoded(self.what))
        if not self.interact:
            parts.append("nointeract")
        if self.given_id:
            parts += ["id", self.given_id]
        if self.arguments:
            parts.append(self.arguments)
        if self.with_:
            parts += ["with", self.with_]
        return " ".join(parts)


def encoded(what: str) -> str:
    """Text as a string of a script. Source: renpy:renpy/translation/__init__.py (encode_say_string)."""
    escaped = what.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    if "  " in escaped:
        escaped = re.sub(r"(?<= ) ", "\\\\ ", escaped)
    return f'"{escaped}"'


def decoded(inner: str) -> str:
    """The text between quotes, blanks collapsed, escapes resolved. Source: renpy:renpy/lexer.py (string)."""
    if "  " in inner or "\n" in inner:
        inner = re.sub(r"[ \n]+", " ", inner)
    return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def _unescape(found: re.Match[str]) -> str:
    letter = found[1]
    if letter[0] == "u":
        return chr(int(found[2], 16)) if found[2] else ""
    return _DOUBLED.get(letter, letter)


def parse_say(text: str, monologue: str = "\n\n", *, interact: bool = True) -> list[Say] | None:
    """The say statements of a row, several if it is a monologue in triple quotes; None if it is none.

    Args:
        text: the row without indent and comment.
        monologue: what divides a monologue; empty if nothing does.
        interact: False for the caption of a menu.
    Source: renpy:renpy/parser.py (say_statement, finish_say).
    """
    usual = _USUAL.fullmatch(text)
    if usual and (usual["who"] is None or not _special(usual)):
        attributes = tuple((usual["attributes"] or "").split()) or None
        temporary = tuple((usual["temporary"] or "").split()) or None
        return [Say(usual["who"], decoded(usual["what"]), attributes, temporary, interact)]
    return _parse_one(text, monologue, interact) or _parse_two(text, monologue, interact)


def _special(usual: re.Match[str]) -> bool:
    if usual["who"] in _KEYWORDS:
        return True
    words = [*usual["attributes"].split(), *(usual["temporary"] or "").split()]
    return any(word in _RESERVED or word[:2] == "--" or word == "-" for word in words)


def _parse_one(text: str, monologue: str, interact: bool) -> list[Say] | None:
    scanner = Scanner(text)
    what = scanner.triple(monologue) if scanner.at_triple() else scanner.string()
    if what is None:
        return None
    says = _finish(scanner, None, what, None, None, interact)
    return says if scanner.at_end() else None


def _parse_two(text: str, monologue: str, interact: bool) -> list[Say] | None:
    scanner = Scanner(text)
    who = scanner.expression(operator=False)
    if not who:
        return None
    attributes = scanner.attributes()
    temporary = scanner.attributes() if scanner.take("@") else None
    what = scanner.triple(monologue) if scanner.at_triple() else scanner.string()
    if what is None:
        return None
    says = _finish(scanner, who, what, attributes, temporary, interact)
    return says if scanner.at_end() else None


def _finish(
    scanner: Scanner,
    who: str | None,
    what: str | list[str],
    attributes: tuple[str, ...] | None,
    temporary: tuple[str, ...] | None,
    interact: bool,
) -> list[Say]:
    with_ = given_id = arguments = None
    while True:
        if scanner.keyword("nointeract"):
            interact = False
        elif scanner.keyword("with"):
            with_ = scanner.expression()
        elif scanner.keyword("id"):
            given_id = scanner.name()
        else:
            found = scanner.arguments()
            if found is None:
                break
            arguments = found
    texts = [what] if isinstance(what, str) else what
    return [Say(who, text, attributes, temporary, interact, arguments, with_, given_id) for text in texts]


class Scanner:
    """A position in one row. Knows the row's words, strings and expressions; makes no statement of them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def at_end(self) -> bool:
        """Whether nothing but blanks is left."""
        self._skip()
        return self.position >= len(self.text)

    def take(self, literal: str) -> bool:
        """Whether this comes next; it is taken then."""
        self._skip()
        if self.text.startswith(literal, self.position):
            self.position += len(literal)
            return True
        return False

    def keyword(self, word: str) -> bool:
        """Whether this word comes next, as a whole; it is taken then."""
        self._skip()
        found = _WORD.match(self.text, self.position)
        if found is None or found[0] != word:
            return False
        self.position = found.end()
        return True

    def name(self) -> str | None:
        """The next word unless it is a keyword or the prefix of a string."""
        self._skip()
        found = _WORD.match(self.text, self.position)
        if found is None or found[0] in _KEYWORDS:
            return None
        if found[0] in {"r", "u", "ur"} and self.text[found.end() : found.end() + 1] in {'"', "'", "`"}:
            return None
        self.position = found.end()
        return found[0]

    def attributes(self) -> tuple[str, ...] | None:
        """Words of an image, `-word` for one that is taken off; None if there are none."""
        words: list[str] = []
        while True:
            self._skip()
            start = self.position
            minus = "-" if self.take("-") else ""
            self._skip()
            found = _ATTRIBUTE.match(self.text, self.position)
            quoted = (
                found and found[0] in {"r", "u"} and self.text[found.end() : found.end() + 1] in set("\"'`")
            )
            if found is None or quoted or found[0] in _KEYWORDS or found[0] in _IMAGE_KEYWORDS:
                self.position = start
                return tuple(words) or None
            self.position = found.end()
            words.append(minus + found[0])

    def at_triple(self) -> bool:
        """Whether a string in triple quotes comes next."""
        self._skip()
        return _TRIPLE.match(self.text, self.position) is not None

    def string(self) -> str | None:
        """The next string's text."""
        self._skip()
        found = _SINGLE.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found[0][2:-1] if found[0][0] == "r" else decoded(found[0][1:-1])

    def triple(self, monologue: str) -> list[str] | str:
        """The texts of the next monologue; a raw one is a single text.

        Source: renpy:renpy/lexer.py (triple_string).
        """
        found = _TRIPLE.match(self.text, self.position)
        assert found is not None
        self.position = found.end()
        if found[0][0] == "r":
            return found[0][4:-3]
        inner = re.sub(r" *\n *", "\n", found[0][3:-3])
        blanks = r"[ \n]+" if monologue else r" +"
        pieces = inner.split(monologue) if monologue else [inner]
        return [
            _ESCAPE.sub(_unescape, re.sub(blanks, " ", piece.strip())) for piece in pieces if piece.strip()
        ]

    def expression(self, *, operator: bool = True) -> str | None:
        """A simple expression of Python: names, calls, subscripts.

        Source: renpy:renpy/lexer.py (simple_expression).
        """
        start = self.position
        while True:
            while self._operator():
                pass
            if self.at_end() or not (
                self._python_string() or self.name() or self._number() or self._bracketed()
            ):
                break
            while not self.at_end():
                if self.take("."):
                    found = _WORD.match(self.text, self.position)
                    self.position = found.end() if found else self.position
                elif not self._bracketed():
                    break
            if not (operator and self._operator()):
                break
        return self.text[start : self.position].strip() or None

    def arguments(self) -> str | None:
        """Arguments in brackets as the engine writes them back.

        Source: renpy:renpy/parser.py (parse_arguments); renpy/parameter.py (ArgumentInfo.get_code).
        """
        if not self.take("("):
            return None
        parts: list[str] = []
        while not self.take(")"):
            if self.at_end():
                return None
            stars = "**" if self.take("**") else "*" if self.take("*") else ""
            keyword = "" if stars else self._argument_name()
            self._skip()
            start = self.position
            self._to_any_of("),")
            parts.append(stars + keyword + self.text[start : self.position])
            self.take(",")
        return "(" + ", ".join(parts) + ")"

    def bracketed(self) -> bool:
        """Passes what stands in brackets, if a bracket comes next."""
        self._skip()
        return self._bracketed()

    def _argument_name(self) -> str:
        start = self.position
        self._skip()
        found = _WORD.match(self.text, self.position)
        if found:
            self.position = found.end()
            if self.take("=") and not self.text.startswith("=", self.position):
                return found[0] + "="
        self.position = start
        return ""

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.position)
        if found:
            self.position = found.end()

    def _operator(self) -> bool:
        self._skip()
        found = _OPERATOR.match(self.text, self.position)
        if found is None:
            return False
        self.position = found.end()
        return True

    def _number(self) -> bool:
        found = _NUMBER.match(self.text, self.position)
        if found is None:
            return False
        self.position = found.end()
        return True

    def _python_string(self) -> bool:
        self._skip()
        found = _PYTHON_STRING.match(self.text, self.position)
        if found is None or found[0].lstrip("rRuUbBfF").startswith("`"):
            return False
        self.position = found.end()
        return True

    def _bracketed(self) -> bool:
        closing = _CLOSING.get(self.text[self.position : self.position + 1])
        if closing is None:
            return False
        self.position += 1
        self._to_any_of(closing)
        self.position += 1
        return True

    def _to_any_of(self, closing: str) -> None:
        while self.position < len(self.text) and self.text[self.position] not in closing:
            found = _PYTHON_STRING.match(self.text, self.position)
            if found:
                self.position = found.end()
            elif not self._bracketed():
                self.position += 1
