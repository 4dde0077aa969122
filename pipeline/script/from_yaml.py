"""A script in YAML: every form of docs/script.md, each value known with its row."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import did_you_mean
from pipeline.script.cues import sound_cue
from pipeline.script.glyphs import Glyphs, collapse, joined
from pipeline.script.header import Header, read_header
from pipeline.script.model import NARRATOR, Pause, SceneBreak
from pipeline.script.nodes import Mapping, Node, Scalar, Sequence, YamlError, compose
from pipeline.script.prose import ChapterDraft, Run
from pipeline.script.reading import Reading
from pipeline.script.scalar_text import scalar_glyphs
from pipeline.script.schema import SCENE_BREAK, PauseForm, SoundForm
from pipeline.script.schema_yaml import LineForm, NamedLineForm
from pipeline.script.source import MARKDOWN_SUFFIXES, YAML_SUFFIXES, Findings, Source
from pipeline.script.speech import Speech, unknown_name
from pipeline.script.tags import tag_pattern
from pipeline.script.validate import describe, read_form, read_values, shorten

_CHAPTER_KEYS = ("title", "lines", "file")


def read_yaml(source: Source, findings: Findings) -> Reading | None:
    """The book in a YAML file; None if it is no YAML. All problems are in `findings`."""
    root = _compose(source, findings)
    if root is None:
        return None
    header: Header = read_header(root, source, findings, ("chapters",))
    reading = Reading(header, source, findings)
    chapters = root.get("chapters") if isinstance(root, Mapping) else None
    if chapters is None:
        findings.error(source.name, root.row, "the script has no 'chapters'", "add 'chapters:' with a list")
    else:
        _read_chapters(chapters, source, reading)
    source.silence_rest("yaml-syntax")
    return reading


def _compose(source: Source, findings: Findings) -> Node | None:
    try:
        root = compose(source, findings)
    except YamlError as error:
        findings.problems.append(error.problem)
        return None
    if root is None:
        findings.error(source.name, 1, "the file holds nothing but comments")
    return root


def _read_chapters(node: Node, source: Source, reading: Reading) -> None:
    if not isinstance(node, Sequence):
        reading.findings.error(source.name, node.row, f"'chapters' must be a list, not {describe(node)}")
        return
    if not node.items:
        reading.findings.error(source.name, node.row, "the list of chapters is empty")
    for item in node.items:
        _read_chapter(item, source, reading)


def _read_chapter(node: Node, source: Source, reading: Reading) -> None:
    findings = reading.findings
    if not isinstance(node, Mapping):
        hint = "write '- title: ...' with 'lines:' below it, or '- file: ...'"
        findings.error(source.name, node.row, f"a chapter must be a mapping, not {describe(node)}", hint)
        return
    for key, _ in node.entries:
        if key.text not in _CHAPTER_KEYS:
            hint = did_you_mean(key.text, _CHAPTER_KEYS)
            findings.error(source.name, key.row, f"no key '{key.text}' in a chapter", hint)
    title = _text_of(node, "title", source, findings)
    file = _text_of(node, "file", source, findings)
    lines = node.get("lines")
    if file is not None:
        if lines is not None:
            findings.error(source.name, node.row, "a chapter has both 'file' and 'lines'", "keep one of them")
        else:
            source.silence(file.start, file.end, "include")
            _include(file, title, source, reading)
        return
    draft = ChapterDraft(title.text if title else "", source.span(node.start, max(node.end, node.start + 1)))
    reading.chapters.append(draft)
    if title is not None:
        read_title(title, draft, source, reading)
    if not isinstance(lines, Sequence):
        shown = "" if lines is None else f", not {describe(lines)}"
        hint = "add 'lines:' with a list, or 'file: ...'"
        findings.error(source.name, (lines or node).row, f"a chapter needs a list of 'lines'{shown}", hint)
        return
    for item in lines.items:
        _read_line(item, draft, source, reading)


def _text_of(node: Mapping, key: str, source: Source, findings: Findings) -> Scalar | None:
    value = node.get(key)
    if value is None:
        return None
    if isinstance(value, Scalar) and value.text.strip():
        return value
    findings.error(source.name, value.row, f"'{key}' of a chapter must be text, not {describe(value)}")
    return None


def _include(file: Scalar, title: Scalar | None, source: Source, reading: Reading) -> None:
    """Reads a chapter file of either form; a title beside `file` names and opens its first chapter."""
    other = reading.include(file.text, source, file.row)
    if other is None:
        return
    suffix = Path(file.text).suffix.lower()
    if suffix in YAML_SUFFIXES:
        _include_yaml(other, title, source, reading)
    elif suffix in MARKDOWN_SUFFIXES:
        from pipeline.script.from_markdown import read_markdown_chapters

        read_markdown_chapters(other, reading, _titled_draft(title, source, reading))
    else:
        message = f"chapter file '{file.text}' is neither YAML nor Markdown"
        reading.findings.error(source.name, file.row, message, "name it .yaml or .md")


def _titled_draft(title: Scalar | None, source: Source, reading: Reading) -> ChapterDraft | None:
    if title is None:
        return None
    draft = ChapterDraft(title.text, source.span(title.start, title.end))
    reading.chapters.append(draft)
    read_title(title, draft, source, reading)
    return draft


def _include_yaml(other: Source, title: Scalar | None, source: Source, reading: Reading) -> None:
    root = _compose(other, reading.findings)
    reading.open_files.append(other.path.resolve())
    if isinstance(root, Mapping) and root.get("chapters") is not None:
        for key, _ in root.entries:
            if key.text != "chapters":
                message = f"'{key.text}' belongs into the script itself, not into a chapter file"
                reading.findings.error(other.name, key.row, message)
        if title is not None:
            message = f"'{shorten(title.text)}' cannot title a file with chapters of its own"
            reading.findings.error(source.name, title.row, message, "take the title away")
        chapters = root.get("chapters")
        assert chapters is not None
        _read_chapters(chapters, other, reading)
    elif isinstance(root, Mapping) and title is not None:
        message = f"'{shorten(title.text)}' is a second title: the chapter file has its own 'title'"
        if root.get("title") is not None:
            reading.findings.error(source.name, title.row, message, "keep one of them")
        draft = _titled_draft(title, source, reading)
        lines = root.get("lines")
        if draft is not None and isinstance(lines, Sequence):
            for item in lines.items:
                _read_line(item, draft, other, reading)
    elif root is not None:
        _read_chapter(root, other, reading)
    reading.open_files.pop()
    other.silence_rest("yaml-syntax")


def read_title(title: Scalar, draft: ChapterDraft, source: Source, reading: Reading) -> None:
    """Adds a chapter's spoken title, or leaves it silent where the book announces no chapters."""
    glyphs = scalar_glyphs(title, source)
    speech = reading.roles.speech(NARRATOR)
    if not reading.header.book.announce_chapters:
        source.silence(title.start, title.end, "unspoken-title")
        return
    draft.paragraph(source, [Run(_collapsed(joined(glyphs)), speech)], title=True)


