"""A loaded Kokoro speaks from pages of the converted file itself: another worker shares them."""

from __future__ import annotations

from pathlib import Path

import pytest

SMAPS = Path("/proc/self/smaps")
KB = 1024


def mapped(path: Path) -> dict[str, int]:
    """What this process holds of a mapped file, in bytes, as the kernel counts it."""
    held: dict[str, int] = {}
    is_ours = False
    for row in SMAPS.read_text().splitlines():
        name, _, rest = row.partition(":")
        if "-" in row.split(" ")[0]:
            is_ours = str(path) in row
        elif is_ours and name in ("Rss", "Anonymous"):
            held[name] = held.get(name, 0) + int(rest.split()[0]) * KB
    return held


@pytest.mark.slow
@pytest.mark.skipif(not SMAPS.exists(), reason="only Linux counts pages")
def test_the_weights_that_speak_are_the_mapped_files_pages_and_no_copy(engine, say, scratch):
    engine.synthesize([say("The harbor was quiet in the morning.")])
    (converted,) = scratch.glob("*.safetensors")
    held = mapped(converted)
    assert held["Rss"] > 0.9 * converted.stat().st_size
    assert held["Anonymous"] == 0
