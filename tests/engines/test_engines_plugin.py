"""Engines from outside: the guide's own package, built, installed and used; and folders of descriptions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engines.catalogue import Catalogue, load_catalogue, read_catalogue
from pipeline.engines.engine_file import EngineForm, read_engine_file
from pipeline.engines.finding import find_voice, known_voices
from pipeline.engines.from_forms import engine_entry
from pipeline.engines.outside import outside_engines
from pipeline.errors import UsageError

ROOT = Path(__file__).parent.parent.parent
GUIDE = ROOT / "docs" / "engines.md"
PACKAGE = "whistle_for_fullcast"
BOOK = """---
book: {title: A Whistle, author: A. Bird}
cast: {narrator: whistle/kettle, Ann: {voice: whistle/blackbird, emotion: happy}}
---
# One

The kettle is on.

Ann: So it is.
"""


def file_of_guide(name: str) -> str:
    """The block that stands under a file's name in the guide."""
    found = re.search(
        rf"^`{re.escape(name)}`\n\n```\w+\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE
    )
    assert found is not None, name
    return found[1]


def fullcast(*args: str, path: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    places = [str(each) for each in (path, ROOT) if each is not None]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places)} | variables
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", *args],
        capture_output=True, text=True, env=environment, timeout=120, check=False,
    )  # fmt: skip


def write_info(site: Path, name: str, engine: str, package: str) -> None:
    """What pip leaves of an installed package, as far as entry points go."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[fullcast.engines]\n{engine} = {package}\n")


def write_package(folder: Path) -> None:
    """The guide's package, not installed."""
    (folder / PACKAGE).mkdir(parents=True)
    (folder / PACKAGE / "__init__.py").touch()
    for name in ("pyproject.toml", f"{PACKAGE}/engine.yaml", f"{PACKAGE}/engine.py"):
        (folder / name).write_text(file_of_guide(name))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the guide's package."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    write_package(source)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index",
         "--disable-pip-version-check", "--target", str(target), str(source)],
        check=True, timeout=300,
    )  # fmt: skip
    return target


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in which this process looks for packages, too."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    # Another test's module of this name lay in another folder.
    monkeypatch.delitem(sys.modules, "finder_of_this_test", raising=False)
    yield folder
    sys.modules.pop("finder_of_this_test", None)


@pytest.mark.slow
def test_the_guides_engine_is_installed_listed_and_rendered_with(installed: Path, tmp_path: Path) -> None:
    listed = fullcast("voices", "--engine", "whistle", path=installed)
    assert [row.split()[0] for row in listed.stdout.splitlines()] == ["whistle/blackbird", "whistle/kettle"]
    assert "whistle@1" in fullcast("models", path=installed).stdout
    script = tmp_path / "bird.md"
    script.write_text(BOOK)
    said = fullcast("check", str(script), path=installed)
    assert (said.returncode, said.stderr) == (0, "")
    done = fullcast(
        "render", str(script), "--local", "--preset", "none", "--store", str(tmp_path / "store"),
        "-o", str(tmp_path / "out"), path=installed,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "out" / "bird" / "report.json").read_text())
    assert {voice["engine"] for voice in facts["voices"]} == {"whistle"}
    assert {voice["licence_weights"] for voice in facts["voices"]} == {"MIT"}


@pytest.mark.slow
def test_the_guides_tests_pass(installed: Path, tmp_path: Path) -> None:
    path = tmp_path / "test_whistle.py"
    path.write_text(file_of_guide("test_whistle.py"))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(path)],
        capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout


def test_without_the_package_the_voice_is_unknown(tmp_path: Path) -> None:
    script = tmp_path / "bird.md"
    script.write_text(BOOK)
    said = fullcast("check", str(script))
    assert said.returncode == 3
    assert "no engine 'whistle'" in said.stderr


def test_looking_an_engine_up_imports_nothing_of_its_package(tmp_path: Path) -> None:
    write_package(tmp_path)
    (tmp_path / PACKAGE / "__init__.py").write_text("raise AssertionError('it was imported')\n")
    write_info(tmp_path, "whistle", "whistle", PACKAGE)
    listed = fullcast("voices", "--engine", "whistle", path=tmp_path)
    assert (listed.returncode, len(listed.stdout.splitlines())) == (0, 2), listed.stderr


