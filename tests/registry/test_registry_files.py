"""Registry files: what they add and replace, what is wrong with them, and how little 10,000 voices cost."""

import gc
import hashlib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines.catalogue import LocalSource, load_catalogue
from pipeline.errors import UsageError
from pipeline.registry import files, index
from pipeline.registry.editing import add_entries, remove_entry
from pipeline.registry.form import RegistryVoiceForm
from pipeline.registry.models import list_models
from pipeline.registry.opening import catalogue_for, notes_of
from pipeline.registry.places import PROJECT_FILE, project_registry, user_registry
from pipeline.registry.reading import parse_registry, read_registry_file
from pipeline.registry.voices import list_voices
from pipeline.registry.weights import WeightStore

SHA = hashlib.sha256(b"x").hexdigest()
MODEL = """registry: 1
models:
  - id: tone@next
    version: next
    languages: [en-us, zh]
    emotion_level: native
    emotions: [happy, sad]
    licence: CC-BY-NC-4.0
    allows: {commercial: false, cloning: true}
    hot: true
    parameters: {overtone_db: -6.0}
voices:
  - {id: mine/aunt, model: tone@next, language: zh, speaker: high, gender: female, tags: [warm, old]}
"""


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCAST_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "cache"))
    (tmp_path / "config").mkdir()


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The folder of a script, two levels below the project's."""
    folder = tmp_path / "project" / "series" / "book"
    folder.mkdir(parents=True)
    return folder


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def many(count: int) -> str:
    rows = [
        f"  - {{id: crowd/v{n}, model: tone@1, language: {'zh' if n % 10 else 'en-us'}, speaker: low, "
        f"tags: [tag{n % 7}]}}\n"
        for n in range(count)
    ]
    return "registry: 1\nvoices:\n" + "".join(rows)


def test_without_registry_files_the_catalogue_is_that_of_the_engines(book):
    assert catalogue_for(book) is load_catalogue()


def test_a_model_and_a_voice_of_a_registry_are_found_by_their_ids(book):
    write(user_registry(), MODEL)
    catalogue = catalogue_for(book)
    model = catalogue.model("tone@next")
    assert (model.engine, model.version, model.languages) == ("tone", "next", ("en-us", "zh"))
    assert (model.hot, model.emotions, model.allows.commercial) == (True, ("happy", "sad"), False)
    assert catalogue.capabilities("tone@next").emotion_level == "native"
    assert catalogue.licence(model) == "CC-BY-NC-4.0"
    voice = catalogue.resolve_voice("mine/aunt")
    assert (voice.engine, voice.model, voice.parts[0][0].name) == ("tone", "tone@next", "high")
    assert voice.parts[0][0].origin == f"{user_registry()}:13"


def test_a_voice_named_by_its_speaker_sounds_like_the_engines_own(book):
    write(user_registry(), MODEL)
    catalogue = catalogue_for(book)
    assert catalogue.resolve_voice("mine/aunt").digest() == catalogue.resolve_voice("tone/high").digest()


def test_voices_of_one_namespace_and_model_can_be_blended(book):
    write(user_registry(), MODEL + "  - {id: mine/uncle, model: tone@next, language: zh, speaker: low}\n")
    blend = catalogue_for(book).resolve_voice("mine/aunt:3+uncle:1")
    assert [(part.id, share) for part, share in blend.parts] == [("mine/aunt", 0.75), ("mine/uncle", 0.25)]


def test_the_projects_registry_is_found_from_the_scripts_folder_and_wins_with_a_note(book, tmp_path):
    write(user_registry(), MODEL)
    changed = MODEL.replace("speaker: high", "speaker: low").replace("-6.0", "-3.0")
    project = write(tmp_path / "project" / PROJECT_FILE, changed)
    assert project_registry(book) == project
    catalogue = catalogue_for(book)
    assert catalogue.model("tone@next").parameters == {"overtone_db": -3.0}
    assert catalogue.voice("mine/aunt").name == "low"
    assert notes_of(catalogue) == [
        f"{project}:3: note: model tone@next replaces the one of {user_registry()}:3",
        f"{project}:13: note: voice mine/aunt replaces the one of {user_registry()}:13",
    ]
    assert [row.id for row in list_voices(catalogue, engine="tone", search="aunt")] == ["mine/aunt"]
    assert [row.id for row in list_models(catalogue, WeightStore(), "tone")].count("tone@next") == 1


