"""Registry files that ship with fullcast are of the form, whole, and can be added."""

from pathlib import Path

import pytest

from pipeline.cli.main import run
from pipeline.engines.catalogue import HubSource
from pipeline.registry.form import RegistryModelForm, RegistryVoiceForm
from pipeline.registry.opening import catalogue_for
from pipeline.registry.reading import parse_registry, read_registry_file

READY = sorted((Path(__file__).parents[2] / "manifests" / "registry").glob("*.yaml"))


def test_there_is_an_entry_for_a_cloning_engine_and_for_a_second_version():
    models = [form for path in READY for form, _ in read_registry_file(path).models]
    assert any(form.clones and form.allows.cloning and form.environment for form in models)
    assert "kokoro@1.1-zh" in {form.id for form in models}


@pytest.mark.parametrize("path", READY, ids=lambda path: path.name)
def test_a_ready_entry_says_that_it_was_not_run_and_is_added_with_pinned_sources(path, tmp_path, monkeypatch):
    monkeypatch.setenv("FULLCAST_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert "NOT RUN" in path.read_text()
    assert run(["models", "add", str(path)]) == 0
    catalogue = catalogue_for(tmp_path)
    for form, _ in read_registry_file(path).models:
        model = catalogue.model(form.id)
        files = [file for each in model.forms for file in each.files]
        assert files and model.licence
        for file in files:
            assert file.bytes and all(isinstance(each, HubSource) and each.revision for each in file.sources)
        assert run(["models", "remove", form.id]) == 0


def test_the_example_of_the_docs_is_a_registry_and_names_every_key():
    docs = Path(__file__).parents[2] / "docs" / "registry.md"
    text = docs.read_text(encoding="utf-8")
    example = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    document = parse_registry(example.encode(), docs)
    assert [form.id for form, _ in document.models] == ["kokoro@next"]
    assert {form.id for form, _ in document.voices} == {"mine/captain", "mine/anna"}
    keys = {*RegistryModelForm.model_fields, *RegistryVoiceForm.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in text and f"{key}:" not in text] == []


def test_every_command_on_models_and_voices_is_in_the_docs():
    from pipeline.cli.models import command as models
    from pipeline.cli.voices import command as voices

    docs = Path(__file__).parents[2] / "docs"
    text = "".join(page.read_text(encoding="utf-8") for page in docs.glob("*.md"))
    called = [f"fullcast {group.name} {name}" for group in (models, voices) for name in group.commands]
    assert [each for each in called if each not in text] == []