def test_built_in_voices_are_found_without_looking_through_packages(tmp_path: Path) -> None:
    """Looking costs tens of milliseconds; a broken package elsewhere must not stop a book either."""
    write_info(tmp_path, "broken", "broken", "no_such_package")
    script = tmp_path / "plain.md"
    script.write_text(
        BOOK.replace("whistle/kettle", "espeak/en-us").replace("whistle/blackbird", "tone/high")
    )
    program = (
        "import sys; from pipeline.cli.main import run; code = run(['check', sys.argv[1]]);"
        "print(code, 'importlib.metadata' in sys.modules and 'looked' in dir(sys))"
    )
    watch = tmp_path / "sitecustomize.py"
    watch.write_text(
        "import sys, importlib.metadata as metadata\n"
        "real = metadata.entry_points\n"
        "def watched(**given):\n"
        "    if given.get('group') == 'fullcast.engines': sys.looked = True\n"
        "    return real(**given)\n"
        "metadata.entry_points = watched\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}

    def check(path: Path) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
        )
        return done.stdout.splitlines()[-1]

    assert check(script) == "0 False"
    script.write_text(BOOK)  # the watch works: an unknown engine is looked for outside
    assert check(script).endswith("True")


def test_an_engine_of_a_built_in_name_is_one_clear_error_where_all_are_listed(site: Path) -> None:
    write_package(site)
    text = (
        file_of_guide(f"{PACKAGE}/engine.yaml")
        .replace("whistle@", "espeak@")
        .replace("engine: whistle", "engine: espeak")
    )
    (site / PACKAGE / "engine.yaml").write_text(text)
    write_info(site, "impostor", "espeak", PACKAGE)
    built_in = load_catalogue().built_in
    with pytest.raises(UsageError, match="'espeak' comes from package impostor and also from fullcast"):
        outside_engines(built_in)
    assert (
        Catalogue(built_in, lambda: outside_engines(built_in)).resolve_voice("espeak/en-us").engine
        == "espeak"
    )


def test_two_packages_with_one_engine_name_each_other(site: Path) -> None:
    write_package(site)
    write_info(site, "bird-one", "whistle", PACKAGE)
    write_info(site, "bird-two", "whistle", PACKAGE)
    with pytest.raises(UsageError, match="comes from package bird-... and also from package bird-..."):
        outside_engines({})


@pytest.mark.parametrize(
    ("engine", "package", "said"),
    [
        ("whistle", "no_such_package", "'no_such_package' is no package of Python that is installed"),
        ("whistle", "no.such.package", "No module named 'no'"),
        ("flute", PACKAGE, "engine 'whistle' is announced as 'flute'"),
        ("whistle", "json.decoder", "no package"),
    ],
)
def test_a_package_that_announces_what_is_not_there_is_one_row_that_names_it(
    site: Path, engine: str, package: str, said: str
) -> None:
    write_package(site)
    write_info(site, "odd-bird", engine, package)
    with pytest.raises(UsageError) as caught:
        outside_engines({})
    assert said in str(caught.value)
    assert "odd-bird" in str(caught.value) or PACKAGE in str(caught.value)
    assert "\n" not in str(caught.value)


def studio(folder: Path) -> str:
    """The guide's description without code, in its folder."""
    (text,) = re.findall(r"```yaml\n(engine: studio\n.*?)```", GUIDE.read_text(), re.DOTALL)
    (folder / "studio").mkdir(parents=True)
    (folder / "studio" / "engine.yaml").write_text(text)
    return str(text)


def test_a_folder_of_descriptions_adds_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio(tmp_path)
    monkeypatch.setenv("FULLCAST_ENGINES", str(tmp_path))
    monkeypatch.setenv("STUDIO_MODEL", "tts-10")
    built_in = load_catalogue().built_in
    catalogue = Catalogue(built_in, lambda: outside_engines(built_in))
    voice = catalogue.resolve_voice("studio/anna")
    assert voice.model == "studio@tts-10@speech.studio"
    assert catalogue.model(voice.model).parameters["key_env"] == "STUDIO_API_KEY"
    assert catalogue.resolve_voice("openai/anna").model == "openai@tts-1@127.0.0.1:8880"


def test_a_folder_of_descriptions_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULLCAST_ENGINES", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="FULLCAST_ENGINES=.*none: there is no such folder"):
        outside_engines({})


def test_the_guides_weights_are_of_the_form(tmp_path: Path) -> None:
    (models,) = re.findall(r"```yaml\n(models:\n.*?)```", GUIDE.read_text(), re.DOTALL)
    text = file_of_guide(f"{PACKAGE}/engine.yaml").replace("whistle@1\n", "whistle@2\n")
    start, end = text.index("models:"), text.index("voices:")
    (tmp_path / "whistle").mkdir()
    path = tmp_path / "whistle" / "engine.yaml"
    path.write_text(text[:start] + models + text[end:])
    (model,) = engine_entry(read_engine_file(path)).models
    assert [type(source).__name__ for source in model.forms[0].files[0].sources] == [
        "HubSource", "PypiSource", "NpmSource", "LocalSource",
    ]  # fmt: skip


