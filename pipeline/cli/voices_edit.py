"""`fullcast voices add` and `remove`: voices of one's own, as entries of a registry file."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.registry_file import chosen_registry, kept_sound, project_option
from pipeline.engines.catalogue import Catalogue
from pipeline.engines.entries import ConsentFile, VoiceEntry, WeightFile
from pipeline.errors import UsageError
from pipeline.registry.own import OwnVoice, voice_entry_of, voice_id

if TYPE_CHECKING:
    from pipeline.identity.reference import ReferenceFacts

file_type = click.Path(path_type=Path)


@click.command("add")
@click.argument("name")
@click.option("--model", required=True, help="The model that speaks it: kokoro@1.0.")
@click.option("--reference", type=file_type, help="A recording that the model is to speak like.")
@click.option("--embedding", type=file_type, help="The voice's state in the form of the model's engine.")
@click.option("--speaker", help="The engine's own name for the voice, if it has one.")
@click.option("--consent", type=file_type, help="The consent record of the person who was recorded.")
@click.option("--synthetic", is_flag=True, help="The embedding was made of nobody's voice.")
@click.option("--language", help="The voice's language; the model's own if it has just one.")
@click.option("--gender", type=click.Choice(["female", "male", "neutral"]))
@click.option("--tag", "tags", multiple=True, help="A word to find it by; give it repeatedly.")
@click.option("--ephemeral", is_flag=True, help="Keep nothing of what is found in the recording.")
@project_option
def add(name: str, project: bool, ephemeral: bool, **said: Any) -> None:
    """Add the voice NAME: `grandpa` is cast as `mine/grandpa`.

    A voice that was made from a recording needs a consent record (docs/identity.md).
    """
    from pipeline.identity.reference_cache import keep_reference
    from pipeline.identity.rights import demand_rights
    from pipeline.registry.editing import add_entries
    from pipeline.registry.opening import catalogue_for

    catalogue = catalogue_for(Path.cwd())
    own = OwnVoice(id=voice_id(name), **{**said, "language": _language(catalogue, said)})
    if not (own.reference or own.embedding or own.speaker):
        raise UsageError(f"voice {own.id} has no sound", hint="give --reference, --embedding or --speaker")
    _demand_size(own, catalogue)
    target = chosen_registry(project)
    entry = voice_entry_of(own, target.parent)
    # First by what right: without it nothing is found out about the person who was recorded.
    demand_rights([_voice(own, entry, catalogue)], catalogue, datetime.now().date())
    heard = None if own.reference is None else _usable(own.reference, ephemeral)
    with kept_sound(target):
        add_entries(target, {"voices": [entry]})
    if heard is not None and not ephemeral:
        keep_reference(heard)
    click.echo(f"{target}: added {own.id}; cast it as `Name: {own.id}`")


@click.command("remove")
@click.argument("name")
@project_option
def remove(name: str, project: bool) -> None:
    """Remove the voice NAME, and the cache's copy of its recording or embedding; your own file stays."""
    from pipeline.registry.editing import remove_entry
    from pipeline.registry.opening import catalogue_for
    from pipeline.registry.weights import WeightStore

    target, wanted = chosen_registry(project), voice_id(name)
    before = catalogue_for(Path.cwd()).additions.voice(wanted)
    remove_entry(target, "voices", wanted)
    after = catalogue_for(Path.cwd())
    kept = {voice.file.sha256 for voice in after.additions.voices() if voice.file is not None}
    if before is not None and before.file is not None and before.file.sha256 not in kept:
        WeightStore(catalogue=after).forget(before.file)
    click.echo(f"{target}: removed {wanted}")


def _language(catalogue: Catalogue, said: dict[str, Any]) -> str:
    if said["language"]:
        return str(said["language"]).lower()
    languages = catalogue.model(said["model"]).languages
    if len(languages) == 1 and languages[0] != "*":
        return languages[0]
    raise UsageError(f"model {said['model']} speaks several languages", hint="give --language")


def _demand_size(own: OwnVoice, catalogue: Catalogue) -> None:
    """Nothing, if an embedding is as large as the model's engine has them.

    Raises:
        UsageError: it is not, so that it is none.
    """
    wanted = catalogue.capabilities(own.model).embedding_bytes
    if own.embedding is None or not wanted or not own.embedding.is_file():
        return  # of a file that is not there the sealing says so
    found = own.embedding.stat().st_size
    if found != wanted:
        raise UsageError(
            f"no embedding of {own.model}: it has {found} bytes, must have {wanted}", where=str(own.embedding)
        )


def _usable(reference: Path, ephemeral: bool) -> ReferenceFacts:
    """What is in the recording, if a voice can be made from it: long enough, clean, one speaker."""
    from pipeline.identity.reference_cache import heard_reference
    from pipeline.registry.progress import progress_for
    from pipeline.registry.speaker_encoder import open_encoder
    from pipeline.registry.weights import WeightStore

    found = heard_reference(
        reference, lambda: open_encoder(WeightStore(), progress_for(sys.stderr)), ephemeral
    )
    for note in found.notes():
        click.echo(f"{reference}: {note}", err=True)
    return found


def _voice(own: OwnVoice, entry: dict[str, Any], catalogue: Catalogue) -> VoiceEntry:
    """The voice as the catalogue will have it."""
    state = "reference" if own.reference else "embedding" if own.embedding else "none"
    sealed = entry.get(state)
    path = own.reference or own.embedding
    consent = entry.get("consent")
    return VoiceEntry(
        id=own.id,
        engine=catalogue.model(own.model).engine,
        name=own.speaker or own.id.partition("/")[2],
        model=own.model,
        language=own.language,
        file=WeightFile(path.name, sealed["sha256"], sealed["bytes"]) if path and sealed else None,
        state=state,  # type: ignore[arg-type]
        synthetic=own.synthetic,
        consent=ConsentFile(own.consent, consent["sha256"]) if own.consent and consent else None,
    )
