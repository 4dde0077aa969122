import pytest
from s3_server import BUCKET, ENVIRONMENT, Proxy, server

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


@pytest.fixture(scope="session")
def s3_process(tmp_path_factory):
    """A running S3 server: its port, and the folder in which its bucket's objects are files."""
    folder = tmp_path_factory.mktemp("s3")
    with server(folder) as port:
        yield port, folder / BUCKET


@pytest.fixture
def s3(s3_process, monkeypatch, tmp_path):
    """A proxy before the server, credentials in the environment, a cache of this test's own."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FULLCAST_STORE_PATIENCE", "60")
    proxy = Proxy(s3_process[0])
    monkeypatch.setenv("FULLCAST_S3_ENDPOINT", proxy.endpoint)
    yield proxy
    proxy.down()


@pytest.fixture
def bucket_folder(s3_process):
    """Where the objects of the bucket are files."""
    return s3_process[1]
