"""Whether a take sounds like the voice that it should be in. Pure but for the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.audio import Audio
from pipeline.identity.encoder import Embedding, SpeakerEncoder, mean_embedding, similarity
from pipeline.identity.voiced import LISTEN_HZ, listened, voiced

# Less speech than fills one of the encoder's windows says more of the words than of the voice: takes of a
# second were 0.55 to 0.88 like their own voice.
LEAST_SPEECH_S = 1.6
LONG_SPEECH_S = 3.0
# Measured with Kokoro, 8 voices in 5 emotions: 1.6 to 3 s of speech were 0.74 alike at least, more 0.88;
# another voice of the same gender is below 0.80 in 95 of 100 cases.
SHORT_ALIKE = 0.70
LONG_ALIKE = 0.80
# Of all these takes none was nearer to one of 48 other voices than to its own by more than 0.01.
NEARER = 0.05


@dataclass(frozen=True)
class Likeness:
    """How like its voice a take sounds.

    Attributes:
        speech_s: seconds of speech in it.
        own: likeness to its own voice, 0 to 1; None if there is too little speech to say.
        other, other_alike: the voice that it is most like of those that others in the book have.
        doubt: why it does not sound like its voice, in words; None if it does.
    """

    speech_s: float
    own: float | None = None
    other: str | None = None
    other_alike: float | None = None
    doubt: str | None = None


def likeness(
    audio: Audio, own: Embedding, others: Mapping[str, Embedding], encoder: SpeakerEncoder
) -> Likeness:
    """How like its voice a take sounds.

    Args:
        own: the print of the voice that it should be in.
        others: prints of the book's other voices, by their names.
    """
    speech = voiced(listened(audio))
    speech_s = round(speech.size / LISTEN_HZ, 2)
    if speech_s < LEAST_SPEECH_S:
        return Likeness(speech_s)
    heard = mean_embedding(encoder.windows(speech))
    alike = round(similarity(heard, own), 3)
    other = max(others, key=lambda name: similarity(heard, others[name]), default=None)
    other_alike = None if other is None else round(similarity(heard, others[other]), 3)
    return Likeness(speech_s, alike, other, other_alike, _doubt(speech_s, alike, other, other_alike))


def _doubt(speech_s: float, alike: float, other: str | None, other_alike: float | None) -> str | None:
    least = LONG_ALIKE if speech_s >= LONG_SPEECH_S else SHORT_ALIKE
    if other is not None and other_alike is not None and other_alike > alike + NEARER:
        return f"{alike:.2f} like its voice, {other_alike:.2f} like {other}"
    if alike < least:
        return f"{alike:.2f} like its voice, at least {least:.2f} is usual"
    return None
