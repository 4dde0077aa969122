"""The page's bytes: what is written when, and that no text of an author gets out of its place."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.reports.page import page, write_page


class Elements(HTMLParser):
    """Names of all elements, their attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.title = ""
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        if self.inside == "title":
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def embedded(text: str) -> dict[str, Any]:
    """The facts that a page carries."""
    return dict(json.loads(Elements(text).scripts[0]))


def reused(facts: dict[str, Any]) -> dict[str, Any]:
    """The same book after a run with nothing to do."""
    later = copy.deepcopy(facts)
    later["totals"].update(rendered=0, reused=facts["totals"]["rendered"] + facts["totals"]["reused"])
    later["run"].update(wall_s=0.1, audio_rendered_s=0.0, times_real_time=None)
    later["workers"].update(loads=0, loads_needed=0, models=[])
    for chapter in later["chapters"]:
        for line in chapter["lines"]:
            if line["status"] == "rendered":
                line.update(status="reused", reason="take is there")
    return later


def test_the_same_facts_write_the_same_bytes_and_touch_nothing_twice(
    plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    facts = plain_facts
    path = write_page(facts, tmp_path / "book")
    before = {file: file.stat().st_mtime_ns for file in (path, path.with_name("report.json"))}
    bytes_before = path.read_bytes()
    write_page(facts, tmp_path / "book")
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert path.read_bytes() == bytes_before


def test_wall_time_is_in_the_json_and_not_in_the_page(first_run: Any) -> None:
    first, second = first_run.facts(wall_s=2.0), first_run.facts(wall_s=3.0)
    assert first["run"]["wall_s"] != second["run"]["wall_s"]
    assert page(first) == page(second)


def test_a_run_with_nothing_to_do_rewrites_the_json_and_leaves_the_page(
    plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    facts = plain_facts
    path = write_page(facts, tmp_path / "book")
    before = path.read_bytes()
    write_page(reused(facts), tmp_path / "book")
    assert path.read_bytes() == before
    report = json.loads(path.with_name("report.json").read_text("utf-8"))
    assert report["totals"]["rendered"] == 0


def test_a_second_run_over_a_finished_book_leaves_its_page_alone(make_book: Any, tmp_path: Path) -> None:
    story = "---\nbook: {title: T}\ncast: {narrator: tone/mid}\n---\n# One\n\nIt rained.\n"
    path = write_page(make_book(story).facts(), tmp_path / "book")
    before = path.read_bytes()
    again = make_book(story).facts()
    assert (again["totals"]["rendered"], again["totals"]["reused"]) == (0, 2)
    write_page(again, tmp_path / "book")
    assert path.read_bytes() == before


def test_a_page_is_written_anew_when_a_text_changed_though_nothing_was_rendered(
    plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    facts = plain_facts
    path = write_page(facts, tmp_path / "book")
    later = reused(facts)
    later["chapters"][0]["title"] = "Another Title"
    write_page(later, tmp_path / "book")
    assert embedded(path.read_text("utf-8"))["chapters"][0]["title"] == "Another Title"


def test_a_damaged_page_is_written_anew(plain_facts: dict[str, Any], tmp_path: Path) -> None:
    facts = plain_facts
    path = write_page(facts, tmp_path / "book")
    whole = path.read_bytes()
    path.write_bytes(b"\xff\xfe nothing")
    write_page(facts, tmp_path / "book")
    assert path.read_bytes() == whole


def test_markup_in_a_line_stays_text(plain_facts: dict[str, Any]) -> None:
    facts = plain_facts
    texts = [line["text"] for chapter in facts["chapters"] for line in chapter["lines"]]
    assert any("</script><script>alert(1)</script>" in text for text in texts)
    text = page(facts)
    assert "alert(1)</script>" not in text
    shown = [line["text"] for chapter in embedded(text)["chapters"] for line in chapter["lines"]]
    assert shown == texts


@settings(max_examples=40, deadline=None)
@given(hostile=st.text(alphabet=st.sampled_from("<>&\"'/!-scriptSCRIPT \u2028\\:{}ful"), max_size=60))
def test_no_title_or_text_changes_the_page_s_elements(hostile: str, plain_facts: dict[str, Any]) -> None:
    facts = copy.deepcopy(plain_facts)
    facts["book"].update(title=hostile, author=hostile, language=hostile)
    line = facts["chapters"][0]["lines"][0]
    line.update(text=hostile, character=hostile, reason=hostile)
    expected, found = Elements(page(plain_facts)), Elements(page(facts))
    assert found.names == expected.names
    assert [name for name, _ in found.attributes] == [name for name, _ in expected.attributes]
    assert found.title == hostile
    assert embedded(page(facts))["chapters"][0]["lines"][0]["text"] == hostile


@pytest.mark.parametrize("mark", ["<!--fullcast:data-->", "<!--fullcast:nothing-->"])
def test_a_text_that_looks_like_a_mark_of_the_template_is_not_filled_in(
    mark: str, plain_facts: dict[str, Any]
) -> None:
    facts = copy.deepcopy(plain_facts)
    facts["book"]["title"] = mark
    text = page(facts)
    assert Elements(text).title == mark
    assert embedded(text)["book"]["title"] == mark


def test_the_page_asks_nothing_of_any_network(plain_facts: dict[str, Any]) -> None:
    text = page(plain_facts)
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[\w./-]*", text))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name of a vocabulary; nothing is fetched
    attributes = Elements(text).attributes
    assert not [value for name, value in attributes if name in ("src", "srcset", "data")]
    assert {value for name, value in attributes if name == "href"} == {"#chapters"}
    assert not re.search(r"fetch\(|XMLHttpRequest|@import|url\(|innerHTML|eval\(", text)


def test_a_seed_of_63_bits_keeps_all_its_digits_on_the_page(plain_facts: dict[str, Any]) -> None:
    facts = copy.deepcopy(plain_facts)
    facts["chapters"][0]["lines"][0]["seed"] = 2**63 - 1
    assert embedded(page(facts))["chapters"][0]["lines"][0]["seed"] == "9223372036854775807"


def test_a_folder_that_cannot_be_written_is_a_store_error(
    plain_facts: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError):
        write_page(plain_facts, tmp_path / "file")
