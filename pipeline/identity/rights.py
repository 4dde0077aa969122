"""By what right each voice of a book is used: voices made from a person's recording need their consent."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from pipeline.engines.catalogue import Catalogue
from pipeline.engines.entries import VoiceEntry
from pipeline.errors import PolicyError, UsageError
from pipeline.identity.consent import DEFAULT_USE, HINT, Consent, Use, read_consent


def needs_consent(voice: VoiceEntry) -> bool:
    """Whether somebody was recorded for this voice: from reference audio, or an embedding of one's own.

    Voices that come with their engine or from a publisher's source were licensed with the model.
    """
    return voice.state == "reference" or (voice.state == "embedding" and not voice.synthetic)


def demand_rights(
    voices: Iterable[VoiceEntry],
    catalogue: Catalogue,
    today: datetime.date,
    book: str | None = None,
    use: Use = DEFAULT_USE,
) -> dict[str, Consent]:
    """The consent of each voice that needs one, by the voice's ID.

    Args:
        book: slug of the book that is to be rendered; None where no book is meant yet.
    Raises:
        PolicyError: a voice has no consent, or one that does not allow it, or the model may not clone.
        UsageError: a record is not of its form, or the model cannot clone.
    """
    found: dict[str, Consent] = {}
    for voice in voices:
        if voice.state == "reference":
            _demand_cloning(voice, catalogue)
        if needs_consent(voice):
            found[voice.id] = _consent(voice, today, use, book)
    return found


def _demand_cloning(voice: VoiceEntry, catalogue: Catalogue) -> None:
    model = catalogue.model(voice.model)
    if model.allows.cloning is False:
        message = f"voice {voice.id}: the licence of model {model.id} does not allow cloning"
        raise PolicyError(message, where=voice.origin, hint="choose another model")
    if not catalogue.capabilities(model.id).clones:
        raise UsageError(
            f"voice {voice.id}: model {model.id} cannot speak like reference audio",
            where=voice.origin,
            hint="give it an embedding, or choose a model that clones",
        )


def _consent(voice: VoiceEntry, today: datetime.date, use: Use, book: str | None) -> Consent:
    if voice.consent is None or voice.file is None:
        raise PolicyError(
            f"voice {voice.id} was made from a recording and has no consent record",
            where=voice.origin,
            hint=f"fullcast voices add ... --consent FILE; {HINT}",
        )
    consent = read_consent(voice.consent.path)
    if consent.sha256 != voice.consent.sha256:
        raise PolicyError(
            f"the consent record of voice {voice.id} has SHA-256 {consent.sha256},"
            f" it had {voice.consent.sha256} when the voice was added",
            where=str(voice.consent.path),
            hint="remove the voice and add it again with the new record",
        )
    reason = consent.refusal(voice.file.sha256, today, use, book)
    if reason is not None:
        message = f"no consent to use voice {voice.id}: {reason}"
        raise PolicyError(message, where=str(voice.consent.path), hint=HINT)
    return consent
