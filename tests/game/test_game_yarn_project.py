"""The file `.yarnproject`: scripts by pattern, languages, and what is told of a broken one."""

import json

import pytest

from pipeline.errors import UsageError
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.yarn_project import find_source, match_files

PROJECT = {"projectFileVersion": 3, "baseLanguage": "en"}


def project(folder, data="", name="game.yarnproject", **keys):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data or json.dumps(PROJECT | keys), encoding="utf-8")
    return path


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("title: A\n---\nx\n===\n", encoding="utf-8")


def source_of(path, root=None, **options):
    return find_source(SourceRequest(root or path.parent, path, options))


@pytest.mark.parametrize(
    ("include", "exclude", "found"),
    [
        (["**/*.yarn"], [], ["a.yarn", "sub/B.YARN", "sub/deep/c.yarn"]),
        (["*.yarn"], [], ["a.yarn"]),
        (["**/*.yarn"], ["sub/**"], ["a.yarn"]),
        (["**/*.yarn"], ["SUB"], ["a.yarn"]),
        (["**/*.yarn"], ["**/b.yarn"], ["a.yarn", "sub/deep/c.yarn"]),
        (["sub/"], [], ["sub/B.YARN", "sub/deep/c.yarn", "sub/notes.txt"]),
        (["sub\\*.yarn"], [], ["sub/B.YARN"]),
        (["**/c.yarn", "./a.yarn", "a.yarn"], [], ["a.yarn", "sub/deep/c.yarn"]),
        (["**.yarn"], [], ["a.yarn", "sub/B.YARN", "sub/deep/c.yarn"]),
        (["../*/a.yarn"], [], ["a.yarn"]),
        (["s*b/**/*.yarn"], [], ["sub/B.YARN", "sub/deep/c.yarn"]),
        (["[ab].yarn"], [], []),
    ],
)
def test_patterns_match_as_the_compiler_matches_them(tmp_path, include, exclude, found):
    folder = tmp_path / "game"
    touch(folder, "a.yarn", "sub/B.YARN", "sub/deep/c.yarn", "sub/notes.txt")
    matched = match_files(folder, include, exclude)
    assert [path.relative_to(folder).as_posix() for path in matched] == found


def test_a_project_may_hold_comments_trailing_commas_and_keys_in_any_case(tmp_path):
    touch(tmp_path, "a.yarn", "old.yarn")
    (tmp_path / "de.csv").write_text("id,text\n")
    path = project(
        tmp_path,
        """\ufeff{
          // which version
          "ProjectFileVersion": 4, /* new */
          "SOURCEFILES": ["*.yarn",],
          "excludeFiles": ["old.yarn"],
          "localisation": {"pt_BR": {"Strings": "de.csv", "assets": "voice\\\\pt",}, "en": {}},
          "baselanguage": "en", "editorOptions": {"x": 1},
          "definitions": null,
        }""",
    )
    source = source_of(path)
    assert [each.name for each in source.scripts] == ["a.yarn"]
    assert (source.base_locale, source.locales) == ("en", ("en", "pt-BR"))
    assert source.strings == {"pt-BR": tmp_path / "de.csv"}
    assert source.assets == {"pt-BR": "voice/pt"}


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"projectFileVersion": 1}, "projectFileVersion is 1; fullcast reads 2, 3, 4"),
        ({"projectFileVersion": 5}, "projectFileVersion is 5"),
        ({"projectFileVersion": True}, "projectFileVersion is True"),
        ({"projectFileVersion": None}, "projectFileVersion is None"),
        ({"baseLanguage": None}, "no 'baseLanguage'"),
        ({"sourceFiles": "a.yarn"}, "'sourceFiles'"),
        ({"localisation": {"de": {"strings": "gone.csv"}}}, "strings of 'de' not found: gone.csv"),
        ({"localisation": {"de": {"strings": "unity:12ab"}}}, "only Unity can read it"),
        ({"sourceFiles": ["none/*.yarn"]}, "no Yarn script belongs to it"),
    ],
)
def test_a_project_that_is_not_as_it_must_be_is_a_usage_error(tmp_path, keys, told):
    touch(tmp_path, "a.yarn")
    with pytest.raises(UsageError) as error:
        source_of(project(tmp_path, **keys))
    assert told in str(error.value)
    assert str(error.value).startswith("game.yarnproject")


@pytest.mark.parametrize("data", ["[]", "{", "title: old Unity project\n"])
def test_what_is_no_json_object_is_a_usage_error(tmp_path, data):
    with pytest.raises(UsageError, match="JSON"):
        source_of(project(tmp_path, data))


def test_a_missing_source_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        source_of(tmp_path / "gone.yarn")


def test_paths_may_start_from_the_root_of_a_godot_or_unity_game(tmp_path):
    touch(tmp_path, "Assets/Dialogue/a.yarn")
    (tmp_path / "ProjectSettings").mkdir()
    (tmp_path / "project.godot").write_text("")
    for name in ("de.csv", "fr.csv"):
        (tmp_path / name).write_text("id,text\n")
    languages = {"de": {"strings": "res://de.csv"}, "fr": {"strings": "${UnityProjectRoot}/fr.csv"}}
    path = project(tmp_path / "Assets" / "Dialogue", localisation=languages)
    assert source_of(path).strings == {"de": tmp_path / "de.csv", "fr": tmp_path / "fr.csv"}


def test_a_folder_and_a_single_script_are_sources_too(tmp_path):
    touch(tmp_path, "b.yarn", "sub/a.yarn")
    assert [path.name for path in source_of(tmp_path, tmp_path).scripts] == ["b.yarn", "a.yarn"]
    source = source_of(tmp_path / "b.yarn", locale="pt_BR")
    assert (source.scripts, source.base_locale) == ((tmp_path / "b.yarn",), "pt-BR")
