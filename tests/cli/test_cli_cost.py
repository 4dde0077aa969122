"""What a book costs, and a render that stops when that is spent."""

import json


def test_a_render_without_budget_left_keeps_its_takes_says_what_is_left_and_ends_with_code_7(desk, capsys):
    assert desk.render("--local", "--budget", "0.0001s") == 7
    said = capsys.readouterr().err
    assert "fullcast: the budget of 0.0 device-seconds is spent" in said
    assert "lines are left" in said and "run the same command to go on" in said
    assert desk.render("--local", "--budget", "2h") == 0


def test_a_budget_in_money_needs_a_price(desk, capsys):
    assert desk.render("--local", "--budget", "3.5") == 2
    assert "--price-per-hour" in capsys.readouterr().err
    assert desk.render("--local", "--budget", "3.5", "--price-per-hour", "2") == 0


def test_a_plan_tells_device_hours_by_engine_and_renders_nothing(desk, capsys):
    assert desk.store("plan", str(desk.script), "--cost", "--workers", "2", "--price-per-hour", "9") == 0
    said = capsys.readouterr().out
    assert "at that price" in said
    assert "tone" in said and "device-seconds" in said and "on 2 workers" in said
    assert "as its engine declares" in said
    assert not list(desk.folder.glob("store/takes/**/*.flac"))


def test_a_machine_of_ones_own_and_its_price_are_taken_from_its_table(desk, capsys):
    table = desk.folder / "machines.yaml"
    table.write_text(
        "machines:\n  old: {summary: slow, speeds: {tone: 0.5}, load_s: {tone: 0}, price_per_hour: 36.0}\n"
    )
    arguments = ("plan", str(desk.script), "--machine", "old", "--machines", str(table), "--json")
    assert desk.store(*arguments) == 0
    value = json.loads(capsys.readouterr().out)
    audio_s = sum(line["audio_s"] for line in value["lines"] if line["status"] == "render")
    assert abs(value["cost"]["device_s"] - 2 * audio_s) < 0.1
    assert abs(value["cost"]["price"] - value["cost"]["device_s"] / 100) < 1e-9
    assert desk.store("plan", str(desk.script), "--machine", "new", "--machines", str(table)) == 2
    assert "no machine 'new'" in capsys.readouterr().err


def test_what_is_rendered_already_costs_nothing(rendered, capsys):
    assert rendered.store("plan", str(rendered.script), "--cost") == 0
    assert "0.0 device-seconds" in capsys.readouterr().out
