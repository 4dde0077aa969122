"""AAC in parts: where it is cut, that the seams are not heard, and what a change costs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from publish_samples import RATE, master, take

from pipeline.audio import Audio, encode_flac
from pipeline.errors import AudioError, StoreError
from pipeline.events import Event
from pipeline.hashing import digest_bytes
from pipeline.levels import measure_take
from pipeline.publish.aac_packets import Packets, PacketShelf, SeamError, bytes_of, joined, packets_in
from pipeline.publish.aac_parts import BookCoder, PartCache
from pipeline.publish.aac_plan import (
    FEWEST_PACKETS,
    FRAME_SAMPLES,
    LEAD_PACKETS,
    LONGEST_PACKETS,
    SETTLE_FRAMES,
    Part,
    Ratio,
    feed_of,
    parts_of,
)
from pipeline.publish.book import Edition, publish_book
from pipeline.publish.chapters import ChapterMark, chapter_marks
from pipeline.publish.encode import masters_shape, stream
from pipeline.publish.m4b import m4b_encoding, write_m4b
from pipeline.publish.tags import Tags
from pipeline.script.check import read_script
from pipeline.script.model import Line
from pipeline.stitch.book import stitch_book
from pipeline.stitch.presets import PRESETS
from pipeline.takes.take import Take

PLAIN = Tags(title="One")
AUDIOBOOK = PRESETS["audiobook"]
CHAPTER = 120 * FRAME_SAMPLES
LENGTHS = st.lists(
    st.one_of(st.integers(1, 5000), st.integers(1, 400_000), st.integers(20_000_000, 40_000_000)), min_size=1
)
RATES = st.sampled_from([16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 44_099])


def marks_for(masters: list[Path]) -> tuple[ChapterMark, ...]:
    lengths = [soundfile.info(path).frames for path in masters]
    return chapter_marks([path.stem for path in masters], lengths)


def serial(masters: list[Path], out: Path) -> Path:
    """What one encoder makes of all masters."""
    shape = masters_shape(masters)
    encoding = m4b_encoding(len(masters), 96_000 * shape.channels)
    stream(masters, out, encoding, shape, marks_for(masters))
    return out


def book(masters: list[Path], out: Path, **options: Any) -> Path:
    return write_m4b(masters, marks_for(masters), PLAIN, out, AUDIOBOOK, **options)


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@dataclass(frozen=True)
class Track:
    """What a player sees of the sound."""

    packets: list[tuple[int | None, int | None, int | None]]
    data: list[bytes]
    facts: tuple[Any, ...]


def track(path: Path) -> Track:
    with av.open(str(path)) as container:
        sound = container.streams.audio[0]
        packets = [packet for packet in container.demux(sound) if packet.size]
        facts = (sound.start_time, sound.duration, sound.codec_context.extradata, container.duration)
        times = [(packet.pts, packet.dts, packet.duration) for packet in packets]
        return Track(times, [bytes(packet) for packet in packets], facts)


def chapters(folder: Path, count: int, length: int = CHAPTER) -> list[Path]:
    """Chapters whose tone goes on to their very end."""
    return [master(folder / f"{number}.flac", length, seed=number) for number in range(count)]


def hissing(length: int, sample_rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Bursts of noise and tone, like speech in its onsets: the encoder changes windows all the time."""
    time = np.arange(length) / sample_rate
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(length) * 0.05 * ((time * 6.3) % 1 < 0.3)
    return (noise + 0.2 * np.sin(2 * np.pi * 220 * time) * ((time * 1.7) % 1 < 0.7)).astype(np.float32)


def write(path: Path, samples: np.ndarray, sample_rate: int = RATE) -> Path:
    path.write_bytes(encode_flac(Audio.mono(samples, sample_rate)))
    return path


def cache_of(folder: Path, masters: list[Path], keys: list[str] | None = None) -> PartCache:
    return PartCache(PacketShelf(folder), "book", tuple(keys or [path.stem for path in masters]))


def written_parts(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("??/*.aac")}


@settings(deadline=None, max_examples=200)
@given(LENGTHS, RATES)
def test_parts_cover_the_book_once_and_a_chapters_own_hear_it_alone(lengths: list[int], rate: int) -> None:
    ratio = Ratio.of(rate, RATE)
    parts = parts_of(lengths, ratio)
    edges = np.concatenate([[0], np.cumsum(lengths)])
    assert parts[0].first == 0
    assert parts[-1].end is None
    assert all(before.end == after.first for before, after in pairwise(parts))
    for part in parts:
        feed = feed_of(part, ratio)
        assert part.fed_from in (0, part.first - LEAD_PACKETS - SETTLE_FRAMES)
        assert part.end is None or (part.end > part.first and part.fed_to == part.end + 2)
        if part.master is not None:
            assert feed.start >= edges[part.master] or part.master == 0
            assert feed.end is None or feed.end <= edges[part.master + 1]
            assert feed.end is not None or part.master == len(lengths) - 1