def _read_line(node: Node, draft: ChapterDraft, source: Source, reading: Reading) -> None:
    if isinstance(node, Scalar):
        if node.style is None and node.text == SCENE_BREAK:
            source.silence(node.start, node.end, "scene-break")
            draft.cue(SceneBreak(source.span(node.start, node.end)))
        else:
            _speak(node, reading.roles.speech(NARRATOR), draft, source, reading)
    elif isinstance(node, Sequence):
        message = "a line must be text or a mapping, not a list"
        reading.findings.error(source.name, node.row, message, "take one of the dashes away")
    elif node.get("pause") is not None:
        form = read_form(PauseForm, node, source.name, reading.findings, "a pause")
        source.silence(node.start, node.end, "pause-cue")
        if form is not None:
            draft.cue(Pause(form.pause, source.span(node.start, node.end)))
    elif node.get("sound") is not None:
        _read_sound(node, draft, source, reading.findings)
    elif node.get("text") is not None or node.get("character") is not None:
        _read_long_line(node, draft, source, reading)
    elif len(node.entries) == 1:
        _read_named_line(node, draft, source, reading)
    else:
        keys = ", ".join(key.text for key, _ in node.entries)
        hint = "write '- Name: text', or '- {character: Name, text: ..., emotion: ...}'"
        reading.findings.error(
            source.name, node.row, f"this is no line: it has the keys {keys or '(none)'}", hint
        )


