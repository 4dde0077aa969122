"""Models and voices of one's own on the command line, from the registry file to the book's report."""

import hashlib
import json
import os
from datetime import date, timedelta

import pytest

from pipeline.cli.main import run
from pipeline.registry.places import PROJECT_FILE, user_registry

CONSENT = """consent: 1
person: Old Tester
given: 2026-01-02
uses: [{use}]
references: [{sha256}]
statement: "Yes, use my voice."
signed_by: Old Tester
"""


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    """A user's registry, cache and working folder of this test's own."""
    monkeypatch.setenv("FULLCAST_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def embedding(tmp_path):
    path = tmp_path / "grandpa.bin"
    path.write_bytes(b"what grandpa sounds like")
    return path


def consent(folder, sealed, **changes):
    said = {"use": "audiobook", "sha256": hashlib.sha256(sealed.read_bytes()).hexdigest(), **changes}
    path = folder / "consent.yaml"
    path.write_text(CONSENT.format(**said) + changes.get("more", ""))
    return path


def add_grandpa(embedding, *more):
    return run(
        ["voices", "add", "grandpa", "--model", "tone@1", "--embedding", str(embedding)]
        + ["--language", "en-us", *map(str, more)]
    )


def test_a_voice_of_ones_own_is_cast_rendered_and_shown_with_its_consent(desk, embedding, tmp_path, capsys):
    assert add_grandpa(embedding, "--consent", consent(tmp_path, embedding), "--tag", "old", "--project") == 0
    assert "mine/grandpa" in (tmp_path / PROJECT_FILE).read_text()
    desk.edit("tone/high", "mine/grandpa")
    assert run(["check", str(desk.script)]) == 0
    assert desk.render() == 0
    voices = {voice["voice"]: voice for voice in desk.report()["voices"]}
    assert voices["mine/grandpa"]["consent"] == "Old Tester agreed on 2026-01-02 to audiobook"
    assert voices["tone/low"]["consent"] == "built-in voice, no consent needed"
    capsys.readouterr()
    assert run(["voices", "--search", "OLD grandpa", "--engine", "tone", "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == ["mine/grandpa"]


def test_a_recorded_voice_without_consent_is_refused_with_exit_code_7(embedding, tmp_path, capsys):
    assert add_grandpa(embedding) == 7
    assert "has no consent record" in capsys.readouterr().err
    wrong = consent(tmp_path, embedding, sha256="a" * 64)
    assert add_grandpa(embedding, "--consent", wrong) == 7
    assert "does not cover the recording" in capsys.readouterr().err
    assert add_grandpa(embedding, "--consent", consent(tmp_path, embedding, use="game")) == 7
    assert "it allows game, not audiobook" in capsys.readouterr().err
    assert not user_registry().exists()


def test_a_book_with_a_voice_whose_consent_has_ended_or_changed_is_not_planned(
    desk, embedding, tmp_path, capsys
):
    record = consent(tmp_path, embedding, more=f"expires: {date.today()}\n")
    assert add_grandpa(embedding, "--consent", record) == 0
    desk.edit("tone/high", "mine/grandpa")
    assert desk.store("plan", str(desk.script)) == 0
    consent(tmp_path, embedding, more=f"expires: {date.today() - timedelta(days=1)}\n")
    capsys.readouterr()
    assert desk.store("plan", str(desk.script)) == 7
    assert "when the voice was added" in capsys.readouterr().err
    assert run(["voices", "remove", "grandpa"]) == 0
    assert add_grandpa(embedding, "--consent", record) == 7
    assert "it ended on" in capsys.readouterr().err


def test_a_voice_made_of_nobodys_needs_no_consent_and_is_forgotten_when_it_is_removed(
    desk, embedding, tmp_path, capsys
):
    assert add_grandpa(embedding, "--synthetic") == 0
    desk.edit("tone/high", "mine/grandpa")
    assert desk.render() == 0
    assert desk.report()["voices"][0]["consent"] == "made of nobody's voice, no consent needed"
    sealed = hashlib.sha256(embedding.read_bytes()).hexdigest()
    kept = tmp_path / "cache" / "weights" / sealed[:2] / f"{sealed}-grandpa.bin"
    assert kept.read_bytes() == embedding.read_bytes()
    assert run(["voices", "remove", "grandpa"]) == 0
    assert not kept.exists() and embedding.exists()
    capsys.readouterr()
    assert run(["check", str(desk.script)]) == 3
    assert "mine/grandpa" in capsys.readouterr().err


def test_a_model_that_cannot_clone_refuses_reference_audio(embedding, capsys):
    arguments = ["--model", "espeak@1.52", "--language", "en-us", "--speaker", "en-us"]
    model = next(row["id"] for row in listed(capsys, "--engine", "espeak"))
    arguments[1] = model
    assert run(["voices", "add", "x", *arguments]) == 0
    assert run(["voices", "add", "y", "--language", "en-us"]) == 2
    assert run(["voices", "add", "y", "--model", model, "--language", "en-us"]) == 2
    assert "give --reference, --embedding or --speaker" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a:b", "a+b", "a/b/c", "/x", "x/", " x", ""])
def test_a_name_that_could_not_be_cast_is_refused(name, capsys):
    assert run(["voices", "add", name, "--model", "tone@1", "--speaker", "low", "--language", "zh"]) == 2
    assert "cannot be a voice's name" in capsys.readouterr().err


def listed(capsys, *arguments):
    capsys.readouterr()
    assert run(["models", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_model_is_made_of_files_verified_and_removed(tmp_path, capsys):
    weights = tmp_path / "w.bin"
    weights.write_bytes(b"weights of one's own")
    assert (
        run(
            ["models", "add", "tone@mine", "--file", f"weights.bin={weights}", "--language", "en-us", "--hot"]
        )
        == 0
    )
    row = next(row for row in listed(capsys, "--engine", "tone") if row["id"] == "tone@mine")
    assert (row["present"], row["bytes"], row["hot"]) == (False, 20, True)
    assert row["origin"] == f"{user_registry()}:3"
    assert run(["models", "fetch", "tone@mine"]) == 0
    capsys.readouterr()
    assert run(["models", "verify", "tone@mine"]) == 0
    assert "right" in capsys.readouterr().out
    assert run(["models", "remove", "tone@mine"]) == 0
    assert run(["models", "verify", "tone@mine"]) == 2


def test_a_damaged_file_is_shown_with_both_hashes_and_its_source_and_set_aside(tmp_path, capsys):
    weights = tmp_path / "w.bin"
    weights.write_bytes(b"weights of one's own")
    wanted = hashlib.sha256(b"weights of one's own").hexdigest()
    assert run(["models", "add", "tone@mine", "--file", f"weights.bin={weights}"]) == 0
    assert run(["models", "fetch", "tone@mine"]) == 0
    (kept,) = (tmp_path / "cache" / "weights").glob(f"*/{wanted}-*")
    times = kept.stat()
    kept.write_bytes(b"weights of no one's ow")
    kept.write_bytes(b"weights of one's OWN")
    os.utime(kept, ns=(times.st_atime_ns, times.st_mtime_ns))  # as if nothing had happened
    capsys.readouterr()
    assert run(["models", "verify", "tone@mine", "--json"]) == 4
    (row,) = json.loads(capsys.readouterr().out)
    assert row["state"] == "damaged" and row["wanted"] == wanted
    assert row["found"] == hashlib.sha256(b"weights of one's OWN").hexdigest()
    assert str(weights) in row["sources"]
    assert not kept.exists() and kept.with_name(f"{kept.name}.damaged").exists()
    assert run(["models", "verify", "tone@mine"]) == 0
    assert "0 damaged, 1 not here" in capsys.readouterr().err


def test_all_entries_of_a_registry_file_are_taken_over_or_none(tmp_path, capsys):
    (tmp_path / "w.bin").write_bytes(b"x")
    sealed = f"sha256: {hashlib.sha256(b'x').hexdigest()}, bytes: 1"
    given = tmp_path / "entries.yaml"
    given.write_text(
        "registry: 1\nmodels:\n  - id: tone@given\n    version: given\n    languages: [zh]\n    files:\n"
        f"      - {{name: w.bin, {sealed}, sources: [{{local: w.bin}}]}}\n"
        "voices:\n  - {id: given/a, model: tone@given, language: zh, speaker: low}\n"
    )
    assert run(["models", "add", str(given)]) == 0
    assert run(["models", "fetch", "tone@given"]) == 0  # its local file is found from the user's registry
    before = user_registry().read_text()
    capsys.readouterr()
    assert run(["models", "add", str(given)]) == 2
    assert "model 'tone@given' is there already" in capsys.readouterr().err
    assert user_registry().read_text() == before


def test_a_model_that_a_voice_needs_is_not_removed_and_voices_without_a_model_are_not_added(tmp_path, capsys):
    given = tmp_path / "entries.yaml"
    given.write_text(
        "registry: 1\nvoices:\n  - {id: given/a, model: tone@none, language: zh, speaker: low}\n"
    )
    assert run(["models", "add", str(given)]) == 2
    assert "nothing was changed" in capsys.readouterr().err and not user_registry().exists()
    assert run(["models", "add", "tone@mine", "--file", f"w.bin={given}"]) == 0
    arguments = ["--model", "tone@mine", "--speaker", "low", "--language", "zh"]
    assert run(["voices", "add", "aunt", *arguments]) == 0
    before = user_registry().read_text()
    assert run(["models", "remove", "tone@mine"]) == 2
    assert "no model 'tone@mine'" in capsys.readouterr().err
    assert user_registry().read_text() == before
    assert run(["voices", "remove", "aunt"]) == 0
    assert run(["models", "remove", "tone@mine"]) == 0


def test_the_log_of_the_last_run_is_listed_and_added_up(desk, capsys):
    desk.edit("tone/mid", "tone/alt")
    assert desk.render() == 0
    capsys.readouterr()
    assert desk.store("models", "log", str(desk.script)) == 0
    rows = capsys.readouterr().out.splitlines()
    assert sum("load-end" in row for row in rows) == 2 and "tone@2" in "".join(rows)
    assert desk.store("models", "log", "--summary") == 0
    said = capsys.readouterr().out
    assert "loads      2, at least 2 needed (1 x)" in said
    assert "swaps      1, at least 1 needed for 2 models on 1 workers" in said
    assert desk.store("models", "log", "--summary", "--json") == 0
    assert json.loads(capsys.readouterr().out)["swaps"] == 1


def test_a_log_that_is_not_there_or_not_named_is_one_line(tmp_path, capsys):
    store = ["--store", str(tmp_path / "store")]
    assert run(["models", "log", *store]) == 4
    assert "no run was logged" in capsys.readouterr().err
    for name in ("one", "two"):
        path = tmp_path / "store" / "runs" / f"{name}.events.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert run(["models", "log", *store]) == 2
    assert "(one, two); name the script" in capsys.readouterr().err


@pytest.mark.parametrize(("hot", "first"), [("true", "tone@2"), ("false", "tone@1")])
def test_a_hot_model_is_loaded_before_any_line_is_spoken(desk, capsys, hot, first):
    (desk.folder / PROJECT_FILE).write_text(
        f"registry: 1\nmodels:\n  - {{id: tone@2, version: '2', languages: ['*'], hot: {hot},"
        " parameters: {overtone_db: -9.0}}\n"
    )
    desk.edit("tone/mid", "tone/alt")  # the model with less to say
    assert desk.render() == 0
    capsys.readouterr()
    assert desk.store("models", "log", "--json") == 0
    events = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    told = [(event["event"], event["model"]) for event in events if event["event"] in ("load-begin", "speak")]
    assert told[0] == ("load-begin", first)
    assert (told[1] == ("load-begin", "tone@1")) == (hot == "true")


def test_two_models_that_name_one_vocoder_fit_where_two_vocoders_would_not(desk, capsys):
    from pipeline.engines.tone.engine import vocoder_table

    sha256 = vocoder_table("common", 4_000_000).sha256
    sound = "parameters: {overtone_db: -9.0, memory_bytes: 6000000, vocoder: common, vocoder_bytes: 4000000}"
    part = f", parts: [{{name: vocoder, sha256: {sha256}, bytes: 4000000}}]"

    def evictions(parts):
        rows = [
            f"  - {{id: tone@{name}, version: {name}, languages: ['*'], {sound}{parts}}}\n"
            for name in ("x", "y")
        ]
        (desk.folder / PROJECT_FILE).write_text("registry: 1\nmodels:\n" + "".join(rows))
        assert desk.render("--memory", "8M", "--preset", "none") == 0
        capsys.readouterr()
        assert desk.store("models", "log", "--summary", "--json") == 0
        return json.loads(capsys.readouterr().out)["evictions"]

    desk.edit("narrator: tone/low", "narrator: {voice: tone/low, model: tone@x}")
    desk.edit("emotion: happy}", "emotion: happy, model: tone@y}")
    desk.edit("tone/mid, rate: 0.9", "tone/mid, model: tone@y")
    assert evictions(part) == 0
    desk.edit("quiet morning", "cloudy morning")
    desk.edit("The boat has left", "The ship has left")
    assert evictions("") > 0


def test_a_model_larger_than_the_budget_is_an_error_when_the_book_is_planned(desk, capsys):
    (desk.folder / PROJECT_FILE).write_text(
        "registry: 1\nmodels:\n  - {id: tone@large, version: '1', languages: ['*'],"
        " parameters: {overtone_db: -9.0, memory_bytes: 3000000000}}\n"
        "  - {id: tone@absent, version: '1', languages: ['*'], parameters: {overtone_db: -9.0}, files: "
        f"[{{name: w.bin, sha256: {'a' * 64}, bytes: 5000000000, sources: [{{local: /nowhere}}]}}]}}\n"
    )
    desk.edit("tone/mid, rate: 0.9", "tone/mid, model: tone@large")
    assert desk.store("plan", str(desk.script), "--memory", "4G") == 0
    assert desk.store("plan", str(desk.script), "--memory", "2G") == 4
    said = "model tone@large needs 3,000 MB and the memory budget of a worker is 2,147 MB; give --memory"
    assert said in capsys.readouterr().err
    assert desk.store("plan", str(desk.script), "--workers", "100000") == 0
    assert "warning: model tone@large needs 3,000 MB" in capsys.readouterr().err
    assert desk.render("--memory", "2G") == 4
    assert said in capsys.readouterr().err
    desk.edit("model: tone@large", "model: tone@absent")  # its files are not here, but their size is known
    assert desk.store("plan", str(desk.script), "--memory", "4G") == 4
    assert "model tone@absent needs 5,000 MB" in capsys.readouterr().err


def test_what_a_registry_replaces_is_noted_once_by_check_models_and_voices(desk, capsys):
    (desk.folder / PROJECT_FILE).write_text(
        "registry: 1\nvoices:\n  - {id: tone/low, model: tone@2, language: en-us, speaker: mid}\n"
    )
    for arguments in (["check", str(desk.script), str(desk.script)], ["models"], ["voices"]):
        assert run(arguments) == 0
        assert capsys.readouterr().err.count("note: voice tone/low replaces the one of engine tone") == 1


def test_a_fault_in_the_projects_registry_is_a_problem_of_the_script(desk, capsys):
    path = desk.folder / PROJECT_FILE
    path.write_text("registry: 1\nvoices:\n  - {id: mine/a, model: tome@1, language: en}\n")
    assert run(["check", str(desk.script)]) == 3
    assert capsys.readouterr().err.startswith(f"{path}:3: no model 'tome@1'")


def test_a_new_model_of_an_engine_with_weights_must_be_given_them(tmp_path, capsys):
    assert run(["models", "add", "kokoro@m3", "--language", "en-us"]) == 2
    said = capsys.readouterr().err
    assert "kokoro loads weights.pth, or weights.onnx" in said and "--file weights.pth=PATH" in said
    (tmp_path / "w.bin").write_bytes(b"weights")
    assert run(["models", "add", "kokoro@m3", "--file", f"wieghts.pth={tmp_path / 'w.bin'}"]) == 2
    assert not user_registry().exists()


def test_an_embedding_of_another_size_than_the_engines_is_refused(tmp_path, capsys):
    noise = tmp_path / "w.bin"
    noise.write_bytes(bytes(4000))
    arguments = ["--model", "kokoro@1.0", "--language", "en-us", "--embedding", str(noise), "--synthetic"]
    assert run(["voices", "add", "x", *arguments]) == 2
    assert "it has 4000 bytes, must have 522240" in capsys.readouterr().err
    assert not user_registry().exists()
    noise.write_bytes(bytes(522_240))
    assert run(["voices", "add", "x", *arguments]) == 0


def test_what_is_not_here_is_named_and_what_is_damaged_is_not_called_done(tmp_path, capsys):
    weights = tmp_path / "w.bin"
    weights.write_bytes(b"weights of one's own")
    assert run(["models", "add", "tone@mine", "--file", f"weights.bin={weights}"]) == 0
    assert run(["models", "verify", "tone@mine"]) == 0
    assert "1 not here (tone@mine: weights.bin)" in capsys.readouterr().err
    weights.write_bytes(b"weights of one's OWN")
    assert run(["models", "fetch", "tone@mine"]) == 4
    said = capsys.readouterr().err
    assert "weights.bin: not what it must be" in said and "weights.bin: done" not in said


def test_a_damaged_converted_file_is_found_by_verify_and_set_aside(tmp_path, capsys):
    from pipeline.engines.converted import converted

    target = tmp_path / "cache" / "converted" / "kokoro-1.safetensors"
    converted(target, lambda path: path.write_bytes(b"as it must be"))
    assert run(["models", "verify", "tone@1"]) == 0
    assert "kokoro-1.safetensors: right" in capsys.readouterr().out
    target.write_bytes(b"as it must BE")
    assert run(["models", "verify", "tone@1"]) == 4
    assert "kokoro-1.safetensors: damaged" in capsys.readouterr().out
    assert not target.exists()


def test_a_registry_that_is_a_folder_is_told_and_not_passed_over(tmp_path, capsys):
    (tmp_path / PROJECT_FILE).mkdir()
    assert run(["models"]) == 2
    assert f"{PROJECT_FILE}: cannot be read: Is a directory" in capsys.readouterr().err
