"""Two versions of a model in one book: by name, and a share of a role's lines for a new one."""

import json

import pytest

from pipeline.cli.main import run
from pipeline.registry.places import PROJECT_FILE
from pipeline.takes.store import TakeStore

VERSIONS = """registry: 1
models:
  - {id: tone@next, version: next, languages: ["*"], parameters: {overtone_db: -3.0}}
  - {id: tone@de, version: de, languages: [de], parameters: {overtone_db: -3.0}}
"""


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("FULLCAST_CONFIG", str(tmp_path / "config"))
    (tmp_path / PROJECT_FILE).write_text(VERSIONS)


@pytest.fixture
def long_desk(desk):
    """The three-tone book with sixty more lines of Ann's."""
    more = "\n".join(f"Ann: This is the {n}th thing that I have to say.\n" for n in range(60))
    desk.script.write_text(desk.script.read_text() + "\n" + more)
    return desk


def models_of(plan, character):
    return {line["id"]: line["model"] for line in plan["lines"] if line["character"] == character}


def test_a_role_is_spoken_by_the_version_that_the_cast_names(desk, capsys):
    desk.edit("Bob: {voice: tone/mid, rate: 0.9}", "Bob: {voice: tone/mid, model: tone@next}")
    plan = desk.plan(capsys)
    assert set(models_of(plan, "Bob").values()) == {"tone@next"}
    assert set(models_of(plan, "Ann").values()) == {"tone@1"}
    assert desk.render() == 0
    report = desk.report()
    assert {voice["model"] for voice in report["voices"]} == {"tone@1", "tone@next"}
    assert report["run"]["models"]["loads_needed"] == 2


def test_a_new_version_gets_its_share_the_same_in_every_run_and_in_any_order(long_desk, capsys):
    desk = long_desk
    whole = desk.plan(capsys)
    desk.edit("emotion: happy}", "emotion: happy, model: {tone@1: 80, tone@next: 20}}")
    first = models_of(desk.plan(capsys), "Ann")
    assert 5 <= sum(model == "tone@next" for model in first.values()) <= 22
    desk.edit("{tone@1: 80, tone@next: 20}", "{tone@next: 0.2, tone@1: 0.8}")
    assert models_of(desk.plan(capsys), "Ann") == first
    text = desk.script.read_text()
    head, _, lines = text.partition("Bob: So it is.")
    rows = [row for row in lines.splitlines() if row.startswith("Ann: ")]
    desk.script.write_text(head + "Bob: So it is.\n\n" + "\n\n".join(reversed(rows)) + "\n")
    assert models_of(desk.plan(capsys), "Ann") == first
    assert models_of(whole, "narrator") == models_of(desk.plan(capsys), "narrator")


def test_a_larger_share_renders_the_lines_it_takes_over_and_keeps_all_others(long_desk, capsys):
    desk = long_desk
    desk.edit("emotion: happy}", "emotion: happy, model: {tone@1: 90, tone@next: 10}}")
    assert desk.render() == 0
    before = models_of(desk.plan(capsys), "Ann")
    desk.edit("{tone@1: 90, tone@next: 10}", "{tone@1: 70, tone@next: 30}")
    plan = desk.plan(capsys)
    moved = {line["id"]: line for line in plan["lines"] if line["status"] == "render"}
    after = models_of(plan, "Ann")
    assert set(moved) == {line_id for line_id in after if after[line_id] != before[line_id]} != set()
    for line in moved.values():
        assert line["reason"] == "model changed (was tone@1, now tone@next)"
    assert desk.store("plan", str(desk.script)) == 0
    counts = [list(after.values()).count(model) for model in ("tone@1", "tone@next")]
    said = f"Ann is spoken by tone@1 {counts[0]}, tone@next {counts[1]} of {len(after)} lines"
    assert said in capsys.readouterr().out
    assert desk.render() == 0
    (ann,) = (one for one in desk.report()["characters"] if one["name"] == "Ann")
    assert ann["models"] == {"tone@1": counts[0], "tone@next": counts[1]}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("tone@nest", "Ann: no model 'tone@nest'; did you mean 'tone@next'?"),
        ("espeak@1.52.0", "espeak"),
        ("tone@de", "Ann: model tone@de does not speak 'en-us'; it speaks de"),
        ("{tone@1: 90, tone@next: many}", "'tone@next' of Ann must be a number, not 'many'"),
        ("{tone@1: 90, tone@next: 0}", "tone@next"),
        ("{}", "'model' of Ann"),
        ("[tone@1]", "'model' of Ann"),
    ],
)
def test_a_version_that_cannot_speak_the_role_is_told_with_its_row(desk, capsys, written, said):
    desk.edit("{voice: tone/high, emotion: happy}", f"{{voice: tone/high, model: {written}}}")
    assert run(["check", str(desk.script)]) == 3
    err = capsys.readouterr().err
    assert f"{desk.script}:6: " in err and said in err, err