def test_a_long_chapter_is_made_in_pieces_none_of_which_is_short() -> None:
    own = LONGEST_PACKETS + FEWEST_PACKETS // 2
    parts = parts_of([own * FRAME_SAMPLES, CHAPTER], Ratio(1, 1))
    assert [part.master for part in parts] == [0, None, 1]
    parts = parts_of([(3 * LONGEST_PACKETS + 20) * FRAME_SAMPLES, CHAPTER], Ratio(1, 1))
    assert [part.master for part in parts] == [0, 0, 0, None, 1]
    assert max((part.end or 0) - part.first for part in parts) <= LONGEST_PACKETS + FEWEST_PACKETS


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
def test_each_part_hears_exactly_its_place_of_the_whole_book(tmp_path: Path, rate: int) -> None:
    lengths = [2 * rate + 311, 300, 3 * rate + 77]
    masters = [
        write(tmp_path / f"{number}.flac", hissing(length, rate, number), rate)
        for number, length in enumerate(lengths)
    ]
    coder = BookCoder(masters, masters_shape(masters), m4b_encoding(3, 96_000))
    whole = heard(coder, Part(0, None, 0, None, None))
    parts = parts_of(lengths, Ratio.of(rate, RATE))
    assert [part.master for part in parts] == [0, None, 2]
    assert len(whole) == pytest.approx(sum(lengths) * RATE / rate, abs=1)
    for part in parts:
        end = None if part.fed_to is None else part.fed_to * FRAME_SAMPLES
        assert np.array_equal(heard(coder, part), whole[part.fed_from * FRAME_SAMPLES : end])


def heard(coder: BookCoder, part: Part) -> np.ndarray:
    return np.concatenate([frame.to_ndarray()[0] for frame in coder.heard(part)])


@pytest.mark.parametrize("odd", [0, 1, 517, 1023])
def test_packets_lie_and_last_as_one_encoder_would_have_them(tmp_path: Path, odd: int) -> None:
    masters = [*chapters(tmp_path, 2, CHAPTER + odd), write(tmp_path / "z.flac", hissing(CHAPTER + 2 * odd))]
    alone, parts = (
        track(serial(masters, tmp_path / "serial.m4b")),
        track(book(masters, tmp_path / "parts.m4b")),
    )
    assert parts.packets == alone.packets
    assert parts.facts == alone.facts
    assert parts.data[:100] == alone.data[:100], "up to the first seam it is the same encoder"


