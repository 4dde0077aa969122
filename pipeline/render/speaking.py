"""Utterances through an engine: a batch too big for it, or that trips it, is halved to find the culprit."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.engines.base import Engine, Speech, Utterance
from pipeline.errors import EngineError, FullcastError, LineError, MissingError, StoreError
from pipeline.render.memory import give_back_cached_memory, ran_out_of_memory

logger = logging.getLogger(__name__)

Answers = list[Speech | LineError]


def speak_all(
    engine: Engine, batch: Sequence[Utterance], at_once: int, ran_out: Callable[[int], None]
) -> Answers:
    """The engine's answer to each utterance; an error of its own for what it cannot say.

    Args:
        at_once: how many utterances the engine is given in one call.
        ran_out: told of each call whose utterances, so many, did not fit in memory.

    Raises:
        EngineError, StoreError: not one line's fault.
    """
    answers: Answers = []
    for start in range(0, len(batch), max(1, at_once)):
        answers += _speak(engine, batch[start : start + max(1, at_once)], ran_out)
    return answers


def _speak(engine: Engine, batch: Sequence[Utterance], ran_out: Callable[[int], None]) -> Answers:
    try:
        return _answers(engine, batch)
    except (EngineError, MissingError, StoreError):
        raise
    except Exception as error:  # an engine is foreign code: one line must not end the book
        is_short = ran_out_of_memory(error)
        if not is_short and len(batch) == 1:
            return [_line_error(batch[0], error)]
    # Here the exception is gone, and with it its hold on what the failed call had in memory.
    if is_short:
        gc.collect()
        give_back_cached_memory()
        ran_out(len(batch))
    if len(batch) == 1:
        return [_once_more(engine, batch[0])]
    half = len(batch) // 2
    return [*_speak(engine, batch[:half], ran_out), *_speak(engine, batch[half:], ran_out)]


def _once_more(engine: Engine, utterance: Utterance) -> Speech | LineError:
    """The answer to one utterance that ran out of memory, now that `ran_out` has made what room there is."""
    try:
        return _answers(engine, [utterance])[0]
    except (EngineError, MissingError, StoreError):
        raise
    except Exception as error:
        if ran_out_of_memory(error):
            return LineError("it does not fit in memory, even alone", hint="use fewer --workers")
        return _line_error(utterance, error)


def _line_error(utterance: Utterance, error: Exception) -> LineError:
    if isinstance(error, LineError):
        return error
    logger.warning("utterance %r failed", utterance.text, exc_info=error)
    reason = str(error) if isinstance(error, FullcastError) else f"{type(error).__name__}: {error}"
    return LineError(f"the engine failed on it: {reason}".splitlines()[0])


def _answers(engine: Engine, batch: Sequence[Utterance]) -> Answers:
    answers = engine.synthesize(batch)
    if len(answers) != len(batch):
        raise EngineError(f"engine gave {len(answers)} answers to {len(batch)} utterances")
    return [_checked(answer) for answer in answers]


def _checked(answer: Speech | LineError) -> Speech | LineError:
    """The answer, unless its sound is broken: empty or not finite numbers."""
    if isinstance(answer, LineError):
        return answer
    import numpy as np

    samples = answer.audio.samples
    if not samples.size:
        return LineError("the engine gave no sound")
    if not np.isfinite(samples).all():
        return LineError("the engine gave sound that is not finite (NaN or infinity)")
    return replace(answer, audio=answer.audio.to_mono())