def test_an_emotion_that_a_version_does_not_know_is_told_before_it_is_rendered(desk, capsys, tmp_path):
    (tmp_path / PROJECT_FILE).write_text(
        VERSIONS.replace("version: next,", "version: next, emotions: [angry],")
    )
    desk.edit("emotion: happy}", "emotion: happy, model: tone@next}")
    plan = desk.plan(capsys)
    levels = {
        line["asked"]["emotion"]: line["emotion_level"]
        for line in plan["lines"]
        if line["character"] == "Ann"
    }
    assert levels == {"sad": "none", "happy": "none"}
    assert desk.store("plan", str(desk.script), "--strict") == 3
    desk.edit("Ann (sad, 0.7)", "Ann (furious, 0.7)")  # nearest to what it knows
    plan = desk.plan(capsys)
    assert {line["emotion_level"] for line in plan["lines"] if line["asked"]["emotion"] == "furious"} == {
        "prosody"
    }
    (tmp_path / PROJECT_FILE).write_text(
        VERSIONS.replace("version: next,", "version: next, emotions: [anggry],")
    )
    assert run(["check", str(desk.script)]) == 3
    assert "no emotion 'anggry'; did you mean 'angry'?" in capsys.readouterr().err


@pytest.mark.slow
def test_two_versions_of_kokoro_over_the_same_weights_speak_the_same_from_equal_noise(desk, capsys, tmp_path):
    from pipeline.engines.catalogue import load_catalogue

    form = next(form for form in load_catalogue().model("kokoro@1.0").forms if form.name == "packaged-int8")
    (file,) = form.files
    (source,) = file.sources
    (tmp_path / PROJECT_FILE).write_text(
        "registry: 1\nmodels:\n  - id: kokoro@next\n    version: next\n    languages: [en-us]\n    files:\n"
        f"      - {{name: {file.name}, sha256: {file.sha256}, bytes: {file.bytes}, sources: [{{"
        f"pypi: [{', '.join(source.packages)}], paths: [{', '.join(source.paths)}]}}]}}\n"
    )
    desk.script.write_text(
        "---\nbook: {title: Two, announce_chapters: false}\n"
        "cast: {narrator: kokoro/af_heart, Ann: {voice: kokoro/af_heart, model: kokoro@next}}\n---\n"
        "# One\n\nIt is late.\n\nAnn: It is late.\n"
    )
    assert desk.render("--preset", "none") == 0
    capsys.readouterr()
    lines = desk.report()["chapters"][0]["lines"]
    assert [line["model"] for line in lines] == ["kokoro@1.0", "kokoro@next"]
    store = TakeStore(tmp_path / "store")
    takes = [store.get(key) for key in store.all_keys()]
    sums = {take.model: take.audio_sha256 for take in takes}
    assert set(sums) == {"kokoro@1.0", "kokoro@next"} and len(set(sums.values())) == 1
    assert desk.store("models", "log", "--summary", "--json") == 0
    assert json.loads(capsys.readouterr().out)["loads"] == 2


def test_kokoro_in_two_versions_over_the_same_weights_has_keys_of_its_own(desk, capsys, tmp_path):
    from pipeline.engines.catalogue import load_catalogue

    (file,) = load_catalogue().model("kokoro@1.0").forms[0].files
    (tmp_path / PROJECT_FILE).write_text(
        "registry: 1\nmodels:\n  - id: kokoro@next\n    version: next\n    languages: [en-us]\n    files:\n"
        f"      - {{name: {file.name}, sha256: {file.sha256}, bytes: {file.bytes},"
        " sources: [{hub: hexgrad/Kokoro-82M, path: kokoro-v1_0.pth}]}\n"
    )
    desk.edit("tone/low", "kokoro/bm_george")
    desk.edit("tone/mid, rate: 0.9", "kokoro/bm_george, model: kokoro@next")
    keys = {line["model"]: line["key"] for line in desk.plan(capsys)["lines"]}
    assert set(keys) == {"kokoro@1.0", "kokoro@next", "tone@1"}
    assert len(set(keys.values())) == 3
