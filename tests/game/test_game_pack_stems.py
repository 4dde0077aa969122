"""File names and places: each engine's own rule finds what fullcast writes."""

import re

import pytest
from game_files import write_game
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.game.agenda import layout_of
from pipeline.game.project import load_project
from pipeline.game.stems import Layout, clashes, stem_of, variant_stem

ENGINES = ("unity", "renpy", "dink", "godot", "unreal", "plain")


@pytest.mark.parametrize(
    ("engine", "line_id", "path"),
    [
        ("unity", "line:tutorial-tom-01", "Voices/de/tutorial-tom-01.wav"),
        ("renpy", "start_89f6777f", "game/tl/german/voice/start_89f6777f.ogg"),
        ("dink", "main_Barks_O037", "Audio/de/TTS/main_Barks_O037.wav"),
        ("godot", "t14bc171a9f", "voice/de/t14bc171a9f.ogg"),
        ("unreal", "Harbor.01-b", "de/Harbor_01_b.wav"),
        ("plain", "a b/ü", "de/wav/a-b--.wav"),
    ],
)
def test_paths_are_those_of_the_engine(engine, line_id, path):
    layout = Layout(
        engine, "de", "en", assets_folder="Voices/de" if engine == "unity" else None, language="german"
    )
    stem = stem_of(engine, line_id)
    assert layout.path(line_id, stem, layout.sounds[0]) == path


def test_the_base_locale_of_renpy_and_dink_lies_at_the_top():
    assert Layout("renpy", "en", "en").path("x", "x", "ogg") == "game/voice/x.ogg"
    assert Layout("dink", "en", "en").path("x", "x", "wav") == "Audio/TTS/x.wav"


def renpy_finds(pattern, identifier, language, files):
    """What Ren'Py plays for an identifier: its own formula, first in the language's folder.

    Source: renpy:renpy/common/00voice.rpy (config.auto_voice.format(id=...)), renpy/loader.py (get_prefixes).
    """
    name = pattern.format(id=identifier)
    for prefix in ([f"tl/{language}/"] if language else []) + [""]:
        if f"game/{prefix}{name}" in files:
            return f"game/{prefix}{name}"
    return None


@pytest.mark.parametrize("pattern", ["voice/{id}.ogg", "audio/lines/{id}.wav", "{id}.ogg"])
def test_renpy_s_own_formula_finds_every_file(pattern):
    base = Layout("renpy", "en", "en", voice_pattern=pattern)
    german = Layout("renpy", "de", "en", language="german", voice_pattern=pattern)
    files = {layout.path("start_1", "start_1", layout.sounds[0]) for layout in (base, german)}
    assert renpy_finds(pattern, "start_1", None, files) == base.path("start_1", "start_1", base.sounds[0])
    assert renpy_finds(pattern, "start_1", "german", files) == german.path(
        "start_1", "start_1", base.sounds[0]
    )
    base.demand_playable()


def test_a_pattern_of_a_format_that_is_not_written_is_an_error():
    with pytest.raises(UsageError, match="fullcast writes Ogg Vorbis or WAV"):
        Layout("renpy", "en", "en", voice_pattern="voice/{id}.mp3").demand_playable()


def test_unity_s_rule_finds_the_file_by_its_lower_cased_name():
    stem = stem_of("unity", "line:Tom-01")
    assert stem.lower() == "line:Tom-01".removeprefix("line:").lower()


def test_dink_s_rule_finds_the_file_that_starts_with_the_id():
    stem = variant_stem(stem_of("dink", "main_K001"), (), 2)
    assert f"{stem}.wav".lower().startswith("main_k001")


def test_unreal_s_own_format_names_files():
    assert stem_of("unreal", "Harbor_01", "VO_{DialogueGuid}_{ContextId}") == "VO_Harbor_01_0"
    with pytest.raises(UsageError, match="no field '{Speaker}'"):
        stem_of("unreal", "Harbor_01", "{Speaker}")
    with pytest.raises(UsageError, match="gives all lines one name"):
        stem_of("unreal", "Harbor_01", "VO_{ContextId}")


def test_variants_and_takes_are_behind_the_stem():
    assert variant_stem("gold", ("Twenty-one!", "two"), 3) == "gold__twenty-one__two__take3"
    assert variant_stem("gold", ("…",)) == "gold__empty"
    assert variant_stem("gold", ()) == "gold"


@given(st.sampled_from(ENGINES), st.text(min_size=1, max_size=20))
def test_no_id_leads_out_of_the_pack(engine, line_id):
    layout = Layout(engine, "en", "en")
    for sound in layout.sounds:
        path = layout.path(line_id, stem_of(engine, line_id), sound)
        assert path.count("/") == Layout(engine, "en", "en").path("x", "x", sound).count("/")
        assert "\\" not in path and not re.search(r"[\x00-\x1f]", path)


@pytest.mark.parametrize("folder", ["../../Voices/de", "/Voices/de", "./Voices/x/../de", "Voices//de/"])
def test_a_folder_that_the_project_names_lies_inside_the_pack(folder):
    layout = Layout("unity", "de", "en", assets_folder=folder)
    assert layout.path("line:a", "a", "wav") == "Voices/de/a.wav"


def test_ids_that_differ_by_case_alone_clash():
    stems = {name: stem_of("plain", name) for name in ("Tom 1", "tom-1", "tom-2")}
    assert clashes(stems) == (("Tom 1", "tom-1"),)


def test_the_folder_of_a_renpy_language_is_the_game_s_own_name_of_it(tmp_path):
    script = 'label start:\n    "Hi."\n'
    translated = 'translate french start_8ab73b05:\n    "Salut."\n'
    config = 'engine = "renpy"\nsources = [{ format = "renpy", path = "." }]\nvoices = { "*" = "tone/mid" }\n'
    write_game(tmp_path, config)
    for name, text in {"script.rpy": script, "tl/french/script.rpy": translated}.items():
        (tmp_path / "game" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "game" / name).write_text(text, "utf-8")
    project = load_project(tmp_path)
    layout = layout_of(project, "fr")
    assert layout.path("x", "x", "ogg") == "game/tl/french/voice/x.ogg"
