"""YAML as nodes that know where they stand; every scalar is the text that its author wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import Problem
from pipeline.script.source import Findings, Source

# Deeper than any script, and shallow enough for every reader of nodes to recurse.
MAX_DEPTH = 40
# How many times larger than written aliases may make a file; an "alias bomb" is millions.
MAX_GROWTH = 4
FREE_NODES = 1000
_STANDARD_TAGS = "tag:yaml.org,2002:"


@dataclass(frozen=True, eq=False)
class Scalar:
    """Text between characters [start, end); `style` is YAML's: None for plain, or one of ' \" | >."""

    text: str
    style: str | None
    start: int
    end: int
    row: int
    size: int = 1

    @property
    def missing(self) -> bool:
        """Whether nothing stands there, as after `author:`."""
        return self.style is None and self.text == ""


@dataclass(frozen=True, eq=False)
class Mapping:
    """Keys with their values, in order."""

    entries: tuple[tuple[Scalar, Node], ...]
    start: int
    end: int
    row: int
    size: int

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        return next((value for name, value in self.entries if name.text == key), None)

    def key(self, key: str) -> Scalar | None:
        """The key itself, for its place."""
        return next((name for name, _ in self.entries if name.text == key), None)


@dataclass(frozen=True, eq=False)
class Sequence:
    """Values in order."""

    items: tuple[Node, ...]
    start: int
    end: int
    row: int
    size: int


Node = Scalar | Mapping | Sequence


