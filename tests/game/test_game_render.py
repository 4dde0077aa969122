"""`fullcast game render` and `plan` on real games with the small engine."""

import datetime
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pack_games import sample, table

from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.entries import ConsentFile, WeightFile
from pipeline.game import policy
from pipeline.hashing import digest_file
from pipeline.takes.store import TakeStore

ROOT = Path(__file__).parents[2]
ENGINES = ("unity", "renpy", "dink", "godot", "unreal", "plain")
PATHS = {
    "unity": ["Assets/Voices/en/harbor-mira-01.wav", "Assets/Voices/de/harbor-mira-01.wav"],
    "renpy": ["game/voice/start_8d8a9853.ogg", "game/tl/german/voice/start_8d8a9853.ogg"],
    "dink": ["Audio/TTS/harbor_K001.wav"],
    "godot": ["voice/en/HARBOR_01.ogg", "voice/de/HARBOR_01.ogg"],
    "unreal": ["en/Harbor_01.wav", "en/import.csv"],
    "plain": ["en/wav/harbor_01.wav", "en/ogg/harbor_01.ogg"],
}
# Kokoro's symbols; the stress mark has frames of its own, which are heard as part of the vowel.
VOWELS = "AIOQWYaeiouæɑɒɔəɛɜɪʊʌˈˌ"
STOPS = "ptkbdɡ.,!?"
TWO = "id,character,text\na,Ann,Hello there.\nb,Tom,Good evening to you.\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_each_sample_is_rendered_verified_and_left_alone_when_nothing_changed(engine, tmp_path, capsys):
    game = sample(engine, tmp_path)
    assert game.render() == 0
    for path in PATHS[engine]:
        assert (game.pack / path).is_file()
    assert game.run("verify") == 0
    sums = ["sha256sum", "--quiet", "-c", "SHA256SUMS"]
    assert subprocess.run(sums, cwd=game.pack, check=False).returncode == 0
    before = game.files()
    capsys.readouterr()
    assert game.render() == 0
    rows = capsys.readouterr().out.splitlines()
    assert not [row for row in rows if row.startswith(("rendered", "taken", "failed"))]
    assert game.files() == before
    assert game.run("diff", "--exit-code") == 0


def test_packs_of_two_stores_have_the_same_bytes(tmp_path):
    first, second = sample("renpy", tmp_path / "a"), sample("renpy", tmp_path / "b")
    assert first.render() == second.render() == 0
    one, other = first.files(), second.files()
    assert {name: data for name, (_, data) in one.items()} == {
        name: data for name, (_, data) in other.items()
    }


def test_one_word_renders_one_sound_in_its_locale_and_touches_no_other(tmp_path, capsys):
    game = sample("unity", tmp_path)
    game.render()
    before = game.files()
    game.edit("de.csv", "Nimm sie", "Nehmt sie")
    capsys.readouterr()
    game.render()
    rows = capsys.readouterr().out.splitlines()
    assert [row for row in rows if row.startswith("rendered ")] == [
        "rendered line:harbor-mira-02 harbor-mira-02 de"
    ]
    after = game.files()
    changed = {name for name in after if before.get(name) != after[name]}
    assert {name for name in changed if name.endswith(".wav")} == {"Assets/Voices/de/harbor-mira-02.wav"}
    assert not any(name.startswith("en/") for name in changed)


def test_a_line_that_cannot_be_spoken_fails_alone_and_is_made_when_it_can(tmp_path, capsys):
    game = table(tmp_path, TWO + "c,Ann,This is a tone-error now.\n")
    assert game.render() == 1
    told = capsys.readouterr()
    assert "failed c c en" in told.out and "lines.csv:4: failed: en c:" in told.err
    assert [row["status"] for row in game.index()] == ["voiced", "voiced", "failed"]
    assert game.run("verify") == 6
    assert "P008" in capsys.readouterr().out
    game.edit("lines.csv", "tone-error", "good line")
    assert game.render() == 0 and game.run("verify") == 0


