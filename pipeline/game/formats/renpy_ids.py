"""Identifiers of Ren'Py dialogue by the engine's own formula. Pure.

Source: renpy:renpy/translation/__init__.py (Restructurer.create_translate, unique_identifier).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pipeline.game.formats.renpy_script import Block, Spoken

# Whether only says are hashed (Ren'Py 8.6 and later) or all translatable statements of a block.
TlidMode = Literal["say", "all"]
DIGEST_DIGITS = 8


class Identified(NamedTuple):
    """A block with its identifier, and a second one by which the engine finds it, too."""

    identifier: str
    alternate: str | None
    spoken: Spoken | None
    given: bool


def digest_of(codes: Iterable[str]) -> str:
    """First 8 hex digits of the MD5 of statements, CRLF after each."""
    md5 = hashlib.md5(usedforsecurity=False)
    for code in codes:
        md5.update((code + "\r\n").encode("utf-8", "surrogatepass"))
    return md5.hexdigest()[:DIGEST_DIGITS]


def identify(files: Sequence[Sequence[Block]], mode: TlidMode) -> list[list[Identified]]:
    """The identifiers of a game's files, each a sequence of blocks, in the order the engine loads them."""
    known: set[str] = set()
    result = []
    for blocks in files:
        given = {block.spoken.say.given_id for block in blocks if block.spoken and block.spoken.say.given_id}
        namer = _Namer(known, {name for name in given if name})
        found = [namer.name(block, mode) for block in blocks]
        known.update(item.identifier for item in found)
        result.append(found)
    return result


class _Namer:
    """Gives the blocks of one file identifiers that none has yet."""

    def __init__(self, elsewhere: set[str], given: set[str]) -> None:
        self.elsewhere = elsewhere
        self.given = given
        self.here: set[str] = set()

    def name(self, block: Block, mode: TlidMode) -> Identified:
        only_says = mode == "say" and block.spoken is not None
        digest = digest_of(code for is_say, code in block.codes if is_say or not only_says)
        identifier = self._unique(block.label, digest)
        given = block.spoken.say.given_id if block.spoken else None
        alternate = None
        if block.alternate is not None:
            alternate = self._unique(block.alternate, digest)
            identifier = given or identifier
        elif given:
            alternate, identifier = identifier, given
        self.here.add(identifier)
        if alternate:
            self.here.add(alternate)
        return Identified(identifier, alternate, block.spoken, given is not None)

    def _unique(self, label: str | None, digest: str) -> str:
        base = digest if label is None else f"{label.replace('.', '_')}_{digest}"
        name, repeat = base, 0
        while name in self.here or name in self.elsewhere or name in self.given:
            repeat += 1
            name = f"{base}_{repeat}"
        return name
