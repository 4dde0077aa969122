"""Lint of translations: missing, of unknown lines, older than their base text. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.game.line import Finding, GameLine, Place, Translation

Texts = Mapping[tuple[str, str], Translation]  # (ID, locale) -> row


def lint_missing(lines: Sequence[GameLine], locales: Iterable[str], texts: Texts) -> Iterator[Finding]:
    """D009: lines without text in a locale, at the place where the text would be.

    Where a file of lines has no text at all in a locale, one finding says so for all of them.

    Args:
        lines: of one source, in order.
        locales: all but the source's own.
    """
    by_file: dict[str, list[GameLine]] = defaultdict(list)
    for line in lines:
        if line.id is not None and line.shadow_of is None:
            by_file[line.place.file].append(line)
    for locale in locales:
        for inside in by_file.values():
            yield from _missing_in(inside, locale, texts)


def _missing_in(lines: Sequence[GameLine], locale: str, texts: Texts) -> Iterator[Finding]:
    found = [texts.get((line.id or "", locale)) for line in lines]
    files = Counter(row.place.file for row in found if row is not None)
    if not files:
        message = f"{locale} has no text for any of {len(lines)} lines"
        yield Finding("D009", lines[0].place, message, lines[0].id if len(lines) == 1 else None, locale)
        return
    usual, _ = files.most_common(1)[0]
    place = Place(usual, 1)
    for line, row in zip(lines, found, strict=True):
        if row is not None and row.place.file == usual:
            place = row.place
        elif usual == line.place.file:  # a table with a column for each locale
            place = line.place
        if row is None or not row.text.strip():
            yield Finding("D009", place, f"{locale} has no text for `{line.id}`", line.id, locale)


def lint_unknown(translations: Iterable[Translation], ids: set[str]) -> Iterator[Finding]:
    """D010: rows of IDs that no base line has."""
    for row in translations:
        if row.id not in ids:
            yield Finding("D010", row.place, f"translation for unknown id `{row.id}`", row.id, row.locale)


def lint_stale(pairs: Iterable[tuple[GameLine, Translation]]) -> Iterator[Finding]:
    """D011: rows made from another base text, where the format keeps a lock of it."""
    for line, row in pairs:
        if row.lock and row.lock.casefold() != line.lock:
            message = f"translation is older than the base text (lock {row.lock}, now {line.lock})"
            yield Finding("D011", row.place, message, row.id, row.locale)
