"""`fullcast audition TEXT`: the same sentence in several voices, to choose by ear."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from pathlib import Path

import click

from pipeline.audio import Audio
from pipeline.direction import LABEL_POINTS, Direction, Emotion
from pipeline.errors import UsageError, did_you_mean
from pipeline.identity.rights import demand_rights
from pipeline.registry.opening import catalogue_for
from pipeline.registry.progress import progress_for
from pipeline.registry.weights import WeightStore
from pipeline.render.sampling import Sampler


@click.command("audition")
@click.argument("text")
@click.option("--voice", "voices", multiple=True, required=True, help="A voice or blend; give it repeatedly.")
@click.option("--emotion", help="A label: sad, tender, furious ...")
@click.option("--language", help="Language of the text; the voice's own if left out.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("output/auditions"),
    show_default=True,
    help="Folder for the WAV files.",
)
def command(
    text: str, voices: tuple[str, ...], emotion: str | None, language: str | None, output: Path
) -> None:  # fmt: skip
    """Speak TEXT in each --voice and write one WAV file a voice."""
    if emotion is not None and emotion not in LABEL_POINTS:
        raise UsageError(f"no emotion '{emotion}'", hint=did_you_mean(emotion, LABEL_POINTS))
    catalogue = catalogue_for(Path.cwd())
    weights = WeightStore(catalogue=catalogue)
    resolved = [catalogue.resolve_voice(written) for written in voices]
    parts = [entry for voice in resolved for entry, _ in voice.parts]
    demand_rights(parts, catalogue, datetime.now().date())
    direction = Direction(emotion=Emotion.from_label(emotion)) if emotion else Direction()
    with Sampler(catalogue, weights, progress_for(sys.stderr)) as sampler:
        # One model after the other, in the order asked: only one is in memory at a time.
        for model in dict.fromkeys(voice.model for voice in resolved):
            for voice in (voice for voice in resolved if voice.model == model):
                audio = sampler.speak(text, voice, language, direction)
                _write(output / f"{_slug(voice.written)}.wav", audio)


def _write(path: Path, audio: Audio) -> None:
    import soundfile

    from pipeline.files import atomic_path

    with atomic_path(path) as temporary:
        soundfile.write(temporary, audio.samples, audio.sample_rate, subtype="PCM_16")
    click.echo(f"{path}  {audio.duration_s:.2f} s")


def _slug(written: str) -> str:
    return re.sub(r"[^\w.-]+", "-", written).strip("-")
