import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from registry_parts import catalogue_of, model_of, voice_of, weight_file, write_npm_package, write_wheel

from pipeline.engines.catalogue import NpmSource
from pipeline.errors import MissingError
from pipeline.registry.sources import SourceError, read_members, read_wheel
from pipeline.registry.weights import WeightStore

DATA = bytes(range(256)) * 40
COMMIT = "0" * 40

# The hub's client reads HF_ENDPOINT once, when it is imported, so each of these runs in its own process.
FETCH = """
import hashlib, json, sys
from pathlib import Path
from pipeline.engines.catalogue import Form, HubSource, ModelEntry, WeightFile
from pipeline.errors import MissingError
from pipeline.registry.weights import WeightStore
files = [WeightFile(f"w{n}.bin", sha, 1, (HubSource("someone/choir", f"w{n}.bin"),))
         for n, sha in enumerate(sys.argv[2:])]
forms = tuple(Form(file.name, (file,)) for file in files)
try:
    found = WeightStore(Path(sys.argv[1])).ensure(ModelEntry("choir@1", "choir", "1", ("en-us",), forms))
    print(json.dumps(found.form))
except MissingError as error:
    print(json.dumps(str(error)))
"""


class Hub(ThreadingHTTPServer):
    """A model hub on this machine that has one file, or hangs up on everyone."""

    def __init__(self, data: bytes | None) -> None:
        super().__init__(("127.0.0.1", 0), HubCaller)
        self.data = data
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class HubCaller(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:  # noqa: N802
        self._answer(with_body=False)

    def do_GET(self) -> None:  # noqa: N802
        self._answer(with_body=True)

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self, with_body: bool) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        if self.server.data is None:
            self.close_connection = True
            return
        there = self.path.endswith("/w1.bin")
        self.send_response(200 if there else 404)
        self.send_header("X-Repo-Commit", COMMIT)
        if there:
            self.send_header("ETag", '"1234"')
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", str(len(self.server.data) if there else 0))
        self.end_headers()
        if there and with_body:
            self.wfile.write(self.server.data)


@pytest.fixture(name="hub", params=[DATA])
def _hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    server = Hub(request.param)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def fetch_from_hub(tmp_path: Path, endpoint: str, *sha256s: str, **more: str) -> tuple[str, str]:
    """What the fetch said, and all that was logged or printed beside it."""
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "*"}
    command = [sys.executable, "-c", FETCH, str(tmp_path / "cache"), *sha256s]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment | more)
    return json.loads(done.stdout), done.stderr


def test_a_file_of_the_hub_is_fetched_checked_and_lies_on_this_machine_once(tmp_path: Path, hub: Hub) -> None:
    right = weight_file("w1.bin", DATA).sha256
    said, beside = fetch_from_hub(tmp_path, hub.address, "f" * 64, right)
    assert (said, beside) == ("w1.bin", "")
    copies = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == DATA]
    assert [path.name for path in copies] == [f"{right}-w1.bin"]


def test_a_file_that_the_hub_does_not_have_does_not_make_it_unreachable(tmp_path: Path, hub: Hub) -> None:
    said, _ = fetch_from_hub(tmp_path, hub.address, "e" * 64, "f" * 64)
    assert "404" in said
    assert "SHA-256 is" in said


@pytest.mark.parametrize("hub", [None], indirect=True)
def test_a_hub_that_hangs_up_is_asked_once_for_all_files(tmp_path: Path, hub: Hub) -> None:
    said, beside = fetch_from_hub(tmp_path, hub.address, "d" * 64, "e" * 64, "f" * 64)
    assert said.count("hub someone/choir") == 3
    # The client also asks for other things of its own, each process once.
    assert len([asked for asked in hub.asked if "/resolve/" in asked]) == 1
    assert beside == ""


def test_offline_means_that_the_hub_is_not_asked(tmp_path: Path, hub: Hub) -> None:
    said, _ = fetch_from_hub(tmp_path, hub.address, "d" * 64, HF_HUB_OFFLINE="1")
    assert "offline" in said
    assert [asked for asked in hub.asked if "/resolve/" in asked] == []


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is no part of the install")
def test_all_voices_of_an_npm_package_come_in_one_download(tmp_path: Path) -> None:
    members = {f"voices/{name}.bin": name.encode() * 99 for name in ("alto", "bass", "tenor")}
    package = write_npm_package(tmp_path / "package", "choir", members | {"voices/unknown.bin": b"?"})
    files = [
        weight_file(Path(path).name, data, NpmSource(str(package), f"package/{path}"))
        for path, data in members.items()
    ]
    voices = [voice_of(file.name, file) for file in files]
    store = WeightStore(tmp_path / "cache", catalogue_of(model_of(weight_file("w", b"w")), *voices))
    store.ensure_voice(voices[1])
    shutil.rmtree(package)
    assert store.ensure_voices(voices) == {
        voice.id: store.path_of(file) for voice, file in zip(voices, files, strict=True)
    }
    assert list((store.cache / "downloads").iterdir()) == []


def test_without_npm_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = weight_file("alto.bin", DATA, NpmSource("choir@1.0.0", "package/alto.bin"))
    store = WeightStore(tmp_path / "cache", catalogue_of(model_of(file)))
    with pytest.raises(MissingError, match=r"npm choir@1\.0\.0: no npm program"):
        store.ensure(model_of(file))


def archive(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_only_plain_members_of_the_exact_name_are_read(tmp_path: Path) -> None:
    link = tarfile.TarInfo("package/link.bin")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members = [
        (link, b""),
        (tarfile.TarInfo("../package/a.bin"), b"up"),
        (tarfile.TarInfo("other/package/a.bin"), b"other"),
        (tarfile.TarInfo("package/a.bin"), b"right"),
    ]
    path = archive(tmp_path / "a.tgz", members)
    found = read_members(path, {"package/a.bin", "package/link.bin"})
    assert [(name, b"".join(blocks)) for name, blocks in found] == [("package/a.bin", b"right")]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.tgz"]


@pytest.mark.parametrize("keep", [0, 30, -200])
def test_a_damaged_archive_is_a_failed_source(tmp_path: Path, keep: int) -> None:
    path = archive(tmp_path / "a.tgz", [(tarfile.TarInfo("package/a.bin"), os.urandom(5000))])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SourceError, match=r"a\.tgz is damaged"):
        for _, blocks in read_members(path, {"package/a.bin"}):
            b"".join(blocks)


def test_a_damaged_wheel_is_a_failed_source_and_removed_so_that_it_is_fetched_again(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "choir-a", {"choir_a/part.bin": os.urandom(5000)})
    data = bytearray(wheel.read_bytes())
    data[2000] ^= 0xFF
    wheel.write_bytes(data)
    with pytest.raises(SourceError, match="is damaged"):
        b"".join(read_wheel(wheel, "choir_a/part.bin"))
    assert not wheel.exists()
