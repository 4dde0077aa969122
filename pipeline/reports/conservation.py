"""Where every character of a script went: into a take, silent by a named rule, or into a line without one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.errors import FullcastError
from pipeline.reports.line_facts import STATUSES, LineFate
from pipeline.script.coverage import coverage
from pipeline.script.model import Line, Script
from pipeline.text.spoken import AS_WRITTEN, SpokenText


def text_account(script: Script, decided: Sequence[LineFate]) -> dict[str, Any]:
    """The script's characters counted twice, each time so that the parts must add up to the whole.

    `files` counts characters of the files: outside lines by the silent rule, inside lines by what became of
    the line. `lines` counts the characters of the lines' texts (markup and folded white space are off): as
    written, read as something else by a rule, or not said by a rule. `conserved` is true if both sums
    are exact, every utterance says its line's spoken text, and every take says the line's utterances;
    otherwise `problems` names what does not fit.
    """
    by_status: Counter[str] = Counter(dict.fromkeys(STATUSES, 0))
    for fate in decided:
        by_status[fate.status] += file_characters(fate.line)
    silent: Counter[str] = Counter()
    for each in script.silent:
        silent[each.rule] += each.span.end - each.span.start
    in_takes = by_status["rendered"] + by_status["reused"]
    without = by_status["quarantined"] + by_status["missing"]
    total = sum(script.sources.values())
    left = total - sum(silent.values()) - sum(by_status.values())
    within = _within_lines(decided)
    problems = [*_sum_problems(script, left, decided), *_line_problems(script, decided)]
    return {
        "files": {
            "characters": total,
            "in_takes": in_takes,
            "in_silent_lines": by_status["silent"],
            "in_failed_lines": without,
            "in_skipped_lines": by_status["skipped"],
            "silent_by_rule": dict(sorted(silent.items())),
            "silent": sum(silent.values()),
            "unaccounted": left,
        },
        "lines": within,
        "conserved": not problems,
        "problems": problems,
    }


def file_characters(line: Line) -> int:
    """How many characters of the script's files a line takes up."""
    return sum(span.end - span.start for span in line.spans)


def _within_lines(decided: Sequence[LineFate]) -> dict[str, Any]:
    as_written = 0
    read_as: Counter[str] = Counter()
    not_said: Counter[str] = Counter()
    for fate in decided:
        if fate.take is None:
            continue
        for piece in fate.planned.spoken.pieces:
            size = piece.end - piece.start
            if piece.rule == AS_WRITTEN:
                as_written += size
            elif piece.spoken:
                read_as[piece.rule] += size
            else:
                not_said[piece.rule] += size
    written = sum(len(fate.line.text) for fate in decided if fate.take is not None)
    counted = as_written + sum(read_as.values()) + sum(not_said.values())
    return {
        "characters": written,
        "as_written": as_written,
        "read_by_rule": dict(sorted(read_as.items())),
        "not_said_by_rule": dict(sorted(not_said.items())),
        "unaccounted": written - counted,
    }


def _sum_problems(script: Script, left: int, decided: Sequence[LineFate]) -> Iterator[str]:
    try:
        covered = coverage(script)
    except FullcastError as error:
        # The book is rendered by now: its report says what is wrong instead of not being there.
        yield f"{error.where}: {error.message}"
        return
    in_lines = sum(file_characters(fate.line) for fate in decided)
    if in_lines != covered.spoken:
        yield f"the script's lines hold {covered.spoken} characters, the plan's lines {in_lines}"
    if left:
        yield f"{left} characters more in the files than in lines and silent places together"


def _line_problems(script: Script, decided: Sequence[LineFate]) -> Iterator[str]:
    planned = [fate.line.id for fate in decided]
    if planned != [line.id for line in script.lines()]:
        yield "the plan's lines are not the script's lines"
    for fate in decided:
        where = f"{fate.where}: line '{fate.line.id}'"
        spoken = fate.planned.spoken
        if spoken.written != fate.line.text or not _is_tiled(spoken):
            yield f"{where}: its spoken text does not cover its written text"
        if fate.status != "silent" and _letters(*fate.planned.utterances) != _letters(spoken.text):
            yield f"{where}: its utterances do not say all of its spoken text"
        if fate.take is not None and not _says_the_line(fate):
            yield f"{where}: its take says something else"


def _is_tiled(spoken: SpokenText) -> bool:
    """Whether the pieces cover the written text from end to end, each character once."""
    position = 0
    for piece in spoken.pieces:
        if piece.start != position or piece.end <= piece.start:
            return False
        position = piece.end
    return position == len(spoken.written)


def _letters(*texts: str) -> str:
    """Texts as one, without white space: cutting a text into utterances drops only that."""
    return "".join("".join(texts).split())


def _says_the_line(fate: LineFate) -> bool:
    """Whether the take was made of what the plan wants said.

    An approved take is kept through changes of the rules, so that only the written text must be the same.
    """
    if fate.take is None or fate.take.key != fate.planned.key:
        return False
    if fate.planned.locked:
        return fate.take.text == fate.line.text or fate.take.spoken == fate.planned.spoken.text
    return tuple(fate.take.key_parts["text"]) == fate.planned.utterances
