"""The files for CI are whole: YAML that parses, commands and options that there are, run in that order."""

import importlib
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from pack_games import SAMPLES, sample

from pipeline.cli.game import VERBS
from pipeline.cli.main import run
from pipeline.game.findings import PACK_CODES

ROOT = Path(__file__).parents[2]
CI = (ROOT / "docs" / "game-ci.md").read_text("utf-8")
GUIDE = (ROOT / "docs" / "game.md").read_text("utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", CI, re.S)]
GITHUB, GITLAB, PRE_COMMIT = BLOCKS


def commands(text):
    """Every `fullcast game ...` in a text, as its words; YAML's folded rows are one."""
    folded = re.sub(r">-\n\s+", "", text)
    folded = re.sub(r"\n\s+(?=--)", " ", folded)
    return [shlex.split(row, comments=True) for row in re.findall(r"fullcast (game [a-z]+[^\n`&]*)", folded)]


def test_the_page_holds_the_three_files():
    assert set(GITHUB) == {
        "name",
        True,
        "permissions",
        "concurrency",
        "env",
        "jobs",
    }  # YAML 1.1: `on` is true
    assert {"check", "voices"} <= set(GITLAB)
    assert PRE_COMMIT["repos"][0]["hooks"][0]["id"] == "fullcast-game-check"


@pytest.mark.parametrize("words", commands(CI) + commands(GUIDE), ids=" ".join)
def test_every_command_of_the_pages_has_its_verb_and_options(words):
    module, _ = VERBS[words[1]]
    command = importlib.import_module(f"pipeline.cli.{module}").command
    known = {name for parameter in command.params for name in parameter.opts}
    options = [word for word in words if word.startswith("-")]
    assert [option for option in options if option not in known] == []
    if words[2:3] and words[2].startswith("manifests/"):
        assert (ROOT / words[2]).is_dir()


def test_every_verb_and_option_is_in_the_guide():
    for verb, (module, _) in VERBS.items():
        assert f"| `{verb}` |" in GUIDE
        for parameter in importlib.import_module(f"pipeline.cli.{module}").command.params:
            name = max(parameter.opts, key=len)
            if name.startswith("--") and verb != "check":
                assert name in GUIDE or name.replace("--", "`--") in GUIDE, f"{verb} {name}"


@pytest.mark.parametrize("code", PACK_CODES)
def test_every_code_of_verify_is_in_the_guide(code):
    assert f"| {code} |" in GUIDE


def test_the_github_job_s_steps_run_as_they_are_written(tmp_path, monkeypatch):
    game = sample("unity", tmp_path)
    game.folder.rename(tmp_path / "game")
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "lines"], ["branch", "origin/main"]):
        subprocess.run([*git, *arguments], check=True)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    ran = []
    for step in GITHUB["jobs"]["voices"]["steps"]:
        row = step.get("run", "").partition("&&")[0]
        if row.startswith("fullcast "):
            row = row.replace("$PROJECT", "game").replace("${{ github.base_ref }}", "main")
            words = shlex.split(row)[1:] + (["--local"] if " render " in row else [])
            assert run(words) == 0, words
            ran.append(words[1])
    assert ran == ["check", "diff", "plan", "render", "verify"]
    assert (tmp_path / "game/voice-pack/report.html").is_file()
    assert "fullcast game render: passed" in (tmp_path / "summary.md").read_text("utf-8")
    assert "fullcast game diff: passed" in (tmp_path / "diff.md").read_text("utf-8")


def test_caches_hold_what_render_writes_and_their_keys_name_what_decides():
    steps = {step.get("name"): step for step in GITHUB["jobs"]["voices"]["steps"]}
    takes, kept = steps["Takes"]["with"], steps["Keep takes"]
    assert takes["path"].split() == ["game/.fullcast", "game/voice-pack"] == kept["with"]["path"].split()
    assert "hashFiles('game/**'" in takes["key"] and "env.FULLCAST" in takes["key"]
    assert "always()" in kept["if"]
    assert "fullcast-game.toml" in steps["Weights"]["with"]["key"]
    assert steps["Weights"]["with"]["path"] in GITHUB["env"]["FULLCAST_CACHE"]
    lab = GITLAB["voices"]["cache"]
    assert [cache["paths"] for cache in lab][:2] == [[".weights"], ["game/.fullcast", "game/voice-pack"]]
    assert lab[1]["when"] == "always"


def test_the_hook_checks_and_names_no_file():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert hook["entry"] == "fullcast game check" and hook["pass_filenames"] is False
    files = re.compile(hook["files"])
    for engine in SAMPLES.iterdir():
        assert any(files.search(path.name) for path in engine.rglob("*"))


def test_the_docker_file_copies_what_there_is_and_ends_in_the_command():
    rows = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    for row in rows:
        if row.startswith("COPY "):
            for name in row.split()[1:-1]:
                assert (ROOT / name).exists()
    assert 'ENTRYPOINT ["fullcast"]' in rows
    assert not [row for row in rows if "curl" in row or "wget" in row or "http" in row]
