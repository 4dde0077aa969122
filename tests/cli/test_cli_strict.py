"""An emotion that an engine would drop is told in the plan, and stops a strict render before it begins."""

STYLE = "{voice: tone/mid, rate: 0.9, style: like a weary pirate}"


def test_a_strict_render_names_every_line_whose_emotion_would_be_dropped(desk, capsys):
    desk.edit("{voice: tone/mid, rate: 0.9}", STYLE)
    assert desk.render("--strict") == 3
    told = [row for row in capsys.readouterr().err.splitlines() if "cannot do" in row]
    assert len(told) == 2
    assert 'tones.md:15: Bob is asked to be "like a weary pirate", which engine tone cannot do' in told[0]
    assert not list((desk.folder / "store").rglob("*.flac"))


def test_the_plan_warns_of_them_and_without_strict_all_is_rendered(desk, capsys):
    desk.edit("{voice: tone/mid, rate: 0.9}", STYLE)
    assert desk.store("plan", str(desk.script)) == 0
    assert "warning: 2 lines ask engine tone for an emotion that it cannot do" in capsys.readouterr().out
    levels = {line["character"]: line["emotion_level"] for line in desk.plan(capsys)["lines"]}
    assert levels["Bob"] == "none" and levels["Ann"] == "prosody"
    assert desk.store("plan", str(desk.script), "--strict") == 3
    assert desk.render() == 0
    assert {fact["asked"] for fact in desk.report()["emotions"]["not_realised"]} == {'"like a weary pirate"'}


def test_emotions_that_prosody_carries_pass_the_strict_mode(desk):
    assert desk.store("plan", str(desk.script), "--strict") == 0
