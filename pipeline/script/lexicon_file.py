"""The pronunciation lexicon of a script: a mapping in its head, a YAML file, or a W3C PLS file."""

from __future__ import annotations

from pathlib import Path

from pipeline.script.model import LexiconEntry, Span
from pipeline.script.nodes import Mapping, Node, Scalar, YamlError, compose
from pipeline.script.schema import LexiconForm
from pipeline.script.source import Findings, Source, read_source
from pipeline.script.validate import describe, read_form

PLS_SUFFIXES = (".pls", ".xml")


def read_lexicon(node: Node, source: Source, findings: Findings) -> tuple[LexiconEntry, ...]:
    """The entries under `lexicon:`, in order; those that cannot be used are noted as problems."""
    if isinstance(node, Mapping):
        return _from_mapping(node, source, findings)
    if not isinstance(node, Scalar) or node.missing:
        message = f"'lexicon' must be words with pronunciations or a file, not {describe(node)}"
        findings.error(source.name, node.row, message)
        return ()
    name = (Path(source.name).parent / node.text).as_posix()
    other = read_source(source.path.parent / node.text, name, findings, (source.name, node.row))
    if other is None:
        return ()
    if other.path.suffix.lower() in PLS_SUFFIXES:
        return _from_pls(other, findings)
    try:
        root = compose(other, findings)
    except YamlError as error:
        findings.problems.append(error.problem)
        return ()
    if isinstance(root, Mapping) and len(root.entries) == 1 and isinstance(root.get("lexicon"), Mapping):
        root = root.get("lexicon")
    if not isinstance(root, Mapping):
        findings.error(other.name, 1, "a lexicon file must hold words with pronunciations")
        return ()
    return _from_mapping(root, other, findings)


def _from_mapping(node: Mapping, source: Source, findings: Findings) -> tuple[LexiconEntry, ...]:
    found = (_entry(key, value, source, findings) for key, value in node.entries)
    return tuple(entry for entry in found if entry is not None)


def _entry(key: Scalar, value: Node, source: Source, findings: Findings) -> LexiconEntry | None:
    span = Span(source.name, key.row, key.start, key.end)
    if isinstance(value, Scalar):
        return _checked(key.text, value.text, span, findings)
    form = read_form(LexiconForm, value, source.name, findings, f"lexicon word '{key.text}'")
    if form is None:
        return None
    if (form.phonemes is None) == (form.respelling is None):
        message = f"lexicon word '{key.text}' needs either 'phonemes' or 'respelling'"
        findings.error(source.name, key.row, message)
        return None
    if form.respelling is not None:
        return LexiconEntry(key.text, None, form.respelling, span)
    return _checked(key.text, f"/{(form.phonemes or '').strip('/')}/", span, findings)


def _checked(word: str, value: str, span: Span, findings: Findings) -> LexiconEntry | None:
    from pipeline.text.pronunciation import check_entry, parse_entry

    fault = check_entry(word, value)
    if fault is not None:
        findings.error(span.file, span.line, fault)
        return None
    phonemes, respelling = parse_entry(word, value)
    return LexiconEntry(word, phonemes, respelling, span)


def _from_pls(source: Source, findings: Findings) -> tuple[LexiconEntry, ...]:
    """Source: W3C Pronunciation Lexicon Specification 1.0, sections 4.1-4.7."""
    from xml.parsers import expat

    if "<!DOCTYPE" in source.text or "<!ENTITY" in source.text:
        findings.error(source.name, 1, "a lexicon may not declare a DOCTYPE or entities", "take it out")
        return ()
    reader = _PlsReader(source, findings)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, given: reader.start(name, given, parser.CurrentLineNumber)
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        parser.Parse(source.text.removeprefix("\ufeff"), True)
    except expat.ExpatError as error:
        findings.error(source.name, error.lineno, f"this is not XML: {expat.ErrorString(error.code)}")
        return ()
    if not reader.entries and not findings.failed:
        findings.warn(source.name, 1, "the lexicon holds no words")
    return tuple(reader.entries)


class _PlsReader:
    """Takes the XML parser's events; knows lexeme, grapheme, phoneme and alias."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self.source = source
        self.findings = findings
        self.entries: list[LexiconEntry] = []
        self.alphabet = ""
        self.row = 1
        self.graphemes: list[tuple[str, int]] = []
        self.value: str | None = None
        self.text = ""
        self.depth = 0

    def start(self, name: str, given: dict[str, str], row: int) -> None:
        """An element begins."""
        tag, self.row, self.text = name.rpartition(":")[2], row, ""
        if self.depth == 0 and tag != "lexicon":
            self.findings.error(self.source.name, row, f"a PLS file starts with <lexicon>, not <{tag}>")
        self.depth += 1
        if tag == "lexicon":
            self.alphabet = given.get("alphabet", "")
        elif tag == "lexeme":
            self.graphemes, self.value = [], None
        elif tag == "phoneme" and given.get("alphabet", self.alphabet) != "ipa":
            used = given.get("alphabet", self.alphabet)
            self.findings.error(self.source.name, row, f"phonemes must be in alphabet 'ipa', not '{used}'")

    def characters(self, text: str) -> None:
        """Text within an element."""
        self.text += text

    def end(self, name: str) -> None:
        """An element is over; the first phoneme or alias of a lexeme counts, as the standard prefers it."""
        self.depth -= 1
        tag, text = name.rpartition(":")[2], self.text.strip()
        self.text = ""
        if tag == "grapheme":
            self.graphemes.append((text, self.row))
        elif tag == "phoneme" and self.value is None:
            self.value = f"/{text}/"
        elif tag == "alias" and self.value is None:
            self.value = text
        elif tag == "lexeme":
            self.finish()

    def finish(self) -> None:
        """A lexeme is complete."""
        if not self.graphemes or not self.value:
            message = "a lexeme needs a grapheme, and a phoneme or alias"
            self.findings.error(self.source.name, self.row, message)
            return
        for word, row in self.graphemes:
            entry = _checked(word, self.value, Span(self.source.name, row, 0, 0), self.findings)
            if entry is not None:
                self.entries.append(entry)
