"""What readers of a script's files share while one book is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.script.header import Header
from pipeline.script.prose import ChapterDraft
from pipeline.script.source import Findings, Source, read_source
from pipeline.script.speech import Roles


@dataclass
class Reading:
    """One book being read: its head, the chapters so far, every file opened.

    `open_files` are those that include one another at this moment, outermost first.
    """

    header: Header
    root: Source
    findings: Findings
    sources: list[Source] = field(default_factory=list)
    chapters: list[ChapterDraft] = field(default_factory=list)
    open_files: list[Path] = field(default_factory=list)
    roles: Roles = field(init=False)

    def __post_init__(self) -> None:
        self.roles = self.header.roles
        self.sources.append(self.root)
        self.open_files.append(self.root.path.resolve())

    def include(self, written: str, source: Source, row: int) -> Source | None:
        """The chapter file that `source` names in `row`; None with the problem noted."""
        place = (source.name, row)
        path = source.path.parent / written
        resolved = path.resolve()
        if Path(written).is_absolute() or not resolved.is_relative_to(self.root.path.resolve().parent):
            self.findings.error(
                *place, f"chapter file '{written}' is outside the script's folder", "move it there"
            )
            return None
        if resolved in self.open_files:
            names = " -> ".join(each.name for each in [*self.open_files, resolved])
            self.findings.error(*place, f"chapter files include one another: {names}")
            return None
        if any(each.path.resolve() == resolved for each in self.sources):
            self.findings.error(*place, f"chapter file '{written}' is included twice")
            return None
        name = (Path(source.name).parent / written).as_posix()
        found = read_source(path, name, self.findings, place)
        if found is not None:
            self.sources.append(found)
        return found