def test_errors_of_lint_stop_everything_with_3_before_a_file_is_made(tmp_path):
    game = table(tmp_path, TWO + "c,Ann,...\n")
    assert game.render() == 3 and game.run("plan") == 3
    assert not game.pack.exists() and not game.store.exists()


def test_a_bark_has_takes_of_its_own_seeds(tmp_path):
    game = table(tmp_path, TWO, "[[barks]]\nids = ['a']\ntakes = 3\n")
    game.render()
    stems = [row["stem"] for row in game.index()]
    assert stems == ["a", "a__take2", "a__take3", "b"]
    keys = {key for row in game.index() for key in row["take_keys"]}
    assert len(keys) == 4
    sounds = [game.samples(f"en/wav/{stem}.wav") for stem in stems[:3]]
    assert not np.array_equal(sounds[0], sounds[1]) and not np.array_equal(sounds[1], sounds[2])


def test_a_line_with_a_value_gets_a_file_for_each(tmp_path):
    game = table(tmp_path, "id,text\na,I have {gold} coins.\n", "[variants]\ngold = ['two', 'twenty-one']\n")
    game.render()
    assert [(row["stem"], row["spoken"]) for row in game.index()] == [
        ("a__two", "I have two coins."),
        ("a__twenty-one", "I have twenty-one coins."),
    ]
    assert (game.pack / "en/ogg/a__twenty-one.ogg").is_file()


def test_a_retake_changes_the_sound_of_its_line_alone(tmp_path, capsys):
    game = table(tmp_path, TWO)
    game.render()
    before = game.samples("en/wav/a.wav")
    capsys.readouterr()
    assert game.render("--retake", "a") == 0
    assert "rendered a a en" in capsys.readouterr().out
    assert not np.array_equal(before, game.samples("en/wav/a.wav"))
    assert game.render() == 0
    assert "0 rendered, 2 cached" in capsys.readouterr().out
    assert game.render("--retake", "z") == 2


def test_emotion_and_direction_reach_the_engine_and_what_it_cannot_do_is_told(tmp_path, capsys):
    rows = "id,character,text,direction,emotion\na,Ann,Come here.,whispered,cross\nb,Ann,Come here.,,\n"
    game = table(tmp_path, rows, "emotions = { cross = 'angry' }\n")
    report = game.report("render", "--local")
    assert game.row("a")["duration_s"] < game.row("b")["duration_s"]  # the small engine speaks anger faster
    assert report["lines"][0]["unrealised"] == "tone: the tone engine follows no style text"
    assert report["lines"][1]["unrealised"] is None
    assert "1 lines not wholly as directed" in capsys.readouterr().err


def test_a_pause_inside_a_line_is_heard_at_its_length(tmp_path):
    game = sample("renpy", tmp_path)
    game.render()
    row = next(row for row in game.index() if row["stem"] == "start_696c9978")
    assert len(row["take_keys"]) == 2
    sound = np.abs(game.samples("game/voice/start_696c9978.ogg")) > 0.02
    gaps = np.diff(np.flatnonzero(sound))
    # Fades of the tones under the threshold and Vorbis' spread of them: some milliseconds.
    assert gaps.max() / 48_000 == pytest.approx(0.4, abs=0.03)


def test_lines_that_are_no_more_lose_their_files_and_foreign_files_stay(tmp_path, capsys):
    game = table(tmp_path, TWO)
    game.render()
    foreign = game.pack / "en" / "wav" / "music.wav"
    foreign.write_bytes((game.pack / "en/wav/a.wav").read_bytes())
    game.edit("lines.csv", "b,Tom,Good evening to you.\n", "")
    assert game.render() == 0
    assert sorted(path.name for path in (game.pack / "en/wav").iterdir()) == ["a.wav", "music.wav"]
    assert not (game.pack / "en/ogg/b.ogg").exists()
    assert game.run("verify") == 6 and "music.wav: P005" not in capsys.readouterr().err


