"""The `emotivoice` engine: the user's EmotiVoice weights under our own inference code, on a CPU or a GPU."""

from __future__ import annotations

import gc
import logging
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.audio import Audio, Samples
from pipeline.direction import Realisation
from pipeline.engines.base import Engine, LoadRequest, Speech, Utterance
from pipeline.engines.emotivoice.acoustic import Reading
from pipeline.engines.emotivoice.checkout import Checkout
from pipeline.engines.emotivoice.feeling import NEUTRAL_PROMPT, deliver
from pipeline.engines.emotivoice.front import FrontEnd
from pipeline.engines.emotivoice.layers import inside_of
from pipeline.engines.emotivoice.loading import Network, load_network
from pipeline.engines.emotivoice.moves import moved
from pipeline.engines.emotivoice.settings import read_settings
from pipeline.engines.emotivoice.vocoder import SAMPLE_RATE, SAMPLES_PER_FRAME
from pipeline.errors import EngineError, LineError, UsageError

logger = logging.getLogger(__name__)

SILENCE_S = 0.2
# Frames (of 16 ms, padding counted) in one pass of a GPU at most; fewer where memory is short.
GPU_FRAMES = 20_000
GPU_SHARE = 0.5
# The vocoder's widest stages hold 8,192 numbers a frame, some sixteen of them at once.
BYTES_PER_FRAME = 8_192 * 4 * 16
# The front end's own process: jieba's dictionary and the English lexicon (240 MB measured). What a line takes
# at the peak: 760 MB at 15 s, 560 MB at 30 s, where the allocator gives blocks back at once.
CHILD_BYTES = 250_000_000
LINE_BYTES = 760_000_000
PROMPTS_KEPT = 256


@dataclass(frozen=True)
class _Plan:
    """An utterance read and timed, and what is known of its speech already; no reading is silence."""

    reading: Reading | None
    phonemes: str
    realisation: Realisation
    warnings: tuple[str, ...]

    @property
    def frames(self) -> int:
        return int(self.reading.durations.sum()) if self.reading else 0


class EmotiVoiceEngine:
    """Speaks utterances with one loaded EmotiVoice model. One a process; not for several threads."""

    def __init__(self) -> None:
        self._network: Network | None = None
        self._front: FrontEnd | None = None
        self._device = torch.device("cpu")
        self._prompts: OrderedDict[str, Tensor] = OrderedDict()
        # 0: one line at a time, which is fastest on a CPU.
        self._frames_at_once = 0

    def load(self, request: LoadRequest) -> None:
        """Makes model and front end ready; converts the checkpoints once into `request.scratch`.

        Raises:
            MissingError: files of the checkout, or packages of its front end, are missing; all are named.
            EngineError: damaged or wrong weights, no such device, not enough memory.
        """
        self.unload()
        try:
            settings = read_settings(request.parameters)
        except UsageError as error:
            raise EngineError(error.message, request.model, error.hint) from error
        checkout = Checkout.of(settings)
        checkout.demand()
        device = _device(request.device)
        if device.type == "cpu":
            torch.set_num_threads(max(1, request.threads))
        self._network = load_network(checkout, request.scratch, device, request.parts)
        self._device = device
        chosen = settings.frames_at_once
        self._frames_at_once = frames_that_fit(device) if chosen is None else chosen
        self._front = FrontEnd(checkout, settings.python, request.scratch / "emotivoice-front")
        try:
            self._front.start()
        except Exception:
            self.unload()
            raise

    def synthesize(self, batch: Sequence[Utterance]) -> list[Speech | LineError]:
        """Speaks each utterance; a `LineError` stands in the place of one that cannot be spoken.

        Nothing in the model is random: equal utterances sound alike, whatever their seeds.

        Raises:
            EngineError: nothing is loaded, or the model can go on no more.
            MemoryError: the batch does not fit the device's memory.
        """
        if self._network is None or self._front is None:
            raise EngineError("emotivoice is not loaded")
        network, front = self._network, self._front
        plans = [self._planned(network, front, utterance) for utterance in batch]
        readings = [plan.reading for plan in plans if isinstance(plan, _Plan) and plan.reading]
        sounds = iter(self._spoken(network, readings))
        results: list[Speech | LineError] = []
        for plan in plans:
            if isinstance(plan, LineError):
                results.append(plan)
            else:
                results.append(_finished(plan, next(sounds) if plan.reading else None))
        return results

    def bytes_held(self) -> int:
        """Weights, the front end's process and the working memory of one pass; 0 when unloaded."""
        if self._network is None:
            return 0
        working = max(LINE_BYTES, self._frames_at_once * BYTES_PER_FRAME)
        return self._network.bytes_held() + CHILD_BYTES + working

    def unload(self) -> None:
        """Ends the front end and gives all memory back. May be called twice."""
        front, self._front, self._network = self._front, None, None
        self._prompts.clear()
        if front is not None:
            front.close()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _planned(self, network: Network, front: FrontEnd, utterance: Utterance) -> _Plan | LineError:
        """The utterance read by the model, alone: what stands beside it cannot change a duration."""
        try:
            said = front.pronounce(utterance.text)
            ids = network.ids(said.tokens)
            voice = network.voice(utterance.voice)
            delivery, realisation, warnings = deliver(utterance.direction)
            warnings = (*said.warnings, *warnings)
            if not said.is_sounded:
                silent = (*warnings, "nothing to say: silence")
                return _Plan(None, " ".join(said.tokens), Realisation(), silent)
            style = self._style(network, delivery.prompts)
            with torch.inference_mode():
                content = network.embed(utterance.text)
                reading = moved(network.acoustic.read(ids, voice, style, content), delivery)
        except LineError as error:
            return error
        except RuntimeError as error:
            raise _stopped(error) from error
        return _Plan(reading, " ".join(said.tokens), realisation, warnings)

    def _style(self, network: Network, prompts: tuple[tuple[str, float], ...]) -> Tensor:
        """The vector of a style: from neutral, as far towards each prompt as its share says."""
        neutral = self._prompt(network, NEUTRAL_PROMPT)
        moves = [(self._prompt(network, text) - neutral) * share for text, share in prompts]
        return neutral + torch.stack(moves).sum(dim=0) if moves else neutral

    def _prompt(self, network: Network, text: str) -> Tensor:
        """The vector of a prompt; the 256 used last are kept (3 KB each)."""
        if text not in self._prompts:
            with torch.inference_mode():
                self._prompts[text] = network.embed(text)
            if len(self._prompts) > PROMPTS_KEPT:
                self._prompts.popitem(last=False)
        self._prompts.move_to_end(text)
        return self._prompts[text]

    def _spoken(self, network: Network, readings: Sequence[Reading]) -> list[Samples]:
        """The sound of each reading, in order, in passes of at most `frames_at_once` frames."""
        results: dict[int, Samples] = {}
        for numbers in _passes([int(each.durations.sum()) for each in readings], self._frames_at_once):
            chosen = [readings[number] for number in numbers]
            results.update(zip(numbers, self._halving(network, chosen), strict=True))
        return [results[number] for number in range(len(readings))]

    def _halving(self, network: Network, readings: Sequence[Reading]) -> list[Samples]:
        """One pass, or two of half the size where memory runs out; later passes are as small at once."""
        try:
            return sound(network, readings)
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            if not _is_out_of_memory(error):
                raise _stopped(error) from error
            reason = _first_line(error)
        # Outside of `except`: the traceback holds the tensors of the pass that failed.
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if len(readings) == 1:
            raise MemoryError(f"emotivoice: {reason}")
        logger.warning("emotivoice: no memory for %d lines at once, halving (%s)", len(readings), reason)
        half = len(readings) // 2
        self._frames_at_once = half * max(int(each.durations.sum()) for each in readings)
        return [*self._halving(network, readings[:half]), *self._halving(network, readings[half:])]