def test_what_an_engine_brings_can_be_replaced_with_a_note(book):
    write(
        user_registry(),
        "registry: 1\n"
        "models:\n  - {id: tone@1, version: '1', languages: [zh], parameters: {overtone_db: -1.0}}\n"
        "voices:\n  - {id: tone/low, model: tone@2, language: fr, speaker: mid}\n",
    )
    catalogue = catalogue_for(book)
    assert catalogue.model("tone@1").languages == ("zh",)
    assert catalogue.resolve_voice("tone/low").model == "tone@2"
    assert [note.partition("note: ")[2] for note in notes_of(catalogue)] == [
        "model tone@1 replaces the one of engine tone",
        "voice tone/low replaces the one of engine tone",
    ]
    rows = list_voices(catalogue, engine="tone")
    assert [row.language for row in rows if row.id == "tone/low"] == ["fr"]
    assert [model.id for model in catalogue.models()].count("tone@1") == 1


AUNT = "  - {id: mine/aunt, model: tone@1, language: en}\n"
STATE = "reference: {file: a.wav, sha256: SHA, bytes: 1}"


@pytest.mark.parametrize(
    ("text", "row", "said"),
    [
        ("registry: 2\n", 1, "registry: "),
        ("registry: 1\nmodel: []\n", 2, "unknown key 'model'"),
        (
            "voices:\n  - id: mine/a\n    model: tone@1\n    languag: en\n",
            5,
            "unknown key 'voices.0.languag'",
        ),
        ("voices:\n  - {id: grandpa, model: tone@1, language: en}\n", 3, "voices.0.id: "),
        (
            "models:\n  - id: tone@3\n    version: 3\n    languages: [en]\n",
            4,
            "put '3' between quotation marks",
        ),
        (f"voices:\n{AUNT}{AUNT}", 4, "voice 'mine/aunt' is there twice; first in row 3"),
        ("registry: 1\nregistry: 1\n", 2, "'registry' is given twice"),
        ("voices: [}\n", 2, "did not find|expected"),
        (f"voices:\n{AUNT.replace('tone', 'tome')}", 3, "no model 'tome@1'"),
        ("models:\n  - {id: tune@1, version: '1', languages: [en]}\n", 3, "model tune@1: no engine 'tune'"),
        (f"voices:\n{AUNT.replace('}', f', {STATE}, synthetic: true}}')}", 3, "it cannot be synthetic"),
    ],
)
def test_what_is_wrong_in_a_registry_is_told_with_file_and_row(book, text, row, said):
    head = "" if text.startswith("registry") else "registry: 1\n"
    path = write(user_registry(), head + text.replace("SHA", SHA))
    with pytest.raises(UsageError, match=said) as caught:
        catalogue_for(book)
    assert caught.value.where == f"{path}:{row}"


MARKS = st.sampled_from(
    list("{}[]:,-&*!|>'\"%@`#?\n\t ") + ["registry", "voices", "null", "1e400", "2026-13-45", "é"]
)


@given(st.one_of(st.text(max_size=80), st.lists(MARKS, max_size=40).map("".join)), st.integers(0, len(MODEL)))
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_registry_is_read_or_one_error_with_its_place(text, place):
    path = Path("r.yaml")
    for written in (text, MODEL[:place] + text + MODEL[place:]):
        try:
            parse_registry(written.encode("utf-8", "surrogatepass"), path)
        except UsageError as error:
            assert error.where.startswith("r.yaml") and "\n" not in error.message


@pytest.mark.parametrize(
    "text", ["&a [*a]", "registry: 1\nmodels: &a [*a]", "registry: &a {voices: *a}", "x: " + "[" * 5000]
)
def test_a_document_that_stands_inside_itself_is_one_error(text):
    with pytest.raises(UsageError):
        parse_registry(text.encode(), Path("r.yaml"))


def test_the_nearest_voice_of_a_namespace_is_named(book):
    write(user_registry(), MODEL)
    with pytest.raises(UsageError, match=r"no voice 'mine/ant'.*did you mean 'mine/aunt'\?"):
        catalogue_for(book).resolve_voice("mine/ant")


