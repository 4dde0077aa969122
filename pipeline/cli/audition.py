"""`fullcast audition TEXT`: the same sentence in several voices, to choose by ear."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from pathlib import Path

import click

from pipeline.audio import Audio
from pipeline.direction import LABEL_POINTS, Direction, Emotion
from pipeline.engines.base import LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.catalogue import Catalogue, ResolvedVoice, create_engine
from pipeline.errors import LineError, UsageError, did_you_mean
from pipeline.identity.rights import demand_rights
from pipeline.registry.opening import catalogue_for
from pipeline.registry.weights import WeightStore
from pipeline.text.normalize import is_silent, speak
from pipeline.text.utterances import split_utterances


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
    for model in dict.fromkeys(voice.model for voice in resolved):
        mine = [voice for voice in resolved if voice.model == model]
        _speak(text, mine, direction, language, catalogue, weights, output)


def _speak(
    text: str, voices: list[ResolvedVoice], direction: Direction, language: str | None,
    catalogue: Catalogue, weights: WeightStore, output: Path,
) -> None:  # fmt: skip
    from pipeline.registry.progress import progress_for
    from pipeline.render.join import join_utterances
    from pipeline.render.machine import divide

    progress = progress_for(sys.stderr)
    model = weights.ensure(catalogue.model(voices[0].model), progress)
    states = weights.ensure_voices([entry for voice in voices for entry, _ in voice.parts], progress)
    division = divide(1, "auto", None)
    engine = create_engine(voices[0].engine)
    engine.load(
        LoadRequest(
            model.model.id, model.files, division.device, division.threads, weights.cache / "converted",
            model.model.parameters,
        )
    )  # fmt: skip
    limit = catalogue.engine(voices[0].engine).capabilities.max_characters
    try:
        for voice in voices:
            spoken_language = language or voice.language
            spoken = speak(text, spoken_language)
            if rule := is_silent(spoken):
                raise UsageError(f"'{text}' has nothing to say ({rule})")
            pieces = split_utterances(spoken, spoken_language, limit)
            parts = tuple(VoicePart(entry.name, share, states.get(entry.id)) for entry, share in voice.parts)
            batch = [
                Utterance(piece, spoken_language, parts, direction, seed=number, phonemes=spoken.phonemes)
                for number, piece in enumerate(pieces)
            ]
            answers = engine.synthesize(batch)
            for answer in answers:
                if isinstance(answer, LineError):
                    raise answer
            speeches = [answer for answer in answers if isinstance(answer, Speech)]
            audio = join_utterances(pieces, [speech.audio for speech in speeches])
            _write(output / f"{_slug(voice.written)}.wav", audio)
    finally:
        engine.unload()


def _write(path: Path, audio: Audio) -> None:
    import soundfile

    from pipeline.files import atomic_path

    with atomic_path(path) as temporary:
        soundfile.write(temporary, audio.samples, audio.sample_rate, subtype="PCM_16")
    click.echo(f"{path}  {audio.duration_s:.2f} s")


def _slug(written: str) -> str:
    return re.sub(r"[^\w.-]+", "-", written).strip("-")