def test_a_damaged_take_is_set_aside_and_made_anew(tmp_path, capsys):
    game = table(tmp_path, TWO)
    game.render()
    before = game.contents()
    key = game.row("a")["take_keys"][0]
    path = TakeStore(game.store).audio_path(key)
    path.write_bytes(path.read_bytes()[:-20])
    shutil.rmtree(game.pack)
    capsys.readouterr()
    assert game.render() == 0
    assert "rendered a a en" in capsys.readouterr().out
    assert game.contents() == before
    assert path.with_suffix(".flac.damaged").exists()


def test_checksums_of_something_else_are_not_overwritten(tmp_path, capsys):
    game = table(tmp_path, TWO)
    game.pack.mkdir()
    foreign = game.pack / "SHA256SUMS"
    foreign.write_text(f"{'0' * 64}  music.wav\n", "utf-8")
    (game.pack / "music.wav").write_bytes(b"music")
    assert game.render() == 2
    assert "SHA256SUMS is there already and of no pack" in capsys.readouterr().err
    assert (game.pack / "music.wav").read_bytes() == b"music"
    foreign.unlink()
    assert game.render() == 0 and (game.pack / "music.wav").exists()


def test_a_run_in_parts_ends_as_one_in_one_go(tmp_path):
    whole, parts = sample("plain", tmp_path / "whole"), sample("plain", tmp_path / "parts")
    assert whole.render() == 0
    assert parts.render("--limit", "2") == 0
    assert {row["status"] for row in parts.index()} == {"voiced", "missing"}
    assert parts.render("--character", "Mira") == 0
    assert parts.render() == 0
    assert whole.contents() == parts.contents()


def test_takes_that_no_line_uses_any_more_are_dropped_on_request(tmp_path, capsys):
    game = table(tmp_path, TWO)
    game.render()
    game.edit("lines.csv", "Hello there.", "Hello to you.")
    assert game.render() == 0
    takes = sorted(TakeStore(game.store).all_keys())
    used = sorted(key for row in game.index() for key in row["take_keys"])
    assert len(takes) == 3 and set(used) < set(takes)
    assert game.render("--drop-unused") == 0
    assert "1 takes that no line uses were removed" in capsys.readouterr().out
    assert sorted(TakeStore(game.store).all_keys()) == used
    assert game.run("verify") == 0


def test_a_lost_pack_is_made_again_of_the_takes_alone(tmp_path, capsys):
    game = sample("plain", tmp_path)
    game.render()
    before = game.contents()
    shutil.rmtree(game.pack)
    capsys.readouterr()
    assert game.render() == 0
    assert "0 rendered, 9 cached" in capsys.readouterr().out
    assert game.contents() == before


def test_a_budget_stops_plan_and_render_with_7_and_reports_say_so(tmp_path, capsys):
    game = table(tmp_path, TWO, "[budget]\ncharacters = 10\ncost = 0.001\n[costs]\ntone = 0.5\n")
    assert game.run("plan") == 7
    told = capsys.readouterr().err
    assert "budget.characters is 10" in told and "a cost of 0.02, budget.cost is 0.001" in told
    assert game.render() == 7 and not game.pack.exists()
    report = game.report("plan")
    assert report["exit"] == 7 and "over the budget" in report["notes"][0]
    game.edit("fullcast-game.toml", "characters = 10\ncost = 0.001", "characters = 10000")
    assert game.render() == 0


def test_what_is_cached_costs_nothing(tmp_path):
    game = table(tmp_path, TWO, "[budget]\ncharacters = 40\n")
    assert game.render() == 0
    game.edit("lines.csv", "Hello there.", "Hello to all of you.")
    assert game.render() == 0
    assert game.report("plan")["counts"]["plan"]["cached"] == 2


CONSENT = """[[voices]]
voice = "tone/high"
person = "Ann Example"
given = 2024-01-01
uses = ["{use}"]
locales = ["{locale}"]
statement = "I agree."
"""