@pytest.mark.parametrize("ending", ["speaking", "quiet"])
def test_a_seam_has_no_more_error_than_one_encoder_leaves_there(tmp_path: Path, ending: str) -> None:
    """A click or a shift by one sample would be as large as the sound itself; what is left is rounding."""
    sound = hissing(12 * CHAPTER + 5)
    cuts = np.arange(1, 12) * CHAPTER + 301
    if ending == "quiet":
        for cut in cuts:
            sound[cut - RATE // 2 : cut + RATE // 2] *= 0.001
    pieces = np.split(sound, cuts)
    masters = [write(tmp_path / f"{number:02}.flac", piece) for number, piece in enumerate(pieces)]
    seams = [part.first for part in parts_of([len(piece) for piece in pieces], Ratio(1, 1))][1:]
    assert len(seams) == 22
    errors = {}
    for name, path in (
        ("serial", serial(masters, tmp_path / "serial.m4b")),
        ("parts", book(masters, tmp_path / "parts.m4b")),
    ):
        error = decoded(path)[: len(sound)] - sound
        around = [error[(seam - 2) * FRAME_SAMPLES : seam * FRAME_SAMPLES] for seam in seams]
        errors[name] = (np.std(error), np.std(around), np.abs(around).max())
    # One and a half is what rate control does to single packets when it starts elsewhere.
    for alone, apart in zip(errors["serial"], errors["parts"], strict=True):
        assert apart < 1.5 * alone + 1e-5


def test_neither_threads_nor_the_cache_change_a_byte(tmp_path: Path) -> None:
    masters = [write(tmp_path / f"{number}.flac", hissing(CHAPTER + 99, seed=number)) for number in range(4)]
    expected = book(masters, tmp_path / "1.m4b", threads=1).read_bytes()
    cache = cache_of(tmp_path / "aac", masters)
    ways: list[dict[str, Any]] = [{"threads": 3}, {"cache": cache}, {"cache": cache, "threads": 2}]
    for number, options in enumerate(ways):
        assert book(masters, tmp_path / f"again{number}.m4b", **options).read_bytes() == expected
    assert len(written_parts(tmp_path / "aac")) == 4


def spoken(folder: Path, line: Line, extra_samples: int = 0) -> Take:
    """A second of tone for a line, in a file, `extra_samples` longer."""
    sound = Audio.mono(hissing(24_000 + extra_samples, 24_000, len(line.text)), 24_000)
    data = encode_flac(sound)
    path = folder / f"{line.id}-{extra_samples}.flac"
    path.write_bytes(data)
    made = take(line.id, line.character, line.text)
    return replace(
        made, key=digest_bytes(data), audio_sha256=digest_bytes(data), sample_rate=24_000,
        length_samples=sound.length_samples, levels=measure_take(sound), path=path,
    )  # fmt: skip


def stitched_and_published(folder: Path, out: str, changed: Mapping[str, int]) -> tuple[set[str], Path]:
    """Keys of the AAC parts of a book of four chapters, and its folder; `changed` lines last longer."""
    rows = ["---", "fullcast: 1", "book: {title: One, language: en-us, announce_chapters: false}"]
    rows += ["cast: {narrator: tone/mid}", "---"]
    for number in range(4):
        rows += [f"# {number}", "", f"First {'very ' * number}short. Then it goes on. Here it ends.", ""]
    (folder / "book.md").write_text("\n".join(rows), encoding="utf-8")
    script = read_script(folder / "book.md")
    ids = [line.id for line in script.lines()]
    takes = {
        line.id: spoken(folder, line, changed.get(f"{ids.index(line.id)}", 0)) for line in script.lines()
    }
    events: list[Event] = []
    stitched = stitch_book(
        script, lambda line: takes[line.id], range(4), AUDIOBOOK, folder / "store", events.append
    )
    edition = Edition(("flac",), AUDIOBOOK)
    aac = folder / "aac"
    models: dict[str, dict[str, str]] = {"tone@1.0": {}}
    chosen = list(takes.values())
    publish_book(script, stitched, chosen, models, folder / out, edition, events.append, cache=aac)
    return PacketShelf(aac).in_use(script.slug), folder / out


def test_one_changed_line_encodes_exactly_one_part_of_the_book_again(tmp_path: Path) -> None:
    """By however many samples its chapter becomes longer: masters are whole frames of AAC long."""
    before, _ = stitched_and_published(tmp_path, "before", {})
    assert len(before) == 4
    for extra in (1, 777, 3163):
        after, out = stitched_and_published(tmp_path, f"after-{extra}", {"4": extra})
        assert len(after) == 4
        assert len(after - before) == 1
        assert len(after & before) == 3
        with av.open(str(out / "book.m4b")) as container:
            starts = [chapter["start"] * chapter["time_base"] for chapter in container.chapters()]
        facts = json.loads((out / "book.json").read_text(encoding="utf-8"))
        lengths = [soundfile.info(path).frames for path in sorted((out / "chapters").glob("*.flac"))]
        assert all(length % FRAME_SAMPLES == 0 for length in lengths)
        assert [one["length_samples"] for one in facts["chapters"]] == lengths
        expected = [sum(lengths[:number]) / RATE for number in range(4)]
        assert [float(start) for start in starts] == pytest.approx(expected, abs=0.001)


def test_a_changed_master_encodes_its_own_part_alone(tmp_path: Path) -> None:
    """Those behind a master of broken frames lie elsewhere in theirs, and are right all the same."""
    folder = tmp_path / "aac"
    masters = chapters(tmp_path, 5)
    book(masters, tmp_path / "a.m4b", cache=cache_of(folder, masters))
    before = written_parts(folder)
    write(masters[2], hissing(CHAPTER + 3 * FRAME_SAMPLES))
    book(masters, tmp_path / "b.m4b", cache=cache_of(folder, masters, ["0", "1", "new", "3", "4"]))
    assert len(written_parts(folder) - before) == 1
    assert (tmp_path / "b.m4b").read_bytes() == book(masters, tmp_path / "c.m4b").read_bytes()
    write(masters[2], hissing(CHAPTER + 3 * FRAME_SAMPLES + 1))
    before = written_parts(folder)
    book(masters, tmp_path / "d.m4b", cache=cache_of(folder, masters, ["0", "1", "newer", "3", "4"]))
    assert len(written_parts(folder) - before) == 3
    assert (tmp_path / "d.m4b").read_bytes() == book(masters, tmp_path / "e.m4b").read_bytes()


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_part_is_encoded_again(tmp_path: Path, harm: str, caplog: pytest.LogCaptureFixture) -> None:
    masters = chapters(tmp_path, 2)
    cache = cache_of(tmp_path / "aac", masters)
    expected = book(masters, tmp_path / "a.m4b", cache=cache).read_bytes()
    victim = sorted((tmp_path / "aac").glob("??/*.aac"))[0]
    whole = victim.read_bytes()
    flipped = whole[:-1] + bytes([whole[-1] ^ 1])
    victim.write_bytes({"cut": whole[:-9], "flipped": flipped, "empty": b"", "foreign": b"RIFF"}[harm])
    assert book(masters, tmp_path / "b.m4b", cache=cache).read_bytes() == expected
    assert victim.read_bytes() == whole
    assert f"{victim} is encoded again" in caplog.text


@pytest.mark.parametrize(
    "lengths", [[5], [1, 1, 1], [1024], [300] * 8, [60_000, 7, 60_000], [7, 200_000, 7], [200_000, 900, 900]]
)
def test_chapters_shorter_than_a_frame_go_with_their_neighbors(tmp_path: Path, lengths: list[int]) -> None:
    masters = [
        write(tmp_path / f"{number}.flac", hissing(length, seed=number))
        for number, length in enumerate(lengths)
    ]
    parts = track(book(masters, tmp_path / "parts.m4b"))
    alone = track(serial(masters, tmp_path / "serial.m4b"))
    assert (parts.packets, parts.facts) == (alone.packets, alone.facts)


def test_where_no_seam_fits_the_book_is_encoded_in_one_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    masters = chapters(tmp_path, 3)
    alone = track(serial(masters, tmp_path / "serial.m4b"))
    apart = track(book(masters, tmp_path / "apart.m4b"))
    monkeypatch.setattr("pipeline.publish.aac_packets.windows_of", lambda packet, channels: None)
    caplog.set_level("INFO")
    again = track(book(masters, tmp_path / "again.m4b"))
    assert again == alone
    assert again != apart
    assert "in one pass" in caplog.text


def packet(window: int, name: int = 0) -> bytes:
    """A packet of one channel with those windows (sequence and shape in three bits)."""
    return (window << 13).to_bytes(4, "big") + bytes([name])


def test_the_seam_moves_to_where_both_parts_have_the_same_windows() -> None:
    before = Packets((), (packet(1, 1), packet(1, 2), packet(1, 3), packet(2, 4)), 1024)
    after = Packets((packet(7, 11), packet(1, 12), packet(3, 13), packet(1, 14)), (packet(1, 15),), 99)
    found = [(data[-1], lasts) for data, lasts in joined([before, after], 1)]
    assert found == [(1, 1024), (2, 1024), (13, 1024), (14, 1024), (15, 99)]


def test_parts_whose_windows_never_agree_are_not_joined() -> None:
    before = Packets((), (packet(1), packet(1)), 1024)
    with pytest.raises(SeamError):
        list(joined([before, Packets((packet(2), packet(4)), (packet(1),), 1024)], 1))


PACKETS = st.lists(st.binary(max_size=40), max_size=9).map(tuple)


@settings(deadline=None)
@given(PACKETS, PACKETS, st.integers(1, 1024), st.data())
def test_packets_come_back_from_a_file_or_are_refused(
    leads: tuple[bytes, ...], kept: tuple[bytes, ...], last_samples: int, data: st.DataObject
) -> None:
    packets = Packets(leads, kept, last_samples)
    whole = bytes_of(packets)
    assert packets_in(whole) == packets
    at = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match=r"it is no file of packets|its bytes have changed"):
        packets_in(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :])
    with pytest.raises(ValueError, match=r"it is no file of packets|its bytes have changed"):
        packets_in(whole[:at])