def _read_sound(node: Mapping, draft: ChapterDraft, source: Source, findings: Findings) -> None:
    source.silence(node.start, node.end, "sound-cue")
    body = node.get("sound")
    for key, _ in node.entries:
        if key.text != "sound":
            hint = "its keys belong below 'sound:', as in 'sound: {file: a.wav, gain: -6}'"
            findings.error(source.name, key.row, f"no key '{key.text}' beside 'sound'", hint)
    assert body is not None
    if isinstance(body, Scalar):
        form = read_values(SoundForm, {"file": body.text}, (source.name, body.row), findings, "a sound")
    else:
        form = read_form(SoundForm, body, source.name, findings, "a sound")
    if form is not None:
        draft.cue(sound_cue(form, source, node.start, node.end))


def _read_long_line(node: Mapping, draft: ChapterDraft, source: Source, reading: Reading) -> None:
    named = node.get("character")
    owner = f"a line of {named.text}" if isinstance(named, Scalar) else "a line"
    form = read_form(LineForm, node, source.name, reading.findings, owner)
    text = node.get("text")
    if form is None or not isinstance(text, Scalar):
        return
    name = form.character or NARRATOR
    if named is not None and not _is_declared(name, named.row, source, reading):
        return
    _speak(text, reading.roles.speech(name, form), draft, source, reading)


def _read_named_line(node: Mapping, draft: ChapterDraft, source: Source, reading: Reading) -> None:
    key, body = node.entries[0]
    if not _is_declared(key.text, key.row, source, reading):
        return
    source.silence(key.start, key.end, "speaker-label")
    if isinstance(body, Scalar):
        _speak(body, reading.roles.speech(key.text), draft, source, reading)
        return
    form = read_form(NamedLineForm, body, source.name, reading.findings, f"a line of {key.text}")
    text = body.get("text") if isinstance(body, Mapping) else None
    if form is not None and isinstance(text, Scalar):
        _speak(text, reading.roles.speech(key.text, form), draft, source, reading)


def _is_declared(name: str, row: int, source: Source, reading: Reading) -> bool:
    if name in reading.roles.by_name or name == NARRATOR:
        return True
    message, hint = unknown_name(name, reading.roles)
    if " " in name or len(name) > 20:
        hint += "; put narration that holds ': ' between quotation marks"
    reading.findings.error(source.name, row, message, hint)
    return False


def _speak(scalar: Scalar, speech: Speech, draft: ChapterDraft, source: Source, reading: Reading) -> None:
    """Adds the lines of one text scalar."""
    if not scalar.text.strip():
        who = "a line" if speech.character == NARRATOR else speech.character
        reading.findings.error(
            source.name, scalar.row, f"{who} says nothing", "write text, or use 'pause: 1.2'"
        )
        return
    if source.is_spoken(scalar.start, scalar.end):
        message = f"'{shorten(scalar.text)}' is spoken already; an alias cannot say it again"
        reading.findings.error(source.name, scalar.row, message, "write the text out")
        return
    paragraphs = scalar_glyphs(scalar, source)
    if speech.line_id is not None:
        paragraphs = [joined(paragraphs)]  # an ID names one line
    for glyphs in paragraphs:
        _warn_of_tags(glyphs, source, reading.findings)
        if not draft.paragraph(source, [Run(_collapsed(glyphs), speech)]):
            message = f"nothing to say in '{shorten(scalar.text)}'"
            reading.findings.warn(source.name, scalar.row, message, "use 'pause: 1.2' for a silence")


def _warn_of_tags(glyphs: Glyphs, source: Source, findings: Findings) -> None:
    """A YAML text has no markup: a tag in it is a slip, for its name is read aloud."""
    text = glyphs.text
    if "<" not in text:
        return
    for found in tag_pattern().finditer(text):
        row = source.row(glyphs.starts[found.start()])
        message = f"'{found[0]}' is spoken as text: a text in YAML has no tags"
        findings.warn(source.name, row, message, "take it out, or keep the chapter in a Markdown file")


def _collapsed(glyphs: Glyphs) -> Glyphs:
    return collapse(glyphs, glyphs.starts)[0]
