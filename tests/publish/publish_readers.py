"""Readers of published files that share no code with what wrote them: atoms, ID3, Ogg, ffprobe."""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import ffmpeg

Found = list[tuple[str, float]]
CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"ilst", b"tref"}


def ffprobe(path: Path) -> dict[str, Any]:
    """What ffprobe 6.0 says of format, streams and chapters."""
    command = [str(ffmpeg.FFPROBE_PATH), "-v", "error", "-of", "json"]
    command += ["-show_format", "-show_streams", "-show_chapters", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    return json.loads(done.stdout)


def ffprobe_tags(path: Path) -> dict[str, str]:
    """Tags of the file and (in Ogg) of its sound, keys in lower case."""
    found = ffprobe(path)
    tags: dict[str, str] = {}
    for holder in (found["streams"][0], found["format"]):
        tags |= {key.lower(): value for key, value in holder.get("tags", {}).items()}
    return tags


def ffprobe_chapters(path: Path) -> Found:
    """Title and start in seconds of each chapter."""
    return [(one["tags"]["title"], float(one["start_time"])) for one in ffprobe(path)["chapters"]]


def packets_digest(path: Path) -> str:
    """SHA-256 of all packets of sound with their time stamps."""
    sha = hashlib.sha256()
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.audio[0]):
            sha.update(f"{packet.pts},{packet.duration};".encode() + bytes(packet))
    return sha.hexdigest()


