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
