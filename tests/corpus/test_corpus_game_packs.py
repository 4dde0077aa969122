"""Packs of the real games with the small engine: filled, sound, and one edit makes one sound."""

import json
import re
import shutil
from pathlib import Path

import pytest
from test_corpus_games import BEVY, GAMES, PROJECTS

from pipeline.cli.main import run
from pipeline.game.findings import CODES

pytestmark = pytest.mark.skipif(not (GAMES / "MANIFEST.tsv").exists(), reason=f"no corpus at {GAMES}")
TONES = 'voices = { "*" = "tone/mid" }'
# Real games have real faults; whatever has none of its own is rendered all the same.
LENIENT = "\n[lint]\n" + "".join(f'{code} = "warning"\n' for code in CODES)


class Pack:
    """A copy of a game of the corpus with its pack."""

    def __init__(self, name: str, folder: Path, more: str = "") -> None:
        origin, config = PROJECTS[name]
        if not (GAMES / origin).exists():
            pytest.skip(f"the corpus has no {origin}")
        self.folder = folder / name
        shutil.copytree(GAMES / origin, self.folder)
        voiced = re.sub(r"^voices = .*$", TONES, config, flags=re.M)
        head, mark, table = voiced.partition("[[tables]]")
        (self.folder / "fullcast-game.toml").write_text(f"{head}{more}{mark}{table}{LENIENT}", "utf-8")
        if name == "bevy":
            (self.folder / "ours.yarnproject").write_text(json.dumps(BEVY), "utf-8")
        for source in re.findall(r'path = "([^"]+)"', config):
            if not (self.folder / source).exists():
                pytest.skip(f"the corpus names the repository of {source} only")

    def run(self, verb: str, *options: str) -> int:
        """The exit code of a verb."""
        report = ["--json", str(self.folder / "report.json")]
        return run(["game", verb, str(self.folder), *report, *options])

    def report(self) -> dict:
        """What the last verb reported."""
        return json.loads((self.folder / "report.json").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(PROJECTS))
def test_every_game_of_the_corpus_fills_a_pack_that_verifies(name, tmp_path):
    pack = Pack(name, tmp_path)
    assert pack.run("render", "--local", "-q") == 0
    counts = pack.report()["counts"]
    assert counts["voiced"] == counts["render"].get("rendered", 0) + counts["render"].get("cached", 0)
    assert pack.run("verify") == 0


def test_one_word_of_voiceover_renders_one_file_and_makes_translations_and_recording_stale(tmp_path, capsys):
    pack = Pack("voiceover", tmp_path, 'takes = { folders = ["Rec/Recorded"] }\n')
    script = pack.folder / "VoiceOver.yarn"
    assert pack.run("render", "--local", "-q") == 0
    lines = [line for line in pack.report()["lines"] if line["locale"] == "en"]
    recorded, edited = lines[0], lines[0]
    place = pack.folder / "Rec" / "Recorded"
    place.mkdir(parents=True)
    row = next(row for row in index(pack, "en") if row["stem"] == recorded["stem"])
    shutil.copy(pack.folder / "voice-pack" / row["wav"], place / f"{recorded['stem']}.wav")
    assert pack.run("render", "--local", "-q", "--accept-takes") == 0
    text = script.read_text("utf-8")
    words = edited["spoken"]
    assert text.count(words) == 1
    script.write_text(text.replace(words, words.replace(words.split()[0], "Everything", 1)), "utf-8")
    assert pack.run("render", "--local", "-q") == 6
    report = pack.report()
    stale = [found for found in report["findings"] if found["code"] == "D011"]
    assert {found["locale"] for found in stale} == {"de", "es", "pt-BR", "zh-Hans"} and len(stale) == 4
    assert [found["id"] for found in report["findings"] if found["code"] == "P007"] == [recorded["id"]]
    (place / f"{recorded['stem']}.wav").unlink()
    capsys.readouterr()
    assert pack.run("render", "--local") == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[1] for row in rows if row.startswith("rendered ")] == [edited["id"]]


def index(pack: Pack, locale: str) -> list[dict]:
    """The rows of a locale's index."""
    return json.loads((pack.folder / "voice-pack" / locale / "index.json").read_text("utf-8"))["lines"]


def test_the_voices_of_brooklyn_kids_are_all_there_and_two_are_of_no_line(tmp_path, capsys):
    pack = Pack("brooklyn-tab", tmp_path)
    assert pack.run("verify", "--names", str(pack.folder / "audio-files.txt")) == 6
    found = pack.report()["findings"]
    unknown = [one["file"] for one in found if one["code"] == "P005"]
    assert unknown == ["game/voice/go-to-oyster-city.mp3", "game/voice/see-whos-taller.mp3"]
    assert not [one for one in found if one["code"] == "P001"]


def test_the_voices_of_the_godot_example_are_those_of_its_spoken_lines(tmp_path):
    pack = Pack("godot", tmp_path)
    pack.run("verify", "--names", str(pack.folder / "audio-files.txt"))
    found = pack.report()["findings"]
    assert not [one for one in found if one["code"] == "P005"]
    # Of 11 keys in two locales the game speaks 7; the others are choices, which a table cannot tell.
    assert len([one for one in found if one["code"] == "P001"]) == 2 * (11 - 7)
