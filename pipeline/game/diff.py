"""What changed between two states of a game's lines, for people who record, direct and review. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from pipeline.game.as_script import PackLine
from pipeline.game.pack_index import IndexRow
from pipeline.game.pack_rows import TTS, origin_of
from pipeline.game.takes import RecordedTake

Kind = Literal["added", "removed", "text", "voice", "direction", "renamed", "moved", "take"]
KINDS: tuple[Kind, ...] = ("added", "removed", "text", "voice", "direction", "renamed", "moved", "take")
# An edited line is still the same line if so much of it is. Source: the specification of game packs.
SAME_LINE = 0.6


@dataclass(frozen=True)
class Said:
    """One sound as it was or is: what a difference can be in.

    `take` is the origin and file of its recording; None where that is not known, as in a git revision.
    """

    id: str
    locale: str
    character: str | None
    spoken: str
    voice: str
    direction: tuple[str | None, str | None]
    source: str
    node: str | None
    take: str | None


@dataclass(frozen=True)
class Change:
    """One sound that is not as it was; `before` is None for an added one, `after` for a removed one."""

    kinds: tuple[Kind, ...]
    before: Said | None
    after: Said | None

    @property
    def said(self) -> Said:
        """The sound as it is, or as it was if it is no more."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def words(self) -> str:
        """What to tell of it: the words that changed, voices, IDs."""
        if self.before is None or self.after is None:
            return self.said.spoken
        return "; ".join(_told(kind, self.before, self.after) for kind in self.kinds)


def said_in_pack(rows: Iterable[IndexRow]) -> list[Said]:
    """The sounds that a pack has."""
    return [
        Said(
            _sound_id(row),
            row.locale,
            row.character,
            row.spoken or "",
            row.voice or "",
            (row.direction, row.emotion),
            row.source,
            row.node,
            TTS if row.origin == TTS else f"{row.origin} {row.recording}",
        )
        for row in rows
        if row.status == "voiced"
    ]


def _sound_id(row: IndexRow) -> str:
    """The ID with variant and take, which are what the stem ends with."""
    _, mark, suffix = (row.stem or "").partition("__") if row.variant or row.take > 1 else ("", "", "")
    return f"{row.id}{mark}{suffix}"


def said_now(
    lines: Iterable[PackLine], takes: dict[tuple[str, str], RecordedTake] | None = None
) -> list[Said]:
    """The sounds that a project asks for; without `takes` nobody knows who recorded what."""
    found = []
    for line in lines:
        voiced = line.voiced
        take: str | None = None
        if takes is not None:
            recorded = takes.get((line.sound_id, voiced.locale))
            take = TTS if recorded is None else f"{origin_of(recorded.folder)} {recorded.file}"
        found.append(
            Said(
                line.sound_id,
                voiced.locale,
                voiced.line.character,
                voiced.spoken,
                line.voice.written,
                (voiced.direction_text, voiced.emotion),
                voiced.place.where,
                voiced.place.node,
                take,
            )
        )
    return found


def compare(before: Sequence[Said], after: Sequence[Said], pair_in_labels: bool = False) -> list[Change]:
    """Every sound that is not as it was, in the order of `after`, removed ones last.

    Args:
        pair_in_labels: an ID holds a hash of the text (Ren'Py), so that an edit is a removal and an
            addition: those are paired within one label.
    """
    old = {(said.locale, said.id): said for said in before}
    new = {(said.locale, said.id): said for said in after}
    removed = [said for key, said in old.items() if key not in new]
    added = [said for key, said in new.items() if key not in old]
    pairs = {(said.locale, said.id): other for other, said in _renamed(removed, added)}
    if pair_in_labels:
        left = [said for said in removed if said not in pairs.values()]
        fresh = [said for said in added if (said.locale, said.id) not in pairs]
        pairs |= {(said.locale, said.id): other for other, said in _edited(left, fresh)}
    changes = []
    for key, said in new.items():
        other = old.get(key) or pairs.get(key)
        kinds = ("added",) if other is None else _kinds(other, said)
        if kinds:
            changes.append(Change(kinds, other, said))
    paired = {(said.locale, said.id) for said in pairs.values()}
    changes += [Change(("removed",), said, None) for said in removed if (said.locale, said.id) not in paired]
    return changes


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """How many sounds each kind of change has; all kinds are named."""
    found = Counter(kind for change in changes for kind in change.kinds)
    return {kind: found[kind] for kind in KINDS}


def _kinds(before: Said, after: Said) -> tuple[Kind, ...]:
    kinds: list[Kind] = []
    if before.spoken != after.spoken:
        kinds.append("text")
    elif before.id != after.id:
        kinds.append("renamed")
    if before.voice != after.voice or before.character != after.character:
        kinds.append("voice")
    if before.direction != after.direction:
        kinds.append("direction")
    if None not in (before.take, after.take) and before.take != after.take:
        kinds.append("take")
    if not kinds and (before.source, before.node) != (after.source, after.node):
        kinds.append("moved")
    return tuple(kinds)


def _renamed(removed: Sequence[Said], added: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    """Pairs with one text and character in one locale, in order."""
    waiting: dict[tuple[str, str | None, str], list[Said]] = defaultdict(list)
    for said in removed:
        waiting[said.locale, said.character, said.spoken].append(said)
    for said in added:
        same = waiting[said.locale, said.character, said.spoken]
        if same:
            yield same.pop(0), said


def _edited(removed: Sequence[Said], added: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    """Pairs of one label and character whose texts are alike; an earlier line never pairs behind a later."""
    groups: dict[tuple[str, str | None], list[Said]] = defaultdict(list)
    for said in added:
        groups[said.locale, said.node].append(said)
    begin: dict[tuple[str, str | None], int] = defaultdict(int)
    for said in removed:
        group = (said.locale, said.node)
        for place in range(begin[group], len(groups[group])):
            other = groups[group][place]
            if other.character == said.character and similarity(said.spoken, other.spoken) >= SAME_LINE:
                begin[group] = place + 1
                yield said, other
                break


def similarity(before: str, after: str) -> float:
    """How much of two texts is the same, 0 to 1."""
    return SequenceMatcher(None, before, after, autojunk=False).ratio()


def word_diff(before: str, after: str) -> str:
    """Both texts in one, word by word: `I saw [-him-] {+her+} go`."""
    old, new = before.split(), after.split()
    parts: list[str] = []
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(" ".join(old[first:last]))
            continue
        if last > first:
            parts.append(f"[-{' '.join(old[first:last])}-]")
        if end > start:
            parts.append(f"{{+{' '.join(new[start:end])}+}}")
    return " ".join(parts)


def _told(kind: Kind, before: Said, after: Said) -> str:
    if kind == "text":
        renamed = f"{before.id} -> {after.id}: " if before.id != after.id else ""
        return renamed + word_diff(before.spoken, after.spoken)
    if kind == "renamed":
        return f"{before.id} -> {after.id}"
    if kind == "voice":
        old, new = (f"{one.character or '(narrator)'} ({one.voice})" for one in (before, after))
        return f"{old} -> {new}"
    if kind == "take":
        return f"{before.take} -> {after.take}"
    if kind == "moved":
        return f"{before.source} -> {after.source}"
    old, new = (", ".join(part for part in one.direction if part) or "none" for one in (before, after))
    return f"{old} -> {new}"
