"""Retakes, approvals and cleaning up, from the command line."""

import json


def key_of(desk, capsys, start: str) -> str:
    return next(line["key"] for line in desk.plan(capsys)["lines"] if line["text"].startswith(start))


def test_a_retake_gets_a_new_seed_and_is_remembered(rendered, capsys):
    before = key_of(rendered, capsys, "So it is")
    assert rendered.store("retake", str(rendered.script), "2.5") == 0
    after = key_of(rendered, capsys, "So it is")
    assert after != before
    assert rendered.render() == 0
    assert key_of(rendered, capsys, "So it is") == after


def test_a_retake_can_go_back_to_the_first_take_without_rendering(rendered, capsys):
    before = key_of(rendered, capsys, "So it is")
    rendered.store("retake", str(rendered.script), "2.5")
    rendered.render()
    assert rendered.store("retake", str(rendered.script), "2.5", "--alt", "0") == 0
    plan = rendered.plan(capsys)
    assert plan["counts"].get("render", 0) == 0
    assert key_of(rendered, capsys, "So it is") == before


def test_a_retake_with_another_direction_says_so_in_the_plan(rendered, capsys):
    assert rendered.store("retake", str(rendered.script), "1.3", "--emotion", "angry", "--rate", "1.1") == 0
    line = next(line for line in rendered.plan(capsys)["lines"] if line["status"] == "render")
    assert (line["asked"]["emotion"], line["asked"]["rate"]) == ("angry", 1.1)
    assert line["reason"] == "direction changed"


def test_an_approved_take_survives_a_new_lexicon_and_the_plan_says_so(rendered, capsys):
    line = "It was a quiet morning"
    approved = key_of(rendered, capsys, line)
    assert rendered.store("takes", "lock", str(rendered.script), "1.2") == 0
    rendered.edit("cast:\n", "lexicon: {harbor: haarbour}\ncast:\n")
    planned = next(one for one in rendered.plan(capsys)["lines"] if one["text"].startswith(line))
    assert (planned["key"], planned["status"], planned["approved"]) == (approved, "reuse", True)
    assert "approved take" in planned["reason"]
    assert rendered.store("takes", "unlock", str(rendered.script), "1.2") == 0
    planned = next(one for one in rendered.plan(capsys)["lines"] if one["text"].startswith(line))
    assert planned["status"] == "render"
    assert planned["reason"] == "spoken text changed (lexicon or normalisation)"


def test_an_approval_ends_when_the_text_changes_and_the_plan_says_so(rendered, capsys):
    rendered.edit("Bob: So it is. I can see the captain waving to us.", "{x}")
    rendered.edit("{x}", "Bob (id=wave): So it is. I can see the captain waving to us.")
    rendered.render()
    assert rendered.store("takes", "lock", str(rendered.script), "wave") == 0
    rendered.edit("waving to us", "waving at us")
    line = next(one for one in rendered.plan(capsys)["lines"] if one["id"] == "wave")
    assert line["status"] == "render"
    assert line["reason"] == "text changed; approved take not used: its text changed"


def test_an_approved_take_is_neither_dropped_nor_retaken(rendered, capsys):
    rendered.store("takes", "lock", str(rendered.script), "1.2")
    assert rendered.store("takes", "drop", str(rendered.script), "1.2") == 2
    assert rendered.store("retake", str(rendered.script), "1.2") == 2
    assert capsys.readouterr().err.count("unlock it first") == 2


def test_cleaning_up_keeps_what_the_book_uses(rendered, capsys):
    rendered.edit("walk along the coast", "row along the coast")
    rendered.render()
    capsys.readouterr()
    assert rendered.store("takes", "gc", str(rendered.script)) == 0
    assert "1 takes and 1 masters freed" in capsys.readouterr().out
    assert rendered.plan(capsys)["counts"].get("render", 0) == 0


def test_takes_are_listed_with_all_that_is_known_of_them(rendered, capsys):
    assert rendered.store("takes", "list", str(rendered.script), "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    take = next(row["take"] for row in rows if row["id"].startswith("ann"))
    assert take["asked"]["emotion"] == "sad" and take["realisation"]["level"] == "prosody"
    assert take["seed"] and take["audio_sha256"] and take["rendered_at"]


def test_a_line_that_is_not_there_names_the_nearest(rendered, capsys):
    assert rendered.store("retake", str(rendered.script), "9.1") == 2
    assert rendered.store("retake", str(rendered.script), "nobody") == 2
    assert "no line" in capsys.readouterr().err