def test_files_beside_a_registry_are_found_from_anywhere(book, tmp_path, monkeypatch):
    weights = b"weights of this test"
    sealed = f"sha256: {hashlib.sha256(weights).hexdigest()}, bytes: {len(weights)}"
    (tmp_path / "config" / "w.bin").write_bytes(weights)
    write(
        user_registry(),
        "registry: 1\nmodels:\n  - id: tone@own\n    version: own\n    languages: [en]\n    files:\n"
        f"      - {{name: weights.bin, {sealed}, sources: [{{local: w.bin}}]}}\n"
        f"voices:\n  - {{id: mine/a, model: tone@own, language: en, embedding: {{file: w.bin, {sealed}}}}}\n",
    )
    monkeypatch.chdir(book)
    catalogue = catalogue_for(book)
    (file,) = catalogue.model("tone@own").forms[0].files
    assert file.sources == (LocalSource(str(tmp_path / "config" / "w.bin")),)
    store = WeightStore(catalogue=catalogue)
    assert store.ensure(catalogue.model("tone@own")).files["weights.bin"].read_bytes() == weights
    voice = catalogue.voice("mine/a")
    assert voice.state == "embedding"
    assert store.ensure_voice(voice).read_bytes() == weights


# 10,000 voices: what is done is counted, not timed.


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many registry files were parsed, and how many voices were made of what they say."""
    counts = {"parsed": 0, "made": 0}
    entry = files.VoiceEntry

    def parse(path: Path):
        counts["parsed"] += 1
        return read_registry_file(path)

    def make(**fields):
        counts["made"] += 1
        return entry(**fields)

    monkeypatch.setattr(index, "read_registry_file", parse)
    monkeypatch.setattr(files, "VoiceEntry", make)
    return counts


def test_ten_thousand_voices_are_parsed_once_and_again_only_when_the_file_changes(book, counted):
    path = write(user_registry(), many(10_000))
    for _ in range(3):
        assert catalogue_for(book).voice("crowd/v9999").language == "zh"
    assert counted == {"parsed": 1, "made": 3}
    write(path, many(10_001))
    assert catalogue_for(book).voice("crowd/v10000").language == "en-us"
    assert counted["parsed"] == 2


def test_a_list_of_ten_thousand_voices_makes_no_voice(book, counted):
    write(user_registry(), many(10_000))
    catalogue = catalogue_for(book)
    assert len(list_voices(catalogue, engine="tone")) == 10_004
    assert len(list_voices(catalogue, language="en", engine="tone", search="crowd")) == 1000
    assert [row.id for row in list_voices(catalogue, engine="tone", search="v77 tag0 crowd")] == [
        f"crowd/v{n}" for n in range(10_000) if n % 7 == 0 and "v77" in f"v{n}"
    ]
    assert counted["made"] == 0


def test_ten_thousand_voices_take_no_memory_until_one_speaks(book):
    write(user_registry(), many(10_000))
    catalogue_for(book)
    gc.collect()
    tracemalloc.start()
    try:
        catalogue = catalogue_for(book)
        catalogue.resolve_voice("crowd/v5000")
        held, _ = tracemalloc.get_traced_memory()
        before = held
        voices = [catalogue.resolve_voice(f"crowd/v{n}") for n in range(100)]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert before < 200_000
    assert (held - before) / len(voices) < 4000


def test_an_index_that_is_damaged_or_cannot_be_kept_costs_a_reading_and_nothing_else(book, tmp_path, counted):
    write(user_registry(), MODEL)
    catalogue_for(book)
    (kept,) = (tmp_path / "cache" / "registry").iterdir()
    kept.write_bytes(b"SQLite format 3\0 but no more")
    assert catalogue_for(book).voice("mine/aunt").name == "high"
    assert counted["parsed"] == 2
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder is needed")
    assert catalogue_for(book, cache=blocked).voice("mine/aunt").name == "high"


# Editing


HAND_WRITTEN = """# Voices of the family
registry: 1

models:   # none of these is large
  - id: tone@next   # the next one
    version: next
    languages: [en-us]
    parameters: {overtone_db: -6.0}

# and these speak
voices:
  # our aunt
  - {id: mine/aunt, model: tone@next, language: zh, speaker: high}
  # our uncle
  - id: mine/uncle
    model: tone@1
    language: zh
    tags:
      - old
      - |
        of two
        rows

