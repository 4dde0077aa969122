"""`fullcast voices`: what one can cast, narrowed down."""

import json

import pytest

from pipeline.cli.main import run


def listed(capsys, *arguments):
    capsys.readouterr()
    assert run(["voices", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_row_a_voice_and_their_number_on_the_error_stream(capsys):
    voices = listed(capsys, "--engine", "kokoro")
    assert run(["voices", "--engine", "kokoro"]) == 0
    said = capsys.readouterr()
    assert [row.split()[0] for row in said.out.splitlines()] == [voice["id"] for voice in voices]
    assert said.err.strip() == f"{len(voices)} voices"


def test_every_voice_listed_can_be_cast(capsys):
    from pipeline.engines.catalogue import load_catalogue

    catalogue = load_catalogue()
    for voice in listed(capsys)[::7]:
        assert catalogue.resolve_voice(voice["id"]).model == voice["model"]


def test_a_language_means_all_its_regions_and_a_region_itself(capsys):
    english = {voice["id"] for voice in listed(capsys, "--engine", "kokoro", "--language", "en")}
    american = {voice["id"] for voice in listed(capsys, "--engine", "kokoro", "--language", "en-us")}
    british = {voice["id"] for voice in listed(capsys, "--engine", "kokoro", "--language", "en-gb")}
    assert american and british and not american & british
    assert english == american | british


@pytest.mark.parametrize("gender", ["female", "male"])
def test_a_gender_is_that_gender_alone(capsys, gender):
    voices = listed(capsys, "--gender", gender)
    assert voices and {voice["gender"] for voice in voices} == {gender}


def test_a_search_finds_names_and_tags(capsys):
    assert "kokoro/af_heart" in {voice["id"] for voice in listed(capsys, "--search", "heart")}
    for voice in listed(capsys, "--search", "british"):
        assert "british" in (voice["id"] + " ".join(voice["tags"])).lower()


def test_nothing_found_is_an_empty_list_and_no_error(capsys):
    assert listed(capsys, "--search", "no such voice anywhere") == []
    assert run(["voices", "--search", "no such voice anywhere"]) == 0
    assert "0 voices" in capsys.readouterr().err


def test_an_unknown_engine_or_gender_is_told(capsys):
    assert run(["voices", "--gender", "robot"]) == 2
    assert "'female'" in capsys.readouterr().err