def create() -> Engine:
    """An `emotivoice` engine with nothing loaded yet."""
    return EmotiVoiceEngine()


@torch.inference_mode()
def sound(network: Network, readings: Sequence[Reading]) -> list[Samples]:
    """The sound of each reading in one pass of decoder and vocoder; none depends on its neighbors."""
    spread = [network.acoustic.spread(reading) for reading in readings]  # (frames, width) each
    lengths = [len(frames) for frames in spread]
    padded = torch.nn.utils.rnn.pad_sequence(spread, batch_first=True)
    mel = network.acoustic.draw(padded, inside_of(lengths, padded.device))  # (batch, frames, 80)
    waves = network.vocoder(mel.transpose(1, 2), lengths).cpu().numpy()  # (batch, samples)
    return [waves[line, : length * SAMPLES_PER_FRAME] for line, length in enumerate(lengths)]


def frames_that_fit(device: torch.device) -> int:
    """Frames of one pass, padding counted, that a device has memory for; 0 (one line) on a CPU."""
    if device.type == "cpu":
        return 0
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return min(GPU_FRAMES, int(free_bytes * GPU_SHARE) // BYTES_PER_FRAME)


def _passes(lengths: Sequence[int], frames: int) -> Iterator[list[int]]:
    """Numbers of the lines that sound together; like lengths together, to pad little."""
    group: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        longest = lengths[(group or [number])[0]]
        if group and (len(group) + 1) * longest > frames:
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def _finished(plan: _Plan, samples: Samples | None) -> Speech:
    """The utterance's speech; silence if there was nothing to say."""
    if samples is None:
        samples = np.zeros(round(SILENCE_S * SAMPLE_RATE), dtype=np.float32)
    return Speech(Audio.mono(samples, SAMPLE_RATE), plan.phonemes, plan.realisation, plan.warnings)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EngineError(f"no device '{name}'", hint="say cpu, cuda or cuda:0") from error
    if device.type not in ("cpu", "cuda"):
        raise EngineError(f"emotivoice does not run on '{name}'", hint="say cpu, cuda or cuda:0")
    if device.type == "cuda" and not (device.index or 0) < torch.cuda.device_count():
        raise EngineError(f"there is no device '{name}' here", hint="say cpu, or check the driver")
    return device


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _stopped(error: RuntimeError) -> EngineError | MemoryError:
    if _is_out_of_memory(error):
        return MemoryError(f"emotivoice: {_first_line(error)}")
    return EngineError(f"emotivoice stopped: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