# the end
"""
COUSIN = {"id": "mine/cousin", "model": "tone@1", "language": "en-us", "speaker": "low"}


def test_an_entry_is_added_behind_the_last_one_and_every_other_row_stays(tmp_path):
    path = write(tmp_path / "r.yaml", HAND_WRITTEN)
    add_entries(path, {"voices": [COUSIN]})
    text = path.read_text()
    added = [row for row in text.splitlines() if row not in HAND_WRITTEN.splitlines()]
    assert added == ["  - id: mine/cousin", "    language: en-us", "    speaker: low"]
    assert text.index("of two") < text.index("mine/cousin") < text.index("# the end")
    assert [form.id for form, _ in read_registry_file(path).voices] == [
        "mine/aunt",
        "mine/uncle",
        "mine/cousin",
    ]


@pytest.mark.parametrize("name", ["mine/aunt", "mine/uncle"])
def test_what_was_added_is_removed_again_and_the_file_is_as_before(tmp_path, name):
    path = write(tmp_path / "r.yaml", HAND_WRITTEN)
    add_entries(path, {"voices": [COUSIN]})
    remove_entry(path, "voices", "mine/cousin")
    assert path.read_text() == HAND_WRITTEN
    remove_entry(path, "voices", name)
    left = path.read_text()
    assert name not in left and "# our uncle" in left and "# the end" in left
    assert len(read_registry_file(path).voices) == 1


def test_rows_that_end_in_another_way_stay_so(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_bytes(HAND_WRITTEN.replace("\n", "\r\n").encode())
    before = path.read_bytes()
    add_entries(path, {"voices": [COUSIN]})
    assert path.read_bytes() != before
    remove_entry(path, "voices", "mine/cousin")
    assert path.read_bytes() == before


def test_a_file_is_made_for_the_first_entry_and_stays_sound_after_the_last(tmp_path):
    path = tmp_path / "new" / "r.yaml"
    add_entries(path, {"voices": [COUSIN]})
    assert isinstance(read_registry_file(path).voices[0][0], RegistryVoiceForm)
    remove_entry(path, "voices", "mine/cousin")
    assert read_registry_file(path).voices == ()


def test_an_id_that_is_there_or_a_layout_that_cannot_be_edited_changes_nothing(tmp_path):
    flow = "registry: 1\nvoices: [{id: mine/aunt, model: tone@1, language: zh, speaker: high}]\n"
    path = write(tmp_path / "r.yaml", flow)
    with pytest.raises(UsageError, match="change it by hand"):
        add_entries(path, {"voices": [COUSIN]})
    with pytest.raises(UsageError, match="voice 'mine/aunt' is there already"):
        add_entries(path, {"voices": [{**COUSIN, "id": "mine/aunt"}]})
    with pytest.raises(UsageError, match="no voice 'mine/ant'"):
        remove_entry(path, "voices", "mine/ant")
    assert path.read_text() == flow


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("registry: 2\n", "registry: must be 1, not 2"),
        (
            "registry: 1\nvoices:\n  - {id: a/b, model: tone@1, languge: en-us}\n",
            "unknown key 'voices.0.languge'; did you mean 'language'?",
        ),
        (
            "registry: 1\nvoices:\n  - {id: a/b, model: tone@1, language: en, consent: {fil: x}}\n",
            "unknown key 'voices.0.consent.fil'; did you mean 'file'?",
        ),
    ],
)
def test_a_slip_in_a_registry_file_is_told_with_what_it_should_be(tmp_path, text, said):
    path = tmp_path / "registry.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_registry_file(path)
    assert said in str(caught.value)


def test_indexes_of_registry_files_that_are_gone_are_removed(tmp_path):
    for name in ("a", "b", "c"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "fullcast.registry.yaml").write_text("registry: 1\n")
        index.RegistryIndex(folder / "fullcast.registry.yaml", tmp_path / "cache")
        if name != "b":
            (folder / "fullcast.registry.yaml").unlink()
    (tmp_path / "cache" / "registry" / "0000.sqlite").write_bytes(b"of another version")
    (tmp_path / "d.yaml").write_text("registry: 1\n")
    index.RegistryIndex(tmp_path / "d.yaml", tmp_path / "cache")
    assert len(list((tmp_path / "cache" / "registry").glob("*.sqlite"))) == 2
