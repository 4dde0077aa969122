"""The project file: what it may hold, and how a slip in it is told."""

import pytest
from game_files import HEAD, write_game

from pipeline.errors import UsageError
from pipeline.game.config import VoiceForm, read_config
from pipeline.game.project import load_project

SOURCE = 'sources = [{ format = "yarn", path = "a.yarn" }]\n'


def fault_of(folder, config: str) -> str:
    write_game(folder, config)
    with pytest.raises(UsageError) as caught:
        read_config(folder / "fullcast-game.toml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_whole_file_of_the_documentation_is_read(tmp_path):
    write_game(
        tmp_path,
        """engine = "unity"
sources = [{ format = "yarn", path = "Dialogue/VoiceOver.yarnproject" }]
locales = ["en", "de"]
voices = { Tom = "tom-v2", "Tom@de" = "tom-de", "*" = "narrator" }
emotions = { frowning = "sad", angry = "angry" }
budget = { characters = 20000, cost = 5.0 }
takes = { folders = ["Audio/Final", "Audio/Recorded", "Audio/Scratch", "Audio/TTS"], stale = "fail" }
""",
    )
    config = read_config(tmp_path / "fullcast-game.toml")
    assert config.engine == "unity"
    assert config.locales == ["en", "de"]
    assert config.budget.characters == 20000
    assert config.takes_form.stale == "fail"
    assert config.loudness.lufs == -23.0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("engin = 'x'\n", "fullcast-game.toml:3: no key 'engin'; did you mean 'engine'?"),
        ("[budget]\ncost_ = 3\n", "fullcast-game.toml:5: no key 'cost_' in [budget]; did you mean 'cost'?"),
        ("[loudness]\nluffs = 3\n", "no key 'luffs' in [loudness]; did you mean 'lufs'?"),
        ("[lint]\nD099 = 'off'\n", "fullcast-game.toml:5: no finding 'D099'"),
        ("[lint]\nD001 = 'of'\n", "'D001' cannot be 'of'; did you mean 'off'?"),
        ("[emotions]\nmad = 'angri'\n", "fullcast-game.toml:5: no emotion 'angri'; did you mean 'angry'?"),
        ("[emotions]\nmad = { intensty = 1 }\n", "no key 'intensty' in [emotions.mad]; did you mean 'int"),
        ("[variants]\n'$x' = { say = 'a', skip = true }\n", "'$x': it needs 'say' or 'skip = true'"),
        ("[[tables]]\npath = 'x.csv'\nlocal = 'de'\n", ":6: no key 'local' in [tables]; did you mean 'loc"),
        ("[[tables]]\nlocale = 'de'\n", "[tables] has no 'path'; add it"),
        ("render_options = 'yes'\n", ":3: 'render_options' must be true or false, not 'yes'"),
        ("[emotions]\nmad = { valence = 0.1 }\n", "5: [emotions.mad] has no 'arousal'; add it"),
        ("[takes]\nfolders = []\n", "5: 'folders' must not be empty"),
        ("base_locale = 'x'\n", "'base_locale' cannot be 'x'; a locale is written as en, pt-BR or french"),
        ("[[barks]]\ntakes = 3\n", "it names no lines: give 'ids', 'characters' or 'tags'"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_row_and_the_nearest_name(tmp_path, more, told):
    # `engine` and `voices` stand in rows 1 and 2.
    config = f"{HEAD}{more}" if more.startswith(("engin", "render")) else f"{HEAD}{SOURCE}{more}"
    if SOURCE not in config:
        config += SOURCE
    assert told in fault_of(tmp_path, config)


def test_an_unknown_format_or_engine_names_the_nearest(tmp_path):
    told = fault_of(tmp_path, HEAD.replace("plain", "unty") + SOURCE.replace("yarn", "yrn", 1))
    assert "'engine' cannot be 'unty'; did you mean 'unity'?" in told
    assert "no format 'yrn'; did you mean 'yarn'?" in told
    assert len(told.splitlines()) == 2


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ('engine = "plain"\n' + SOURCE, "the project has no 'voices'; add it"),
        ('voices = {"*" = "x"}\n' + SOURCE, "the project has no 'engine'; add it"),
        (HEAD, "the project names no source"),
        ("engine = \n", "fullcast-game.toml:1: no valid TOML"),
    ],
)
def test_what_a_project_needs_is_named(tmp_path, config, told):
    assert told in fault_of(tmp_path, config)


def test_a_project_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="cannot read the project"):
        load_project(tmp_path / "nowhere" / "fullcast-game.toml")


def test_a_source_that_is_not_there_names_the_file_beside_it(tmp_path):
    write_game(tmp_path, f"{HEAD}{SOURCE}", aa_yarn="")
    with pytest.raises(UsageError, match=r"no source 'a\.yarn'; did you mean 'aa\.yarn'\?"):
        load_project(tmp_path)


def test_voices_may_be_words_or_tables_and_takes_a_number(tmp_path):
    config = SOURCE + 'takes = 3\nengine = "plain"\n[voices]\nTom = { voice = "x", rate = 1.2 }\n"*" = "y"\n'
    write_game(tmp_path, config)
    read = read_config(tmp_path / "fullcast-game.toml")
    assert isinstance(read.voices["Tom"], VoiceForm)
    assert read.takes_form.count == 3


def test_keys_of_one_format_are_told_apart(tmp_path):
    told = fault_of(tmp_path, HEAD + 'sources = [{ format = "yarn", path = "a", delimiter = ";" }]\n')
    assert told.endswith("no key 'delimiter' here; only a source of format 'table' has it")
    write_game(
        tmp_path, HEAD + 'sources = [{ format = "table", path = "a.csv", columns = { text = "t" } }]\n'
    )
    assert read_config(tmp_path / "fullcast-game.toml").sources[0].columns == {"text": "t"}


def test_locales_may_be_a_table_of_the_engines_own_names(tmp_path):
    write_game(tmp_path, HEAD + SOURCE + '[locales]\npiglatin = "en-x-pig"\nfrench = "fr-CA"\n')
    read = read_config(tmp_path / "fullcast-game.toml")
    assert read.names_of_locales == {"piglatin": "en-x-pig", "french": "fr-CA"}
