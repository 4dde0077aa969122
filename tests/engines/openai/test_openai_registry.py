"""The ready entry for a cloning engine, spoken by a real server: nothing is fetched, consent is shown."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from openai_server import VOICES

from pipeline.cli.main import run

READY = Path(__file__).parents[3] / "manifests" / "registry"
MODEL = "chatterbox@multilingual-v2"
CONSENT = """consent: 1
person: Old Tester
given: 2026-01-02
uses: [audiobook]
references: [{sha256}]
statement: "Yes, use my voice."
signed_by: Old Tester
"""


@pytest.fixture
def project(tmp_path, monkeypatch, host):
    """A project with the ready entry on the test's server, a recording, its consent, and a book."""
    monkeypatch.setenv("FULLCAST_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setitem(VOICES, "grandpa", VOICES["alloy"])  # what was uploaded to it
    entry = yaml.safe_load((READY / "chatterbox.yaml").read_text())
    entry["models"][0]["parameters"]["base_url"] = host.url
    sound = b"ten seconds of grandpa"
    (folder / "grandpa.wav").write_bytes(sound)
    sha256 = hashlib.sha256(sound).hexdigest()
    (folder / "consent.yaml").write_text(CONSENT.format(sha256=sha256))
    record = hashlib.sha256((folder / "consent.yaml").read_bytes()).hexdigest()
    entry["voices"] = [
        {
            "id": "mine/grandpa", "model": MODEL, "language": "en-us", "speaker": "grandpa",
            "reference": {"file": "grandpa.wav", "sha256": sha256, "bytes": len(sound)},
            "consent": {"file": "consent.yaml", "sha256": record},
        }
    ]  # fmt: skip
    (folder / "fullcast.registry.yaml").write_text(yaml.safe_dump(entry))
    (folder / "book.md").write_text(
        "---\nbook: {title: The Fire}\ncast: {narrator: mine/grandpa}\n---\n# One\n\nIt was cold outside.\n"
    )
    return folder


def render(project):
    return run(
        ["render", str(project / "book.md"), "--local", "--store", "store", "-o", "out", "--preset", "none"]
    )


def test_a_book_is_spoken_by_the_server_in_the_voice_that_was_given_to_it(project, host, capsys):
    assert render(project) == 0
    assert {body["voice"] for body in host.requests} == {"grandpa"}
    assert {body["model"] for body in host.requests} == {"chatterbox-multilingual-v2"}
    (voice,) = json.loads((project / "out" / "book" / "report.json").read_text())["voices"]
    assert voice["consent"] == "Old Tester agreed on 2026-01-02 to audiobook"
    assert (voice["model"], voice["licence_weights"], voice["allows"]["cloning"]) == (MODEL, "MIT", True)
    cached = {path.name.partition("-")[2] for path in (project.parent / "cache" / "weights").glob("*/*")}
    assert cached == {"grandpa.wav"}  # none of 3.2 GB
    (model,) = json.loads((project / "out" / "book" / "provenance.json").read_text())["models"]
    assert "t3_mtl23ls_v2.safetensors" in json.dumps(model)


def test_without_the_consent_or_where_the_licence_forbids_cloning_nothing_is_spoken(project, host, capsys):
    path = project / "fullcast.registry.yaml"
    entry = yaml.safe_load(path.read_text())
    entry["models"][0]["allows"]["cloning"] = False
    path.write_text(yaml.safe_dump(entry))
    assert render(project) == 7
    assert f"the licence of model {MODEL} does not allow cloning" in capsys.readouterr().err
    entry["models"][0]["allows"]["cloning"] = True
    del entry["voices"][0]["consent"]
    path.write_text(yaml.safe_dump(entry))
    assert render(project) == 7
    entry["models"][0]["clones"] = False
    path.write_text(yaml.safe_dump(entry))
    assert render(project) == 2
    assert "cannot speak like reference audio" in capsys.readouterr().err
    assert host.requests == []


def test_the_model_that_a_role_names_is_the_one_whose_licence_counts(project, capsys):
    path = project / "fullcast.registry.yaml"
    entry = yaml.safe_load(path.read_text())
    entry["models"].append({**entry["models"][0], "id": "chatterbox@closed", "allows": {"cloning": False}})
    path.write_text(yaml.safe_dump(entry))
    book = project / "book.md"
    role = "{voice: mine/grandpa, model: {chatterbox@multilingual-v2: 1, chatterbox@closed: 1000000}}"
    book.write_text(book.read_text().replace("mine/grandpa", role))
    assert render(project) == 7
    assert "the licence of model chatterbox@closed does not allow cloning" in capsys.readouterr().err


def test_the_model_is_listed_as_served_and_fetched_only_by_name(project, capsys):
    assert run(["models", "--engine", "openai"]) == 0
    row = next(row for row in capsys.readouterr().out.splitlines() if row.startswith(MODEL))
    assert "3209 MB" in row and "served" in row
    assert run(["models", "fetch", MODEL]) == 4  # there is no hub here: it was asked for
    assert "t3_mtl23ls_v2.safetensors from hub ResembleAI/chatterbox" in capsys.readouterr().err