def test_the_guide_names_every_key_of_an_engine_file() -> None:
    guide = GUIDE.read_text()
    assert [name for name in EngineForm.model_fields if f"`{name}`" not in guide] == []


def test_the_guide_names_every_built_in_engine_that_is_not_hidden_and_every_setting_of_a_server() -> None:
    from pipeline.engines.openai.settings import ServerSettings

    guide = GUIDE.read_text()
    shown = [name for name, entry in load_catalogue().built_in.items() if not entry.hidden]
    assert [name for name in shown if f"`{name}`" not in guide] == []
    settings = [name for name in ServerSettings.model_fields if name != "key_env"]
    assert [name for name in settings if f"_{name.upper()}`" not in guide] == []


FINDER = """
def find(engine, name, parameters):
    if name == "nobody":
        return None
    model = {"id": f"{engine}@{parameters['place']}", "version": "1", "languages": ["*"], "sample_rate": 8000}
    return {"voice": {"id": name, "language": "en-us", "model": model["id"] + parameters.get("slip", "")},
            "model": model} | parameters.get("more", {})

def voices(engine, parameters):
    return [{"id": "known", "language": "en-us", "model": f"{engine}@{parameters['place']}"}]
"""


def finding(site: Path, parameters: str = "{place: here}") -> Catalogue:
    """A catalogue of one engine, whose voices a finder knows."""
    (site / "finder_of_this_test.py").write_text(FINDER)
    text = file_of_guide(f"{PACKAGE}/engine.yaml").replace("{octave: 5}", parameters)
    (site / "whistle").mkdir()
    (site / "whistle" / "engine.yaml").write_text(text + "finder: finder_of_this_test\n")
    return read_catalogue(site)


def test_a_listed_voice_comes_before_a_found_one_and_none_is_none(site: Path) -> None:
    catalogue = finding(site)
    assert catalogue.voice("whistle/kettle").model == "whistle@1"
    assert catalogue.voice("whistle/anyone").model == "whistle@here"
    assert [voice.name for voice in catalogue.engine("whistle").voices] == ["blackbird", "kettle", "known"]
    with pytest.raises(UsageError, match="no voice 'whistle/nobody'"):
        catalogue.voice("whistle/nobody")


def test_the_model_of_a_found_voice_is_known_by_its_id_even_to_another_catalogue(site: Path) -> None:
    catalogue = finding(site)
    catalogue.resolve_voice("whistle/anyone")
    for one in (catalogue, read_catalogue(site)):
        assert one.model("whistle@here").version == "1"
        assert one.capabilities("whistle@here").sample_rate == 8000
    assert catalogue.capabilities("whistle@1").sample_rate == 16_000
    with pytest.raises(UsageError, match="no model 'whistle@there'"):
        catalogue.model("whistle@there")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("{place: here, slip: '-not'}", "do not agree"),
        ("{place: here, more: {song: 1}}", "unknown key 'song'"),
    ],
)
def test_a_finder_that_says_what_is_not_of_the_form_is_named(site: Path, parameters: str, said: str) -> None:
    entry = finding(site, parameters).entry("whistle")
    with pytest.raises(UsageError, match=said) as caught:
        find_voice(entry, "anyone")
    assert "finder_of_this_test" in str(caught.value)


def test_a_wrong_setting_of_one_engine_hides_no_other_engine(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue = finding(site, "{nothing: here}")
    (site / "finder_of_this_test.py").write_text(
        "from pipeline.errors import UsageError\n"
        "def find(engine, name, parameters): raise UsageError('no such folder')\n"
        "def voices(engine, parameters): raise UsageError('no such folder')\n"
    )
    assert [voice.name for voice in catalogue.voices()] == ["blackbird", "kettle"]
    assert "engine whistle is listed without the voices that are your own: no such folder" in caplog.text
    assert catalogue.resolve_voice("whistle/kettle").model == "whistle@1"
    with pytest.raises(UsageError, match="no such folder"):
        catalogue.engine("whistle")


def test_a_finder_that_is_not_there_is_named(site: Path) -> None:
    catalogue = finding(site)
    path = site / "whistle" / "engine.yaml"
    path.write_text(path.read_text().replace("finder_of_this_test", "no_finder_at_all"))
    with pytest.raises(UsageError, match="no module 'no_finder_at_all'"):
        known_voices(read_catalogue(site).entry("whistle"))
    assert catalogue.entry("whistle").finder == "finder_of_this_test"
