"""`fullcast models`: what there is to speak with, and files brought by hand. Nothing is fetched here."""

import json

from pipeline.cli.main import run


def listed(capsys, *arguments):
    capsys.readouterr()
    assert run(["models", *arguments, "--json"]) == 0
    return {row["id"]: row for row in json.loads(capsys.readouterr().out)}


def test_every_model_has_a_row_with_licence_size_and_whether_it_is_here(capsys):
    assert run(["models"]) == 0
    rows = capsys.readouterr().out.splitlines()
    models = listed(capsys)
    assert len(rows) == len(models)
    for row in rows:
        facts = models[row.split()[0]]
        assert facts["licence"] in row
        assert ("not here" in row) == (not facts["present"])


def test_a_model_without_weights_is_always_here(capsys):
    espeak = next(row for row in listed(capsys).values() if row["id"].startswith("espeak@"))
    assert espeak["present"] and not espeak["bytes"]
    assert run(["models", "--engine", "espeak"]) == 0
    assert "no weights" in capsys.readouterr().out


def test_models_are_chosen_by_engine_and_by_language(capsys):
    everything = listed(capsys)
    assert {name.split("@")[0] for name in listed(capsys, "--engine", "kokoro")} <= {"kokoro", "kokoro-zh"}
    english = listed(capsys, "--language", "en-us")
    assert english and set(english) < set(everything) | {""}
    for row in english.values():
        assert any(tag in ("*", "en-us", "en") for tag in row["languages"])


def test_the_test_engine_is_not_advertised(capsys):
    assert not [name for name in listed(capsys) if name.startswith("tone@")]


def test_an_unknown_model_names_the_nearest(capsys):
    assert run(["models", "fetch", "kokorro@1.0"]) == 2
    said = capsys.readouterr().err
    assert "kokorro@1.0" in said and "kokoro@1.0" in said.replace("kokorro@1.0", "")


def test_fetching_a_model_without_weights_is_done_at_once(capsys):
    name = next(name for name in listed(capsys) if name.startswith("espeak@"))
    assert run(["models", "fetch", name]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: ")


def test_a_file_by_hand_that_no_model_knows_is_refused(tmp_path, capsys):
    stranger = tmp_path / "model.bin"
    stranger.write_bytes(b"not what any model is made of")
    assert run(["models", "fetch", "--from", str(stranger)]) in (2, 4, 5)
    said = capsys.readouterr().err
    assert "model.bin" in said and "Traceback" not in said


def test_a_file_by_hand_that_is_not_there_is_one_line(tmp_path, capsys):
    assert run(["models", "fetch", "--from", str(tmp_path / "none.bin")]) in (2, 4, 5)
    said = capsys.readouterr().err
    assert "none.bin" in said and "Traceback" not in said


def test_the_columns_of_the_list_line_up(capsys):
    assert run(["models"]) == 0
    rows = capsys.readouterr().out.splitlines()
    models = listed(capsys)
    assert len({row.index(models[row.split()[0]]["licence"], len(row.split()[0])) for row in rows}) == 1