@pytest.mark.parametrize(
    ("use", "locale", "more", "told"),
    [
        ("audiobook", "en", "", "Ann Example agreed to audiobook, not to game"),
        ("game", "de", "", "Ann Example agreed to de"),
        ("game", "en", "expires = 2024-02-01\n", "Ann Example's consent ended on 2024-02-01"),
        ("game", "en", "", None),
        ("any", "*", "", None),
    ],
)
def test_a_consent_record_must_cover_use_locale_and_day(tmp_path, capsys, use, locale, more, told):
    game = table(tmp_path, TWO, 'consent = "consent.toml"\n')
    (game.folder / "consent.toml").write_text(CONSENT.format(use=use, locale=locale) + more, "utf-8")
    assert game.render() == (0 if told is None else 7)
    told_row = f"voice tone/high may not speak en: {told}"
    assert told is None or told_row in capsys.readouterr().err


def test_a_voice_of_one_s_own_needs_a_record():
    catalogue = load_catalogue()
    today = datetime.date(2026, 1, 1)
    high = catalogue.voice("tone/high")
    somebody = replace(high, id="tone/somebody")
    assert policy.refusal(high, "en", [], catalogue, today) is None
    assert "has no consent record" in str(policy.refusal(somebody, "en", [], catalogue, today))


@pytest.mark.parametrize(
    ("uses", "told"),
    [
        ("[audiobook]", "no consent to use voice mine/anna: it allows audiobook, not game"),
        ("[game]", None),
        (None, "voice mine/anna was made from a recording and has no consent record"),
    ],
)
def test_a_voice_of_a_recording_speaks_what_its_registry_s_consent_names(tmp_path, uses, told):
    sha256 = "0" * 64
    consent = None
    if uses is not None:
        path = tmp_path / "anna.yaml"
        path.write_text(
            f"consent: 1\nperson: Anna\ngiven: 2024-01-01\nuses: {uses}\nreferences: ['{sha256}']\n"
            "statement: I agree.\nsigned_by: Anna\n"
        )
        consent = ConsentFile(path, digest_file(path))
    catalogue = load_catalogue()
    voice = replace(
        catalogue.voice("tone/high"),
        id="mine/anna",
        state="embedding",
        file=WeightFile("embedding", sha256, 1),
        consent=consent,
        origin="fullcast-registry.yaml:3",
    )
    reason = policy.refusal(voice, "en", [], catalogue, datetime.date(2026, 1, 1))
    assert (reason is None) if told is None else (told in str(reason))


def test_a_source_that_forbids_machines_stops_with_7_and_may_be_verified(tmp_path):
    game = table(tmp_path, TWO)
    game.render()
    game.edit("fullcast-game.toml", 'name = "tones"', 'name = "tones"\nai_use = "forbidden"')
    assert game.run("plan") == 7 and game.render("--recheck") == 7
    assert game.run("verify") == 0


def test_a_voice_that_does_not_speak_a_locale_is_told_before_anything_is_made(tmp_path, capsys):
    game = sample("unity", tmp_path)
    game.edit("fullcast-game.toml", '"tone/low"', '"kokoro/af_heart"')
    assert game.run("plan") == 2
    assert "kokoro/af_heart does not speak 'de'" in capsys.readouterr().err


def test_two_lines_with_one_file_are_an_error(tmp_path):
    game = table(tmp_path, "id,text\na b,Hello.\na-b,Good evening.\n", "[lint]\nD013 = 'off'\n")
    assert game.render() == 2


@pytest.mark.slow
def test_a_pack_of_ray_workers_is_the_one_of_this_process(tmp_path):
    alone, cluster = sample("godot", tmp_path / "alone"), sample("godot", tmp_path / "cluster")
    assert alone.render() == 0
    assert cluster.run("render", "--workers", "1") == 0
    assert alone.contents() == cluster.contents()


