"""`fullcast voices match REFERENCE`: which voices there are sound most like a recording."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.errors import MissingError, UsageError

if TYPE_CHECKING:
    from pipeline.engines.catalogue import ResolvedVoice
    from pipeline.identity.reference import ReferenceFacts

DEFAULT_ENGINE = "kokoro"


@click.command("match")
@click.argument("reference", type=click.Path(path_type=Path))
@click.option("--language", help="Only voices of this language: en-us, zh ... (en is all English).")
@click.option("--gender", type=click.Choice(["female", "male"]), help="Only these.")
@click.option(
    "--engine",
    "engines",
    multiple=True,
    default=(DEFAULT_ENGINE,),
    show_default=True,
    help="Only voices of this engine; give it repeatedly for several.",
)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="How many to show.")
@click.option("--ephemeral", is_flag=True, help="Keep nothing of what is found in the recording.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def match(
    reference: Path, language: str | None, gender: str | None, engines: tuple[str, ...], top: int,
    ephemeral: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show the voices that sound most like REFERENCE, a recording of one person, 3 to 10 seconds or more.

    Each voice keeps sounding like itself: a match imitates nobody. The first time every voice has to speak
    two sentences to be compared; that takes some seconds a voice and is remembered.
    """
    from pipeline.identity.encoder import similarity
    from pipeline.identity.prints import print_key
    from pipeline.identity.reference_cache import known_reference
    from pipeline.registry.progress import progress_for
    from pipeline.registry.weights import WeightStore
    from pipeline.render.voice_prints import Listener

    voices = _voices(engines, language, gender)
    listener = Listener(WeightStore(), progress_for(sys.stderr))
    facts = known_reference(reference, listener.encoder, ephemeral)
    for note in facts.notes():
        click.echo(f"{reference}: {note}", err=True)
    found = listener.prints(voices, _catalogue(), _announce)
    for written, reason in found.unheard.items():
        click.echo(f"{written}: could not be heard: {reason}", err=True)
    if not found.heard:
        raise MissingError("none of the voices could be heard")
    heard = [(voice, found.heard[print_key(voice)]) for voice in voices if print_key(voice) in found.heard]
    rows = [_row(voice, similarity(facts.embedding, one)) for voice, one in heard]
    rows.sort(key=lambda row: (-row["similarity"], row["voice"]))
    rows = rows[:top]
    if as_json:
        click.echo(json.dumps({"reference": _described(facts), "voices": rows}, ensure_ascii=False, indent=1))
        return
    _print(rows, facts, len(heard))


def _catalogue() -> Any:
    from pipeline.engines.catalogue import load_catalogue

    return load_catalogue()


def _voices(engines: tuple[str, ...], language: str | None, gender: str | None) -> list[ResolvedVoice]:
    """The built-in voices that are asked for; voices made of somebody's recording are none of them."""
    from pipeline.registry.voices import list_voices

    catalogue = _catalogue()
    rows = [row for engine in engines for row in list_voices(catalogue, language, engine, gender)]
    if not rows:
        raise UsageError("no voice is of that language and gender", hint="see fullcast voices")
    return [catalogue.resolve_voice(row.id) for row in rows]


def _announce(voice: ResolvedVoice, number: int, total: int) -> None:
    click.echo(f"listening to {voice.written} ({number} of {total}) ...", err=True)


def _row(voice: ResolvedVoice, alike: float) -> dict[str, Any]:
    entry = voice.parts[0][0]
    return {
        "voice": voice.written,
        "similarity": round(alike, 3),
        "language": entry.language,
        "gender": entry.gender,
        "tags": list(entry.tags),
    }


def _described(facts: ReferenceFacts) -> dict[str, Any]:
    names = ("sha256", "duration_s", "speech_s", "peak_dbfs", "snr_db", "unity")
    return {"path": str(facts.path), **{name: getattr(facts, name) for name in names}}


def _print(rows: list[dict[str, Any]], facts: ReferenceFacts, compared: int) -> None:
    from pipeline.identity.alike import describe

    for row in rows:
        tags = ", ".join(row["tags"])
        kind = f"{row['language']:<8} {row['gender'] or '-':<8}"
        click.echo(f"{row['similarity']:.3f}  {row['voice']:<28} {kind} {tags}".rstrip())
    click.echo(f"{describe(rows[0]['similarity'])}; {compared} voices compared", err=True)
    click.echo(f"{facts.speech_s:.1f} s of speech, {facts.snr_db:.0f} dB above the noise", err=True)