def test_parts_that_no_book_uses_any_more_are_known(tmp_path: Path) -> None:
    masters = chapters(tmp_path, 3)
    shelf = PacketShelf(tmp_path / "aac")
    assert shelf.in_use("book") == set()
    book(masters, tmp_path / "a.m4b", cache=cache_of(tmp_path / "aac", masters))
    assert shelf.in_use("book") == written_parts(tmp_path / "aac")
    assert shelf.unused(shelf.in_use("book")) == []
    old = shelf.path(min(shelf.in_use("book")))
    book(masters, tmp_path / "b.m4b", cache=cache_of(tmp_path / "aac", masters, ["new", "1", "2"]))
    assert len(shelf.unused(shelf.in_use("book"))) == 1
    assert old.exists()
    (tmp_path / "aac" / "book.json").write_text("[]")
    with pytest.raises(StoreError, match="damaged"):
        shelf.in_use("book")


def test_a_master_that_is_cut_short_is_named_and_no_part_of_it_is_kept(tmp_path: Path) -> None:
    masters = [write(tmp_path / f"{number}.flac", hissing(4 * CHAPTER, seed=number)) for number in range(2)]
    os.truncate(masters[1], masters[1].stat().st_size // 2)
    with pytest.raises(AudioError, match=r"1\.flac: master (ends at|cannot be decoded)"):
        book(masters, tmp_path / "a.m4b", cache=cache_of(tmp_path / "aac", masters))
    assert not (tmp_path / "a.m4b").exists()
    assert len(written_parts(tmp_path / "aac")) <= 1