class YamlError(Exception):
    """Reading stops here; the problem is for the author. Never leaves this room."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def plain(node: Node) -> Any:
    """The node as dict, list and str; a value that is not there is None."""
    if isinstance(node, Scalar):
        return None if node.missing else node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.entries}


def locate(node: Node, path: tuple[int | str, ...]) -> Node:
    """The node at the end of `path`, or the last one on it that exists (other parts are skipped)."""
    for part in path:
        if isinstance(node, Mapping) and (found := node.get(str(part))) is not None:
            node = found
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
    return node


def compose(source: Source, findings: Findings, start: int = 0, end: int | None = None) -> Node | None:
    """The nodes of the YAML in characters [start, end) of a file; None if there is only white space.

    A key that is given twice is noted in `findings` and keeps its first value, so that reading goes on.

    Raises:
        YamlError: it is not YAML, or YAML that scripts do not use (tags, two documents, alias bombs).
    """
    return _Composer(source, findings, start, len(source.text) if end is None else end).compose()


@dataclass
class _Open:
    """A collection whose end has not come yet."""

    event: Any
    children: list[Node] = field(default_factory=list)


class _Composer:
    """Makes nodes of events without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, source: Source, findings: Findings, start: int, end: int) -> None:
        mark = 1 if source.text.startswith("\ufeff", start) else 0
        self.source = source
        self.findings = findings
        self.base = start + mark
        self.text = source.text[self.base : end]
        self.anchors: dict[str, Node | None] = {}
        self.open: list[_Open] = []
        self.root: Node | None = None
        self.count = 0

    def compose(self) -> Node | None:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        documents = 0
        try:
            event: Any
            for event in yaml.parse(self.text, Loader=loader):
                documents += isinstance(event, yaml.DocumentStartEvent)
                if documents > 1:
                    raise self.problem(event.start_mark.index, "a second YAML document starts with '---'")
                self.take(event, yaml)
        except yaml.MarkedYAMLError as error:
            raise YamlError(self.translate(error)) from error
        except yaml.YAMLError as error:
            raise self.problem(0, f"this is not YAML: {str(error).splitlines()[0]}") from error
        if self.root is not None and self.root.size > MAX_GROWTH * self.count + FREE_NODES:
            raise self.problem(0, "aliases (*name) make the file many times larger", "write values out")
        return self.root

    def take(self, event: Any, yaml: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self.check_tag(event)
            self.add(event, self.scalar(event))
        elif isinstance(event, yaml.AliasEvent):
            self.add(None, self.alias(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self.check_tag(event)
            if len(self.open) >= MAX_DEPTH:
                raise self.problem(event.start_mark.index, f"nested deeper than {MAX_DEPTH} levels")
            if event.anchor:
                self.anchors[event.anchor] = None
            self.open.append(_Open(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.open.pop()
            end = self.base + event.end_mark.index
            is_mapping = isinstance(done.event, yaml.MappingStartEvent)
            self.add(done.event, self.mapping(done, end) if is_mapping else self.sequence(done, end))

    def add(self, event: Any, node: Node) -> None:
        if event is not None:
            self.count += 1
            if event.anchor:
                self.anchors[event.anchor] = node
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.root = node

    def scalar(self, event: Any) -> Scalar:
        start, end = self.base + event.start_mark.index, self.base + event.end_mark.index
        style = event.style if event.style in ("'", '"', "|", ">") else None
        return Scalar(event.value, style, start, end, self.source.row(start))

    def alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            raise self.problem(event.start_mark.index, f"no anchor '&{event.anchor}' stands above this alias")
        node = self.anchors[event.anchor]
        if node is None:
            raise self.problem(event.start_mark.index, f"alias '*{event.anchor}' stands inside itself")
        return node

    def mapping(self, done: _Open, end: int) -> Mapping:
        start = self.base + done.event.start_mark.index
        seen: dict[str, int] = {}
        entries: list[tuple[Scalar, Node]] = []
        for key, value in zip(done.children[::2], done.children[1::2], strict=True):
            if not isinstance(key, Scalar):
                raise self.problem(key.start - self.base, "a key must be a word, not a list or mapping")
            if key.text in seen:
                message = f"'{key.text}' is given twice; first in row {seen[key.text]}"
                self.findings.error(self.source.name, key.row, message, "keep one of them")
                continue
            seen[key.text] = key.row
            entries.append((key, value))
        size = 1 + sum(child.size for child in done.children)
        return Mapping(tuple(entries), start, end, self.source.row(start), size)

    def sequence(self, done: _Open, end: int) -> Sequence:
        start = self.base + done.event.start_mark.index
        size = 1 + sum(child.size for child in done.children)
        return Sequence(tuple(done.children), start, end, self.source.row(start), size)

    def check_tag(self, event: Any) -> None:
        tag = event.tag
        if tag and tag != "!" and not tag.startswith(_STANDARD_TAGS):
            raise self.problem(event.start_mark.index, f"tag '{tag}' means nothing in a script")
        if tag and tag.startswith(_STANDARD_TAGS + "python"):
            raise self.problem(event.start_mark.index, f"tag '{tag}' means nothing in a script")

    def problem(self, index: int, message: str, hint: str | None = None) -> YamlError:
        return YamlError(Problem(self.source.name, self.source.row(self.base + index), message, hint))

    def translate(self, error: Any) -> Problem:
        """The author's problem for a parser's error."""
        mark = error.problem_mark or error.context_mark
        index = min(mark.index, len(self.text)) if mark else 0
        row = self.source.row(self.base + index)
        said = " ".join(part for part in (error.context, error.problem) if part)
        if "\t" in self.text[max(index - 1, 0) : index + 1]:
            return Problem(
                self.source.name, row, "a tab stands where YAML needs spaces", "indent with spaces"
            )
        if "nesting depth" in said:  # libyaml's own limit, since PyYAML 6.0.4 met before ours
            return Problem(self.source.name, row, f"nested deeper than {MAX_DEPTH} levels")
        hint = None
        if "mapping values are not allowed" in said:
            hint = "put text that holds ': ' between quotation marks"
        elif "expected <block end>" in said or "did not find expected" in said:
            hint = "check the indentation and the quotation marks of this row and the one above"
        return Problem(self.source.name, row, f"this is not YAML: {said}", hint)
