"""Scripts of East Asia. Imports nothing: sentences are cut while `fullcast check` is waited for."""

from __future__ import annotations


def is_cjk(character: str) -> bool:
    """Whether it is a Han, kana or Hangul character: scripts read one character at a time."""
    code = ord(character)
    return (
        0x3400 <= code <= 0x9FFF
        or 0x3005 <= code <= 0x3007
        or 0x3040 <= code <= 0x30FF
        or 0xAC00 <= code <= 0xD7AF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x323AF
    )