def atoms(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and body of each atom that stands in `data`."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        assert size >= head, f"atom {kind!r} of {size} bytes"
        yield kind, data[at + head : at + size]
        at += size


def atom(data: bytes, *path: bytes) -> bytes:
    """The body of the first atom at `path`."""
    for kind in path:
        data = next(body for found, body in atoms(data) if found == kind)
    return data


def has_atom(data: bytes, *path: bytes) -> bool:
    """Whether there is an atom at `path`."""
    try:
        atom(data, *path)
    except StopIteration:
        return False
    return True


def _tracks(data: bytes) -> list[bytes]:
    return [body for kind, body in atoms(atom(data, b"moov")) if kind == b"trak"]


def _track_id(track: bytes) -> int:
    header = atom(track, b"tkhd")
    return int(struct.unpack_from(">I", header, 20 if header[0] else 12)[0])


def quicktime_chapters(data: bytes) -> Found:
    """Chapters in the text track that the sound's track names."""
    tracks = {_track_id(track): track for track in _tracks(data)}
    sound = next(track for track in tracks.values() if atom(track, b"mdia", b"hdlr")[8:12] == b"soun")
    (named,) = struct.unpack(">I", atom(sound, b"tref", b"chap"))
    track = tracks[named]
    table = atom(track, b"mdia", b"minf", b"stbl")
    (timescale,) = struct.unpack_from(">I", atom(track, b"mdia", b"mdhd"), 12)
    titles = [_text(data, offset) for offset in _sample_offsets(table)]
    starts, ticks = [], 0
    times = atom(table, b"stts")
    for entry in range(struct.unpack_from(">I", times, 4)[0]):
        count, duration = struct.unpack_from(">II", times, 8 + 8 * entry)
        for _ in range(count):
            starts.append(ticks / timescale)
            ticks += duration
    return list(zip(titles, starts, strict=True))


def _text(data: bytes, offset: int) -> str:
    (length,) = struct.unpack_from(">H", data, offset)
    return data[offset + 2 : offset + 2 + length].decode("utf-8")


def _sample_offsets(table: bytes) -> list[int]:
    sizes_atom = atom(table, b"stsz")
    fixed, count = struct.unpack_from(">II", sizes_atom, 4)
    sizes = [fixed] * count if fixed else list(struct.unpack_from(f">{count}I", sizes_atom, 12))
    chunk_atom = atom(table, b"stco")
    chunks = struct.unpack_from(f">{struct.unpack_from('>I', chunk_atom, 4)[0]}I", chunk_atom, 8)
    runs_atom = atom(table, b"stsc")
    runs = [
        struct.unpack_from(">III", runs_atom, 8 + 12 * run)
        for run in range(struct.unpack_from(">I", runs_atom, 4)[0])
    ]
    offsets: list[int] = []
    for number, start in enumerate(chunks, start=1):
        per_chunk = next(samples for first, samples, _ in reversed(runs) if first <= number)
        for _ in range(per_chunk):
            offsets.append(start)
            start += sizes[len(offsets) - 1]
    return offsets


def nero_chapters(data: bytes) -> Found:
    """Chapters in `udta/chpl`, times in 100 ns."""
    body = atom(data, b"moov", b"udta", b"chpl")
    found: Found = []
    at = 9
    for _ in range(body[8]):
        ticks, length = struct.unpack_from(">QB", body, at)
        found.append((body[at + 9 : at + 9 + length].decode("utf-8"), ticks / 1e7))
        at += 9 + length
    assert at == len(body)
    return found


def id3_frames(data: bytes) -> list[tuple[str, bytes]]:
    """Frames of an ID3v2.3 tag at the start of `data`."""
    assert data[:5] == b"ID3\x03\x00", data[:5]
    size = sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    return list(_frames(data[10 : 10 + size]))


def _frames(body: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at + 10 <= len(body) and body[at] != 0:
        name, size = struct.unpack_from(">4sI", body, at)
        yield name.decode("ascii"), body[at + 10 : at + 10 + size]
        at += 10 + size


def _id3_text(body: bytes) -> str:
    return body[1:].decode({0: "latin-1", 1: "utf-16"}[body[0]]).rstrip("\0")


def id3_chapters(data: bytes) -> Found:
    """Chapters reached from the one top-level CTOC, through nested ones, in order."""
    chapters: dict[bytes, tuple[str, float]] = {}
    contents: dict[bytes, tuple[int, list[bytes]]] = {}
    for name, body in id3_frames(data):
        element, _, rest = body.partition(b"\0")
        if name == "CHAP":
            (start_ms,) = struct.unpack_from(">I", rest)
            title = next(_id3_text(text) for kind, text in _frames(rest[16:]) if kind == "TIT2")
            chapters[element] = (title, start_ms / 1000)
        elif name == "CTOC":
            children = rest[2:].split(b"\0")[: rest[1]]
            contents[element] = (rest[0], children)
    (root,) = [element for element, (flags, _) in contents.items() if flags & 2]

    def walk(element: bytes) -> Iterator[bytes]:
        if element in chapters:
            yield element
        else:
            for child in contents[element][1]:
                yield from walk(child)

    reached = list(walk(root))
    assert len(reached) == len(chapters), "CTOCs do not reach every CHAP"
    return [chapters[element] for element in reached]


def opus_comments(data: bytes) -> list[tuple[str, str]]:
    """The Vorbis comments of an Ogg Opus file."""
    body = _ogg_packets(data, 2)[1]
    assert body[:8] == b"OpusTags"
    return _comments(body[8:])


def flac_comments(data: bytes) -> list[tuple[str, str]]:
    """The Vorbis comments of a FLAC file."""
    assert data[:4] == b"fLaC"
    at = 4
    while True:
        kind, size = data[at] & 0x7F, int.from_bytes(data[at + 1 : at + 4], "big")
        if kind == 4:
            return _comments(data[at + 4 : at + 4 + size])
        assert not data[at] & 0x80, "no comments"
        at += 4 + size


def _comments(body: bytes) -> list[tuple[str, str]]:
    at = 4 + struct.unpack_from("<I", body)[0]
    (count,) = struct.unpack_from("<I", body, at)
    at += 4
    found = []
    for _ in range(count):
        (length,) = struct.unpack_from("<I", body, at)
        name, _, value = body[at + 4 : at + 4 + length].decode("utf-8").partition("=")
        found.append((name, value))
        at += 4 + length
    return found


def _ogg_packets(data: bytes, wanted: int) -> list[bytes]:
    packets: list[bytes] = []
    parts, at = b"", 0
    while len(packets) < wanted:
        assert data[at : at + 4] == b"OggS"
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        at += 27 + len(lacing)
        for length in lacing:
            parts += data[at : at + length]
            at += length
            if length < 255:
                packets.append(parts)
                parts = b""
    return packets


def opus_chapters(data: bytes) -> Found:
    """Chapters of an Ogg Opus file's comments."""
    return comment_chapters(opus_comments(data))


def comment_chapters(comments: list[tuple[str, str]]) -> Found:
    """`CHAPTERnnn` comments as titles and seconds."""
    values = dict(comments)
    found: Found = []
    while f"CHAPTER{len(found):03d}" in values:
        number = f"CHAPTER{len(found):03d}"
        hours, minutes, seconds = values[number].split(":")
        found.append((values[number + "NAME"], int(hours) * 3600 + int(minutes) * 60 + float(seconds)))
    return found
