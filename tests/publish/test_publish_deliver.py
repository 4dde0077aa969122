"""Encoded, decoded, measured, corrected: files of chapters and the book's file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from publish_samples import RATE

from pipeline.audio import Audio, encode_flac
from pipeline.publish.aac_packets import PacketShelf
from pipeline.publish.chapters import chapter_marks
from pipeline.publish.correction import Correction
from pipeline.publish.deliver import CORRECTIONS, BookCache, Deliverer, Source
from pipeline.publish.encode import Format
from pipeline.publish.sections import measure_sections
from pipeline.publish.store_rules import check_file
from pipeline.publish.tags import Tags
from pipeline.publish.verdict import Attempt, Verdict
from pipeline.stitch.loudness import measure_file
from pipeline.stitch.presets import PRESETS, Preset

ACX, AUDIOBOOK = PRESETS["acx"], PRESETS["audiobook"]
TAGS = Tags(title="One")


def sound(
    path: Path,
    rms_db: float = -20.0,
    peak_db: float = -6.0,
    floor_db: float = -75.0,
    seconds: float = 6.0,
    seed: int = 1,
) -> Path:
    """A master of low noise at an RMS over the whole, with one click at `peak_db`, over hiss, with edges."""
    rng = np.random.default_rng(seed)
    length = round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum[np.fft.rfftfreq(length, 1 / RATE) > 2500] = 0
    body = np.clip(np.fft.irfft(spectrum, length), -1.4, 1.4)
    body[: round(0.75 * RATE)] = 0
    body[-3 * RATE :] = 0
    body *= 10 ** (rms_db / 20) / np.sqrt(np.mean(body**2))
    start = 2 * RATE
    body[start : start + 400] = 10 ** (peak_db / 20) * np.hanning(400)
    body += rng.standard_normal(length) * 10 ** (floor_db / 20)
    path.write_bytes(encode_flac(Audio.mono(body, RATE)))
    return path


def source(path: Path) -> Source:
    return Source(path.stem, lambda desk: path, measure_file(path))


def delivered(folder: Path, path: Path, form: Format = "mp3", preset: Preset = ACX) -> tuple[Verdict, Path]:
    out = folder / f"out.{form}"
    return Deliverer(preset, {}, folder).file(source(path), form, TAGS, out), out


def test_a_file_that_meets_its_preset_is_encoded_once(tmp_path: Path) -> None:
    verdict, out = delivered(tmp_path, sound(tmp_path / "a.flac"))
    assert verdict.attempts == (Attempt(None, ()),)
    assert verdict.broken == ()
    assert all(rule.ok for rule in check_file(out, ACX))


def test_a_peak_over_its_ceiling_is_encoded_again_until_the_file_passes(tmp_path: Path) -> None:
    verdict, out = delivered(tmp_path, sound(tmp_path / "a.flac", peak_db=-1.0))
    assert len(verdict.attempts) > 1
    assert verdict.attempts[0].broken[0].startswith("peak -")
    assert "dB beyond" in verdict.attempts[0].broken[0]
    assert verdict.attempts[-1].broken == ()
    assert all(rule.ok for rule in check_file(out, ACX)), "what is said is what another measurement finds"


def test_a_loudness_beyond_its_limits_is_encoded_again(tmp_path: Path) -> None:
    verdict, out = delivered(tmp_path, sound(tmp_path / "a.flac", rms_db=-24.5, peak_db=-12.0))
    assert [bool(one.broken) for one in verdict.attempts] == [True, False]
    assert measure_file(out).rms_dbfs == pytest.approx(-20.0, abs=0.3)


def test_hiss_that_no_gain_can_hide_is_told_with_value_and_limit(tmp_path: Path) -> None:
    verdict, out = delivered(tmp_path, sound(tmp_path / "a.flac", floor_db=-55.0))
    (rule,) = verdict.broken
    assert (rule.rule, rule.limit) == ("noise-floor", "<= -60 dB RMS")
    assert rule.value == f"{measure_file(out).noise_floor_dbfs:.2f} dB RMS"
    assert out.exists(), "the file is there all the same"


def test_attempts_are_bounded(tmp_path: Path) -> None:
    """A ceiling that nothing can meet: whatever is lowered, loudness and peak exclude each other."""
    impossible = replace(ACX, ceiling_db=-19.0, accepted=(-20.2, -19.8))
    verdict, _ = delivered(tmp_path, sound(tmp_path / "a.flac"), preset=impossible)
    assert len(verdict.attempts) == CORRECTIONS + 1
    assert verdict.broken


def test_a_lossless_file_is_judged_and_never_changed(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.flac", peak_db=-1.0)
    verdict, out = delivered(tmp_path, path, "flac")
    assert [rule.rule for rule in verdict.broken] == ["peak"]
    assert len(verdict.attempts) == 1
    assert measure_file(out).sample_peak_dbfs == measure_file(path).sample_peak_dbfs


def test_a_companion_format_has_to_meet_levels_but_not_codec(tmp_path: Path) -> None:
    verdict, _ = delivered(tmp_path, sound(tmp_path / "a.flac"), "opus")
    names = {rule.rule for rule in verdict.rules}
    assert names == {"rms", "peak", "noise-floor", "length", "head", "tail"}


def test_the_preset_none_is_neither_measured_nor_judged(tmp_path: Path) -> None:
    verdict, out = delivered(tmp_path, sound(tmp_path / "a.flac", peak_db=-0.1), "mp3", PRESETS["none"])
    assert (verdict.levels, verdict.rules) == ({}, ())
    assert out.exists()


def test_equal_masters_give_equal_bytes_and_verdicts(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.flac", peak_db=-1.0)
    (tmp_path / "x").mkdir()
    first, one = delivered(tmp_path, path)
    second, other = delivered(tmp_path / "x", path)
    assert first == second
    assert one.read_bytes() == other.read_bytes()


def test_what_was_measured_before_is_encoded_with_its_correction_and_not_measured(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.flac", peak_db=-1.0)
    found, out = delivered(tmp_path, path)
    before = out.read_bytes()
    # No measurement gives this number: it can only come from what was known.
    known = replace(found, levels={"rms_dbfs": 123.0})
    deliverer = Deliverer(ACX, {Deliverer(ACX, {}, tmp_path).key("a", "mp3"): known}, tmp_path)
    assert deliverer.file(source(path), "mp3", TAGS, out) == known
    assert out.read_bytes() == before
    deliverer.file(source(path), "mp3", replace(TAGS, title="Two"), out)
    assert out.read_bytes() != before, "another tag"


def test_a_verdict_is_of_one_master_format_and_preset() -> None:
    folder = Path()
    keys = {
        Deliverer(preset, {}, folder).key(master, form)
        for preset in (ACX, AUDIOBOOK, replace(ACX, ceiling_db=-2.9))
        for master in "ab"
        for form in ("mp3", "opus", "m4b")
    }
    assert len(keys) == 18


def test_a_verdict_survives_its_record(tmp_path: Path) -> None:
    verdict, _ = delivered(tmp_path, sound(tmp_path / "a.flac", peak_db=-1.0))
    assert Verdict.from_json(verdict.as_json()) == verdict


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    delivered(tmp_path, sound(tmp_path / "a.flac", peak_db=-1.0))
    assert {path.name for path in tmp_path.iterdir()} == {"a.flac", "out.mp3"}


def loud_sound(path: Path, lufs: float, seed: int) -> Path:
    """A master at a loudness, without edges to speak of."""
    sound(path, peak_db=-14.0, seconds=8.0, seed=seed)
    levels = measure_file(path)
    samples = np.clip(sound_samples(path) * 10 ** ((lufs - levels.integrated_lufs) / 20), -1, 1)
    path.write_bytes(encode_flac(Audio.mono(samples, RATE)))
    return path


def sound_samples(path: Path) -> np.ndarray:
    from pipeline.audio import read_audio

    return read_audio(path).samples[:, 0]


def book_of(
    folder: Path, masters: list[Path], deliverer: Deliverer, cache: BookCache | None
) -> tuple[list[Verdict], Path]:
    sources = [source(path) for path in masters]
    lengths = [sound_samples(path).size for path in masters]
    marks = chapter_marks([path.stem for path in masters], lengths)
    out = folder / "book.m4b"
    return deliverer.book(sources, marks, RATE, TAGS, out, cache, threads=2), out


def test_only_the_chapter_that_is_off_is_corrected_in_the_books_file(tmp_path: Path) -> None:
    masters = [loud_sound(tmp_path / f"{n}.flac", lufs, n) for n, lufs in enumerate((-18.0, -19.2, -18.1))]
    cache = BookCache(PacketShelf(tmp_path / "aac"), "book")
    verdicts, out = book_of(tmp_path, masters, Deliverer(AUDIOBOOK, {}, tmp_path), cache)
    assert [len(one.attempts) for one in verdicts] == [1, 2, 1]
    assert [one.broken for one in verdicts] == [(), (), ()]
    assert verdicts[1].correction is not None
    assert verdicts[1].correction.gain_db == pytest.approx(1.2, abs=0.1)
    lengths = [sound_samples(path).size for path in masters]
    sections = measure_sections(out, chapter_marks(["0", "1", "2"], lengths), RATE, threads=1)
    assert [section.integrated_lufs for section in sections] == pytest.approx([-18, -18, -18.1], abs=0.1)
    plain = Deliverer(AUDIOBOOK, {}, tmp_path)
    (tmp_path / "x").mkdir()
    again, other = book_of(tmp_path / "x", masters, plain, None)
    assert again == verdicts
    assert other.read_bytes() == out.read_bytes(), "neither cache nor the way there changes a byte"


def test_a_known_book_is_written_in_one_go(tmp_path: Path) -> None:
    masters = [loud_sound(tmp_path / f"{n}.flac", lufs, n) for n, lufs in enumerate((-18.0, -19.2))]
    first = Deliverer(AUDIOBOOK, {}, tmp_path)
    verdicts, out = book_of(tmp_path, masters, first, None)
    before = out.read_bytes()
    known = {
        key: replace(verdict, levels={"rms_dbfs": 123.0})
        for key, verdict in zip(first.book_keys([source(path) for path in masters]), verdicts, strict=True)
    }
    again, out = book_of(tmp_path, masters, Deliverer(AUDIOBOOK, known, tmp_path), None)
    assert [one.levels for one in again] == [{"rms_dbfs": 123.0}] * 2
    assert out.read_bytes() == before


def test_a_changed_chapter_gives_the_verdicts_of_a_new_book(tmp_path: Path) -> None:
    masters = [loud_sound(tmp_path / f"{n}.flac", lufs, n) for n, lufs in enumerate((-18.0, -19.2, -18, -18))]
    first = Deliverer(AUDIOBOOK, {}, tmp_path)
    verdicts, _ = book_of(tmp_path, masters, first, None)
    known = dict(zip(first.book_keys([source(path) for path in masters]), verdicts, strict=True))
    masters[3] = loud_sound(tmp_path / "4.flac", -19.0, 4)
    later, out = book_of(tmp_path, masters, Deliverer(AUDIOBOOK, known, tmp_path), None)
    (tmp_path / "x").mkdir()
    fresh, other = book_of(tmp_path / "x", masters, Deliverer(AUDIOBOOK, {}, tmp_path), None)
    assert later == fresh
    assert out.read_bytes() == other.read_bytes()
    assert [len(one.attempts) for one in later] == [1, 2, 1, 2]


def test_a_section_measures_what_its_master_does_sample_for_sample(tmp_path: Path) -> None:
    masters = [loud_sound(tmp_path / f"{n}.flac", -18.0, n) for n in range(3)]
    _, out = book_of(tmp_path, masters, Deliverer(AUDIOBOOK, {}, tmp_path), None)
    lengths = [sound_samples(path).size for path in masters]
    marks = chapter_marks(["a", "b", "c"], lengths)
    for path, section in zip(masters, measure_sections(out, marks, RATE, 2), strict=True):
        whole = measure_file(path)
        assert section.duration_s == whole.duration_s
        # The coder smears an onset by a few samples at most.
        assert section.head_s == pytest.approx(whole.head_s, abs=0.002)
        assert section.rms_dbfs == pytest.approx(whole.rms_dbfs, abs=0.05)


def sibilants(path: Path, preset: Preset) -> Path:
    """Low voice with bursts of hiss at full scale, mastered roughly as the preset asks, peaks held."""
    from pipeline.stitch.limiter import hold_peaks

    rate = preset.sample_rate
    rng = np.random.default_rng(7)
    length = 10 * rate
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    noise = np.fft.rfft(rng.standard_normal(length))
    voice = np.fft.irfft(np.where((frequencies > 100) & (frequencies < 1500), noise, 0), length)
    hiss = np.fft.irfft(np.where((frequencies > 5000) & (frequencies < 12000), noise, 0), length)
    samples = 0.3 * voice / np.abs(voice).max()
    for start in range(rate, 7 * rate, rate // 2):
        samples[start : start + rate // 12] = np.clip(
            6 * hiss[start : start + rate // 12] / np.abs(hiss).max(), -1, 1
        )
    samples[: round(0.75 * rate)] = 0
    samples[-3 * rate :] = 0
    samples += rng.standard_normal(length) * 1e-4
    for _ in range(6):
        held = hold_peaks(samples.astype(np.float32), rate, preset.limiter_dbtp or 0.0)
        path.write_bytes(encode_flac(Audio.mono(held, rate)))
        levels = measure_file(path)
        heard = levels.rms_dbfs if preset.measure == "rms" else levels.integrated_lufs
        samples = samples * 10 ** ((preset.target - heard) / 20)
    return path


@pytest.mark.parametrize(
    ("name", "form"), [("acx", "mp3"), ("podcast", "mp3"), ("broadcast", "wav"), ("audiobook", "opus")]
)
def test_full_scale_sibilants_meet_every_limit_after_encoding_and_decoding(
    tmp_path: Path, name: str, form: Format
) -> None:
    preset = PRESETS[name]
    verdict, out = delivered(tmp_path, sibilants(tmp_path / "s.flac", preset), form, preset)
    assert verdict.broken == (), verdict.attempts
    levels = measure_file(out)
    peak_db = levels.sample_peak_dbfs if preset.peak == "sample" else levels.true_peak_dbtp
    assert preset.ceiling_db is not None and peak_db <= preset.ceiling_db + 0.005


def test_full_scale_sibilants_meet_every_limit_in_the_books_file(tmp_path: Path) -> None:
    path = sibilants(tmp_path / "s.flac", AUDIOBOOK)
    (verdict,), out = book_of(tmp_path, [path], Deliverer(AUDIOBOOK, {}, tmp_path), None)
    assert verdict.broken == (), verdict.attempts
    assert all(rule.ok for rule in check_file(out, AUDIOBOOK))


def test_a_correction_is_part_of_the_record(tmp_path: Path) -> None:
    verdict = Verdict((Attempt(None, ("peak",)), Attempt(Correction(0.0, -4.0), ())), {}, ())
    assert verdict.as_json()["attempts"] == [
        {"broken": ["peak"]},
        {"broken": [], "gain_db": 0.0, "limit_dbtp": -4.0},
    ]
