"""From a cue's form to the cue."""

from __future__ import annotations

from pipeline.script.model import Sound
from pipeline.script.schema import SoundForm
from pipeline.script.source import Source


def sound_cue(form: SoundForm, source: Source, start: int, end: int) -> Sound:
    """The sound that a form asks for; its file lies beside the file that names it."""
    return Sound(
        file=source.path.parent / form.file,
        gain_db=form.gain,
        under=form.under,
        span=source.span(start, end),
        fade_in_s=form.fade_in,
        fade_out_s=form.fade_out,
        duck_db=form.duck,
    )
