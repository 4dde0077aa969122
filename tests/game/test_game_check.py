"""`fullcast game check` as a CI job calls it: exit codes, what is printed, reports beside it."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from game_files import HEAD, check, said, write_game

from pipeline.cli.game_options import open_project
from pipeline.cli.main import cli, run

TABLE = "[[tables]]\npath = 'lines.csv'\n"
GOOD = "id,character,text\na,Tom,Hi.\nb,Ann,You.\n"
ROOT = Path(__file__).parents[2]


def test_a_sound_game_ends_with_0_and_a_table_of_its_files(tmp_path):
    write_game(tmp_path, HEAD + TABLE, lines_csv=GOOD)
    assert check(tmp_path)[0] == 0
    rows = said(tmp_path).splitlines()
    assert rows[0].split() == ["file", "lines", "ids", "characters", "errors", "warnings"]
    assert rows[1].split() == ["lines.csv", "2", "2", "2", "0", "0"]
    assert rows[-1] == "2 lines, 2 ids, 2 characters, 2 to voice in en; 0 errors, 0 warnings"


def test_errors_end_with_3_and_are_one_line_each(tmp_path, capsys):
    write_game(tmp_path, HEAD + TABLE, lines_csv=GOOD + "c,Tom,...\n")
    assert run(["game", "check", str(tmp_path), "-q"]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "lines.csv:4: D006: nothing to say [c]",
        "3 lines, 3 ids, 2 characters, 2 to voice in en; 1 error, 0 warnings",
    ]


def test_warnings_end_with_3_only_if_strict(tmp_path):
    write_game(tmp_path, HEAD + TABLE, lines_csv="id,text\na,Hi ♪\n")
    assert check(tmp_path)[0] == 0
    code, report = check(tmp_path, "--strict")
    assert (code, report["findings"][0]["severity"]) == (3, "error")


def test_a_wrong_project_ends_with_2_and_writes_no_report(tmp_path, capsys):
    write_game(tmp_path, HEAD + TABLE + "speed = 3\n", lines_csv=GOOD)
    assert run(["game", "check", str(tmp_path), "--json", str(tmp_path / "r.json")]) == 2
    assert "fullcast-game.toml:5: no key 'speed' in [tables]" in capsys.readouterr().err
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (HEAD + 'ai_use = "forbidden"\n' + TABLE, 'fullcast-game.toml: ai_use = "forbidden"'),
        (HEAD + TABLE + 'ai_use = "forbidden"\n', 'lines.csv: ai_use = "forbidden"'),
    ],
)
def test_a_source_that_forbids_machines_ends_with_7_but_errors_come_first(tmp_path, capsys, config, told):
    write_game(tmp_path, config, lines_csv=GOOD)
    code, report = check(tmp_path)
    assert code == 7 == report["exit"]
    assert told in capsys.readouterr().err and told in report["notes"][0]
    write_game(tmp_path, config, lines_csv=GOOD + "c,Tom,...\n")
    assert check(tmp_path)[0] == 3


def test_a_mixed_project_is_one_game(tmp_path):
    config = """engine = "plain"
voices = { "*" = "x" }
sources = [{ format = "yarn", path = "talk.yarn" }, { format = "fountain", path = "film.fountain" }]
[[tables]]
path = "lines.csv"
"""
    yarn = "title: Start\n---\nTom: Hi. #line:one\n===\n"
    film = "INT. ROOM - DAY\n\nANN\nHello there. #id:two\n"
    write_game(tmp_path, config, talk_yarn=yarn, film_fountain=film, lines_csv="id,text\nthree,Yes.\n")
    code, report = check(tmp_path)
    assert code == 0
    assert [(line["id"], line["spoken"]) for line in report["lines"]] == [
        ("line:one", "Hi."), ("two", "Hello there."), ("three", "Yes."),
    ]  # fmt: skip


def test_the_project_in_the_current_folder_is_checked_if_none_is_named(tmp_path, monkeypatch):
    write_game(tmp_path, HEAD + TABLE, lines_csv=GOOD)
    monkeypatch.chdir(tmp_path)
    assert run(["game", "check"]) == 0


def test_github_gets_annotations_and_the_summary_of_the_job(tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    write_game(tmp_path, HEAD + TABLE, lines_csv=GOOD + "c,Tom,...\n")
    printed = said(tmp_path, "--github", "-q").splitlines()
    assert "::error file=lines.csv,line=4,title=D006::nothing to say" in printed
    assert summary.read_text(encoding="utf-8").startswith("### fullcast game check: failed")


def test_help_lists_the_verbs_and_a_slip_names_the_nearest():
    listed = CliRunner().invoke(cli, ["game", "--help"]).stdout
    for verb in ("check", "plan", "render", "diff", "verify"):
        assert f"  {verb} " in listed
    result = CliRunner().invoke(cli, ["game", "chek"])
    assert result.exit_code == 2 and "did you mean 'check'?" in result.output


def test_nothing_of_a_game_is_run_or_written_beside_its_scripts(tmp_path):
    write_game(tmp_path, HEAD + TABLE, lines_csv=GOOD)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert run(["game", "check", str(tmp_path)]) == 0
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_checking_a_game_imports_nothing_slow(tmp_path):
    write_game(tmp_path, HEAD + TABLE, lines_csv=GOOD)
    code = (
        "import sys; from pipeline.cli.main import run; code = run(sys.argv[1:]);"
        "slow = {'torch', 'ray', 'numpy', 'av', 'spacy', 'misaki', 'onnx', 'yaml'};"
        "print(code, sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "game", "check", str(tmp_path)],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_counts_are_those_of_the_files_and_of_the_locales(tmp_path):
    write_game(tmp_path, HEAD + TABLE, lines_csv="id,character,en,de\na,Tom,Hi.,Hallo.\nb,,Yes.,\n")
    report = json.loads(json.dumps(check(tmp_path)[1]))
    counts = report["counts"]
    assert (counts["lines"], counts["narrator"], counts["characters"]) == (2, 1, {"Tom": 1})
    assert counts["locales"]["de"] == {"lines": 1, "voiced": 1, "spoken_characters": 6}
    assert counts["codes"] == {"D009": 1}
    assert counts["files"]["lines.csv"]["errors"] == 1


def test_no_garbage_is_looked_for_while_a_project_is_read(tmp_path):
    write_game(tmp_path, HEAD + TABLE, lines_csv="id,text\n" + "".join(f"a{n},Hi.\n" for n in range(3000)))
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        seen.append(info["generation"])

    gc.collect()
    gc.callbacks.append(note)
    try:
        assert len(open_project(tmp_path, strict=False).lines) == 3000
    finally:
        gc.callbacks.remove(note)
        gc.unfreeze()
    assert seen == [] and gc.isenabled()
