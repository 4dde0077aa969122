"""Converted weights are checked before each use, at no cost while they stay as they were written."""

import logging
import os
import threading
from pathlib import Path

import pytest

from pipeline.engines import converted as converted_room
from pipeline.engines.converted import check_converted, converted
from pipeline.errors import EngineError

GOOD = b"weights" * 1000


class Conversion:
    """Writes what it was given, and counts how often."""

    def __init__(self, data: bytes = GOOD) -> None:
        self.data, self.times = data, 0

    def __call__(self, target: Path) -> None:
        self.times += 1
        target.write_bytes(self.data)


@pytest.fixture(name="target")
def _target(tmp_path: Path) -> Path:
    return tmp_path / "converted" / "model-1.safetensors"


@pytest.fixture(name="hashed")
def _hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were hashed."""
    seen: list[Path] = []
    real = converted_room.digest_file

    def digest(path: Path) -> str:
        seen.append(path)
        return real(path)

    monkeypatch.setattr(converted_room, "digest_file", digest)
    return seen


def test_a_file_that_has_not_changed_is_neither_converted_nor_hashed_again(
    target: Path, hashed: list[Path]
) -> None:
    convert = Conversion()
    converted(target, convert)
    hashed.clear()
    assert converted(target, convert).read_bytes() == GOOD
    assert convert.times == 1 and hashed == []


def test_a_changed_byte_is_seen_and_the_file_converted_again_with_a_warning(
    target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    convert = Conversion()
    converted(target, convert)
    target.write_bytes(GOOD[:-1] + b"?")
    with caplog.at_level(logging.WARNING):
        converted(target, convert)
    assert target.read_bytes() == GOOD and convert.times == 2
    assert [record for record in caplog.records if "not what was written" in record.message]


def test_a_file_that_was_only_touched_is_hashed_once_and_stays(target: Path, hashed: list[Path]) -> None:
    convert = Conversion()
    converted(target, convert)
    os.utime(target, ns=(1, 1))
    hashed.clear()
    converted(target, convert)
    converted(target, convert)
    assert convert.times == 1 and hashed == [target]


@pytest.mark.parametrize("record", [None, b"", b"[]", b'{"sha256": 1}'])
def test_a_file_whose_record_is_lost_or_damaged_is_converted_again(
    target: Path, record: bytes | None
) -> None:
    convert = Conversion()
    converted(target, convert)
    beside = Path(f"{target}.sha256.json")
    target.write_bytes(b"anything")
    if record is None:
        beside.unlink()
    else:
        beside.write_bytes(record)
    assert converted(target, convert).read_bytes() == GOOD


def test_a_conversion_that_fails_leaves_no_file_and_no_record(target: Path) -> None:
    def refuse(path: Path) -> None:
        path.write_bytes(b"half")
        raise EngineError("damaged")

    with pytest.raises(EngineError):
        converted(target, refuse)
    assert not [path for path in target.parent.iterdir() if path.suffix != ".lock"]


def test_of_several_that_need_a_file_at_once_one_converts_it(target: Path) -> None:
    convert = Conversion()
    threads = [threading.Thread(target=converted, args=(target, convert)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert convert.times == 1 and target.read_bytes() == GOOD


def test_a_file_that_cannot_be_read_is_converted_again_once(target: Path) -> None:
    def read(path: Path) -> bytes:
        if convert.times < 2:
            raise OSError("input/output error")
        return path.read_bytes()

    convert = Conversion()
    assert converted_room.opened(target, convert, read) == GOOD


def test_checking_a_folder_hashes_every_file_whatever_was_known(target: Path, tmp_path: Path) -> None:
    converted(target, Conversion())
    status = target.stat()
    target.write_bytes(b"?" * len(GOOD))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    (found,) = check_converted(target.parent)
    assert found.path == target and found.found != found.wanted
    assert not list(check_converted(tmp_path / "not there"))
