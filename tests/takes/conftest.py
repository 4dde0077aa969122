import pytest

from pipeline.audio import Audio, encode_flac
from pipeline.direction import Realisation
from pipeline.hashing import digest, digest_bytes
from pipeline.levels import TakeLevels
from pipeline.takes.take import Take


@pytest.fixture
def make_take():
    """A take of half a second of a quiet saw, and its FLAC bytes; `name` makes its key."""

    def make(name: str = "one") -> tuple[Take, bytes]:
        audio = Audio.mono([((n % 50) - 25) / 500 for n in range(8000)], 16_000)
        flac = encode_flac(audio)
        parts = {"text": [name], "seed": 5}
        take = Take(
            key=digest(parts),
            key_parts=parts,
            line_id=f"line-{name}",
            character="narrator",
            text="Half a second.",
            spoken="Half a second.",
            phonemes=None,
            voice="tone/mid",
            model="tone@1",
            engine="tone",
            asked={"emotion": "neutral", "point": [0, 0, 0]},
            realisation=Realisation("prosody", (("rate", 0.9),), "weakly"),
            seed=5,
            sample_rate=16_000,
            length_samples=8000,
            levels=TakeLevels(-31.5, -26.0, 0, 8000, 0.0),
            audio_sha256=digest_bytes(flac),
            render_s=0.1,
            rendered_at="2026-01-01T00:00:00+00:00",
            warnings=("a word was spelled",),
        )
        return take, flac

    return make