@pytest.mark.slow
def test_real_voices_fill_a_pack_with_mouth_shapes(tmp_path):
    game = sample("godot", tmp_path)
    voices = 'Keeper = "kokoro/am_michael", Mira = "kokoro/af_heart", "*" = "kokoro/bf_emma"'
    game.edit("fullcast-game.toml", 'Keeper = "tone/low", Mira = "tone/high", "*" = "tone/mid"', voices)
    config = game.folder / "fullcast-game.toml"
    config.write_text("visemes = true\n" + config.read_text("utf-8"), "utf-8")
    assert game.render("--locale", "en") == 0 and game.run("verify", "--locale", "en") == 0
    for row in game.index():
        assert row["lufs"] == pytest.approx(-23, abs=0.1) and row["peak_dbtp"] <= -1
        assert row["model"].startswith("kokoro@")
        cues = json.loads((game.pack / row["viseme"]).read_text("utf-8"))
        sound = np.abs(game.samples(row["ogg"]))
        assert cues["mouthCues"][-1]["end"] == pytest.approx(sound.size / 48_000, abs=0.006)
        assert energy_at_rest(cues["mouthCues"], sound) < 0.05
    contrasts = {shift_s: contrast_db(game, shift_s) for shift_s in (-0.075, 0.0, 0.075)}
    # Measured: 17 dB where the phonemes are said to be, 9 to 12 dB three frames beside it.
    assert contrasts[0.0] > max(contrasts[-0.075], contrasts[0.075]) + 3


def energy_at_rest(cues, sound):
    """The share of a sound's energy that lies where the mouth is at rest."""
    energies = [
        float(np.sum(sound[round(cue["start"] * 48_000) : round(cue["end"] * 48_000)] ** 2)) for cue in cues
    ]
    at_rest = sum(energy for cue, energy in zip(cues, energies, strict=True) if cue["value"] == "X")
    return at_rest / sum(energies)


def contrast_db(game, shift_s):
    """How much louder vowels are than stops and pauses, if all times are moved."""
    vowels, stops = [], []
    store = TakeStore(game.store)
    for row in game.index():
        take = store.get(row["take_keys"][0])
        samples, rate = soundfile.read(take.path)
        for symbol, begin_s, end_s in take.timing:
            into = vowels if symbol in VOWELS else stops if symbol in STOPS else []
            part = samples[max(0, round((begin_s + shift_s) * rate)) : round((end_s + shift_s) * rate)]
            if part.size:
                into.append(10 * np.log10(np.mean(part**2) + 1e-8))
    return float(np.mean(vowels) - np.mean(stops))


def test_the_revision_of_a_pack_is_the_commit_that_last_changed_its_sources(tmp_path):
    game = table(tmp_path, TWO)
    git = ["git", "-C", str(game.folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]

    def commit(words):
        for arguments in (["add", "."], ["commit", "-qm", words]):
            subprocess.run([*git, *arguments], check=True)

    def revision():
        assert game.render() == 0
        return json.loads((game.pack / "pack.json").read_text("utf-8"))["revision"]

    assert revision().startswith("sha256:")
    subprocess.run([*git, "init", "-q"], check=True)
    commit("lines and pack")
    first = revision()
    assert first.startswith("git:") and len(first) == 44
    commit("the pack of that commit")
    assert revision() == first
    game.edit("lines.csv", "Hello there.", "Hello you.")
    assert revision().startswith("sha256:")
    commit("an edit")
    assert revision() not in (first, "") and revision().startswith("git:")


def test_a_character_s_gain_is_added_to_the_level_of_the_pack(tmp_path):
    voices = 'voices = { Ann = { voice = "tone/high", gain = -6.0 }, "*" = "tone/low" }\n'
    game = table(tmp_path, TWO, head=f'engine = "plain"\n{voices}')
    assert game.render() == 0
    assert game.row("a")["lufs"] == pytest.approx(-29, abs=0.1)
    assert game.row("b")["lufs"] == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("verb", ["plan", "verify", "diff"])
def test_verbs_that_speak_nothing_wait_for_neither_torch_nor_ray(tmp_path, verb):
    game = table(tmp_path, TWO)
    game.render()
    code = (
        "import sys; from pipeline.cli.main import run; code = run(sys.argv[1:]);"
        "print(code, sorted({'torch', 'ray', 'spacy', 'misaki', 'onnx'} & set(sys.modules)))"
    )
    places = ["-o", str(game.pack), "--store", str(game.store)]
    command = [sys.executable, "-c", code, "game", verb, str(game.folder), *places]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr
