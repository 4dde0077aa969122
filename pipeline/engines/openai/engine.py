"""Any speech server as an engine: utterances of a batch are asked for several at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

import numpy as np

from pipeline.audio import Audio
from pipeline.engines.base import Engine, LoadRequest, Speech, Utterance
from pipeline.engines.openai.finder import split_name
from pipeline.engines.openai.server import Ask, SpeechServer
from pipeline.engines.openai.settings import read_settings
from pipeline.engines.openai.wording import word
from pipeline.errors import EngineError, LineError, UsageError

# What a connection pool and the answers of a batch take (measured: 12 MB with four connections).
BYTES_HELD = 50_000_000
# The quickest speech is some 40 characters a second; what says more than this left something out.
FASTEST_CHARACTERS_PER_S = 100.0
SILENCE_PEAK = 1e-4  # -80 dBFS


def create() -> Engine:
    """An engine without a server."""
    return SpeechServerEngine()


class SpeechServerEngine:
    """Speaks through one model of one server. Owns its connections; keeps no sound."""

    def __init__(self) -> None:
        self._server: SpeechServer | None = None

    def load(self, request: LoadRequest) -> None:
        """Reads where the server is; it is first asked when there is something to say."""
        self.unload()
        try:
            settings = read_settings({**request.parameters, "environment": ""})
        except UsageError as error:
            raise EngineError(error.message, request.model, error.hint) from error
        self._server = SpeechServer(settings, request.scratch)

    def synthesize(self, batch: Sequence[Utterance]) -> list[Speech | LineError]:
        """Speech for each utterance, several requests at once.

        A server that goes away in the middle does not take with it what it has spoken: that is given, the
        rest are LineErrors, and the next call tells that it is gone.

        Raises:
            EngineError: the server is gone, or refuses everything.
        """
        server = self._server
        if server is None:
            raise EngineError("the openai engine is not loaded")
        server.pace.resume()
        with ThreadPoolExecutor(server.settings.concurrency, thread_name_prefix="speech") as threads:
            asked = [threads.submit(_speak, server, utterance) for utterance in batch]
            failure = _first_failure(server, asked)
        if failure is None:
            return [answer.result() for answer in asked]
        results = [_spoken_before(answer, failure) for answer in asked]
        if not isinstance(failure, EngineError) or not any(isinstance(each, Speech) for each in results):
            raise failure
        return results

    def bytes_held(self) -> int:
        """A round figure: the model itself is the server's."""
        return 0 if self._server is None else BYTES_HELD

    def unload(self) -> None:
        """Closes the connections."""
        server, self._server = self._server, None
        if server is not None:
            server.close()


def _first_failure(server: SpeechServer, asked: list[Future[Speech | LineError]]) -> BaseException | None:
    """Waits for all; the first error that ends the engine is the answer, and ends the waiting of the rest."""
    try:
        done, _ = wait(asked, return_when=FIRST_EXCEPTION)
    except BaseException:
        server.pace.stop()
        raise
    failed = [error for answer in asked if answer in done and (error := answer.exception())]
    if not failed:
        return None
    server.pace.stop()
    for answer in asked:
        answer.cancel()
    return failed[0]


def _spoken_before(answer: Future[Speech | LineError], failure: BaseException) -> Speech | LineError:
    """What was spoken before the failure; for the rest, the failure as an error of the line."""
    if answer.cancelled() or answer.exception() is not None:
        return LineError(str(failure))
    return answer.result()


def _speak(server: SpeechServer, utterance: Utterance) -> Speech | LineError:
    settings = server.settings
    if len(utterance.voice) > 1:
        return LineError("a speech server cannot blend voices", hint="name one voice")
    voice, _ = split_name(utterance.voice[0].name)
    wording = word(utterance.direction, settings.follows_instructions, settings.seed)
    warnings = list(wording.warnings)
    warnings += [f"a speech server follows no IPA: '{one}' is said its way" for one, _ in utterance.phonemes]
    ask = Ask(utterance.text, voice, wording.speed, wording.instructions, utterance.seed)
    try:
        audio = server.speak(ask)
    except LineError as error:
        return error
    fault = _fault(audio, utterance.text)
    if fault is not None:
        return fault
    return Speech(audio, realisation=wording.realisation, warnings=tuple(warnings))


def _fault(audio: Audio, text: str) -> LineError | None:
    """What makes sound that was read no speech of this text."""
    shortest_s = len(text) / FASTEST_CHARACTERS_PER_S
    if not audio.length_samples:
        return LineError("the server sent no sound")
    if audio.duration_s < shortest_s:
        return LineError(
            f"the server sent {audio.duration_s:.2f} s of sound for {len(text)} characters",
            hint="it left something out; shorten the line, or ask again",
        )
    if float(np.abs(audio.samples).max()) < SILENCE_PEAK:
        return LineError("the server sent silence")
    return None
