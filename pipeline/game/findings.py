"""The codes of lint and of packs: what each means, how bad it is unless a project says so, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.game.line import Finding, Severity


@dataclass(frozen=True)
class Code:
    """One rule: its default severity, a title of a few words, and help for whoever meets it.

    `by_engine` is the severity for engines where the same thing is worse or better than usual.
    """

    severity: Severity
    title: str
    help: str
    by_engine: tuple[tuple[str, Severity], ...] = ()


@dataclass(frozen=True, order=True)
class Judged:
    """A finding with the severity that holds in this project, ready to be reported. Sorts by place.

    `key` is the line's ID, or its text where it has none: what a finding is recognised by after rows moved.
    """

    file: str
    row: int
    code: str
    severity: Severity
    message: str
    id: str | None = None
    locale: str | None = None
    key: str = ""

    def __str__(self) -> str:
        suffix = f" [{self.id}]" if self.id is not None else ""
        return f"{self.file}:{self.row}: {self.code}: {self.message}{suffix}"


CODES: dict[str, Code] = {
    "D001": Code(
        "error",
        "line has no ID",
        "A sound file is found by its line's ID, and an ID that a tool makes up changes when lines are "
        "inserted. Run the format's own tool (`ysc tag`, DinkCompiler) and commit what it writes.",
    ),
    "D002": Code(
        "error",
        "ID is used twice",
        "Two lines with one ID share one sound file. Give the later one another ID.",
    ),
    "D003": Code(
        "error",
        "unknown character",
        "The speaker is not in the cast, or differs by one letter from one that speaks far more often. "
        "Correct the name, or add it to `cast`, to characters.json, or as a Character in the game.",
    ),
    "D004": Code(
        "error",
        "implausible speaker",
        "All that stands before the first colon is taken as the speaker. Escape the colon: `\\:`.",
    ),
    "D005": Code(
        "error",
        "text needs a value at run time",
        "A sound cannot be rendered before the value is known. Declare the values in [variants], give one "
        "thing to say (`say`), or leave the line unvoiced (`skip = true`).",
    ),
    "D006": Code(
        "error",
        "nothing to say",
        "After markup and symbols are cut nothing is left to be spoken.",
    ),
    "D007": Code(
        "warning",
        "not spoken",
        "Emoji and symbols without a reading, and lyrics unless `fountain.lyrics` is `speak`, stay silent.",
    ),
    "D008": Code(
        "error",
        "markup not closed",
        "A tag is opened and never closed, so it is not known what of the text is markup.",
    ),
    "D009": Code(
        "error",
        "no text in this locale",
        "The translation has no text for the line, so there is nothing to speak in that locale.",
    ),
    "D010": Code(
        "warning",
        "translation for unknown ID",
        "The base script has no line of that ID: it was deleted, or its ID has changed.",
    ),
    "D011": Code(
        "warning",
        "translation is older than the base text",
        "The base text changed after the translation was made; have it looked at.",
    ),
    "D012": Code(
        "warning",
        "language column differs from the project",
        "The project decides which language a file is; the column is wrong or the file is another one.",
    ),
    "D013": Code(
        "warning",
        "ID is contained in another",
        "Engines that look for a file whose name contains or starts with the ID may play the wrong one. "
        "Give IDs of one length, or names that no other one contains.",
        (("unity", "error"), ("dink", "error")),
    ),
    "D014": Code(
        "warning",
        "ID is made from the text",
        "The ID changes when the text changes, and its sound file with it. Add `#id:` to the line.",
    ),
    "D015": Code(
        "warning",
        "unknown emotion",
        "The token is not in [emotions]; it is kept as direction, which few engines understand.",
    ),
    "D016": Code(
        "error",
        "not a Dink line",
        "A condition and a line must stand on two rows, and Dink lines inside a knot with `#dink`.",
    ),
    "D017": Code(
        "warning",
        "looks like a cue but is action",
        "The row is in capitals but no cue by the format's rules. Force it with `@`, or let it be.",
    ),
    "D018": Code(
        "error",
        "row is longer than the header",
        "A cell holds the delimiter without quotes, or the header lacks a column.",
    ),
    "D019": Code("error", "not UTF-8", "Save the file as UTF-8."),
    "D020": Code(
        "error",
        "bad shadow line",
        "A `#shadow:` must name a line that exists and repeat its text exactly, without expressions.",
    ),
    "D021": Code(
        "warning",
        "menu caption cannot be voiced",
        "A bare caption is a translation string without identifier. Give it a speaker.",
    ),
    "D022": Code(
        "error",
        "identifier does not match the script",
        "dialogue.tab is older than the script: export it again (`renpy PROJECT dialogue`).",
    ),
    "D023": Code(
        "error",
        "character has no voice",
        "Add the character to [voices], for all locales (`Tom`) or one (`Tom@de`), or a `*` for all others.",
    ),
    "D024": Code(
        "warning",
        "line is long",
        "Over 300 characters in one go are hard to direct, to retake and to listen to. Split the line.",
    ),
    "D025": Code(
        "warning",
        "translated speaker differs",
        "Rows of one character name two speakers in the translation; players will see both.",
    ),
}
# What `verify` finds in a pack; their severity is not the project's to change.
PACK_CODES: dict[str, Code] = {
    "P001": Code("error", "file is missing", "The index or the script wants a file that is not in the pack."),
    "P002": Code(
        "error",
        "file was changed",
        "Its bytes are not those of SHA256SUMS: `render --recheck` makes it anew.",
    ),
    "P003": Code(
        "error", "wrong format", "A sound is not 48 kHz, mono, 16-bit PCM or Ogg Vorbis, or is empty."
    ),
    "P004": Code("error", "wrong level", "A sound's peak, head or tail is beyond the project's [loudness]."),
    "P005": Code("error", "unknown file", "No line of the script has this sound: remove it, or rename it."),
    "P006": Code(
        "error", "pack is older than the script", "The line's text, voice or direction was changed."
    ),
    "P007": Code("error", "take is stale", "The line's text was changed after it was recorded."),
    "P008": Code(
        "error", "line without sound", "The line could not be spoken, or was left out: render again."
    ),
}
LONGEST_LINE_CHARACTERS = 300


def severity_of(finding: Finding, engine: str, overrides: dict[str, Severity]) -> Severity:
    """How bad a finding is here: the project's word, the finding's own, the engine's, the rule's."""
    code = CODES[finding.code]
    own = finding.severity or dict(code.by_engine).get(engine, code.severity)
    return overrides.get(finding.code, own)
