"""The `kokoro` engine: real speech from Kokoro-82M by our own inference code, on a CPU or a CUDA device."""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pipeline.audio import Audio, Samples
from pipeline.direction import Realisation
from pipeline.engines.base import Engine, LoadRequest, Speech, Utterance
from pipeline.engines.kokoro.checkpoint import load_weights
from pipeline.engines.kokoro.fused import fused_snake
from pipeline.engines.kokoro.g2p import Phonemizer
from pipeline.engines.kokoro.layers import Lengths
from pipeline.engines.kokoro.model import KokoroModel, rounded_products
from pipeline.engines.kokoro.passages import EDGE, Passage, is_sounded, join, part
from pipeline.engines.kokoro.products import fast_products
from pipeline.engines.kokoro.prosody import Delivery, deliver, melody, timed, tinted
from pipeline.engines.kokoro.recorded import Recorder
from pipeline.engines.kokoro.source import SAMPLE_RATE, SAMPLES_PER_FRAME
from pipeline.engines.kokoro.timing import phoneme_times
from pipeline.engines.kokoro.voices import VoiceTables
from pipeline.errors import EngineError, LineError

logger = logging.getLogger(__name__)

SILENCE_S = 0.2
# Gain must not push a peak over full scale.
PEAK_LIMIT = 0.98
SEED_STEP = 1_000_003
SEEDS = 2**63
PRECISIONS = ("auto", "float32", "tensorfloat32", "bfloat16")
# Tokens (padding counted) in one pass of a GPU at most, 256 lines of 80; fewer where memory is short.
GPU_TOKENS = 20_480
# Less than half of the budget, so that the next model can be loaded while this one speaks.
GPU_SHARE = 0.4
# Measured on an H100: 1.33 MB a token above the weights, 32 to 256 lines in float32.
GPU_BYTES_PER_TOKEN = 3 << 19
# Measured on a CPU: 1.3 GB above the loaded model at the peak of one line of 469 tokens (33 s), float32.
BYTES_PER_TOKEN = 3 << 20
LONGEST_TOKENS = 512


@dataclass(frozen=True)
class Piece:
    """One passage of one utterance, all that the network needs to speak it."""

    passage: Passage
    style: Tensor  # (256,)
    delivery: Delivery
    seed: int


@dataclass(frozen=True)
class Spoken:
    """What the network made of one piece: frames of each token, and sound."""

    frames: list[int]
    sound: Samples


@dataclass(frozen=True)
class _Plan:
    """An utterance on its way: pieces to speak, and what is known of the result before."""

    pieces: tuple[Piece, ...]
    delivery: Delivery
    phonemes: str
    realisation: Realisation
    warnings: tuple[str, ...]


class KokoroEngine:
    """Speaks utterances with one loaded Kokoro model. One a process is enough; not for several threads."""

    def __init__(self) -> None:
        self._model: KokoroModel | None = None
        self._device = torch.device("cpu")
        self._voices = VoiceTables()
        self._phonemizer = Phonemizer()
        self._recorder: Recorder | None = None
        # 0: one line at a time, which is fastest on a CPU (activations of a batch leave its cache).
        self._tokens_at_once = 0

    def load(self, request: LoadRequest) -> None:
        """Makes the model ready; converts the weights once into `request.scratch`.

        `request.parameters` may hold `tokens_at_once`: tokens of one pass, padding counted; `precision`:
        see `chosen_precision`; `graphs`: whether a GPU replays recorded passes; `fused`: whether it runs
        kernels that are compiled here.

        Raises:
            EngineError: damaged or wrong weights, no such device, not enough memory, no such precision.
        """
        device = _device(request.device)
        precision = chosen_precision(device, str(request.parameters.get("precision", "auto")))
        batches = int(request.parameters.get("tokens_at_once", 0)) > 0
        if batches and device.type == "cpu":
            # Rounding to bfloat16 would tell a batch from a line alone: 37 dB.
            precision = "float32"
        graphs = bool(request.parameters.get("graphs", False))
        if graphs and device.type != "cuda":
            raise EngineError(f"no graphs on '{device}'", hint="leave the parameter 'graphs' out")
        if device.type == "cpu":
            torch.set_num_threads(max(1, request.threads))
        weights = load_weights(request.files, request.scratch, request.digests)
        try:
            model = KokoroModel.from_weights(weights).to(device)
            prepare(model, device, precision)
            if device.type == "cuda" and request.parameters.get("fused", True):
                model.use_snake(fused_snake())
        except RuntimeError as error:
            raise EngineError(f"cannot load {request.model}: {_first_line(error)}") from error
        self._model, self._device = model, device
        self._recorder = Recorder(model) if graphs else None
        fitting = tokens_that_fit(device, request.memory_bytes)
        self._tokens_at_once = int(request.parameters.get("tokens_at_once", fitting))

    def synthesize(self, batch: Sequence[Utterance]) -> list[Speech | LineError]:
        """Speaks each utterance; a `LineError` stands in the place of one that cannot be spoken.

        Raises:
            EngineError: nothing is loaded, or the model can go on no more.
            MemoryError: the batch does not fit the device's memory.
        """
        plans = [self._planned(utterance) for utterance in batch]
        pieces = [piece for plan in plans if isinstance(plan, _Plan) for piece in plan.pieces]
        spoken = iter(self.spoken(pieces))
        results: list[Speech | LineError] = []
        for plan in plans:
            if isinstance(plan, LineError):
                results.append(plan)
            else:
                results.append(_finished(plan, [next(spoken) for _ in plan.pieces]))
        return results

    def prepare(self, batch: Sequence[Utterance]) -> None:
        """Finds the phonemes of utterances that will be asked for next; in another thread than speaks."""
        for utterance in batch:
            # What is wrong with one is said when it is spoken.
            with suppress(LineError, EngineError):
                self._phonemizer.phonemize(utterance.text, utterance.language, utterance.phonemes)

    def bytes_held(self) -> int:
        """Weights, voice tables and the working memory of one pass, in bytes; 0 when unloaded."""
        if self._model is None:
            return 0
        each = GPU_BYTES_PER_TOKEN if self._device.type == "cuda" else BYTES_PER_TOKEN
        working = max(self._tokens_at_once, LONGEST_TOKENS) * each
        return self._model.bytes_held() + self._voices.bytes_held() + working

    def unload(self) -> None:
        """Gives all memory back. May be called twice."""
        self._model = self._recorder = None
        self._voices = VoiceTables()
        self._phonemizer = Phonemizer()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def pieces_of(self, utterance: Utterance) -> tuple[Piece, ...]:
        """What the network has to speak for an utterance; none if it is punctuation only.

        Raises:
            LineError: it cannot be spoken.
        """
        return self._plan(utterance).pieces

    def _planned(self, utterance: Utterance) -> _Plan | LineError:
        try:
            return self._plan(utterance)
        except LineError as error:
            return error

    def _plan(self, utterance: Utterance) -> _Plan:
        said = self._phonemizer.phonemize(utterance.text, utterance.language, utterance.phonemes)
        delivery, realisation, warnings = deliver(utterance.direction)
        passages = part(said.phonemes) if is_sounded(said.phonemes) else ()
        pieces = tuple(
            Piece(
                passage,
                tinted(self._voices.row(utterance.voice, len(passage.phonemes)), delivery),
                delivery,
                (utterance.seed + number * SEED_STEP) % SEEDS,
            )
            for number, passage in enumerate(passages)
        )
        return _Plan(pieces, delivery, said.phonemes, realisation, (*said.warnings, *warnings))

    def spoken(self, pieces: Sequence[Piece]) -> list[Spoken]:
        """What the network makes of each piece, in order, in passes of at most `tokens_at_once` tokens.

        Raises:
            EngineError: nothing is loaded, or the model can go on no more.
            MemoryError: a single piece does not fit the device's memory.
        """
        if self._model is None:
            raise EngineError("kokoro is not loaded")
        results: dict[int, Spoken] = {}
        for numbers in _passes(pieces, self._tokens_at_once):
            chosen = [pieces[number] for number in numbers]
            results.update(zip(numbers, self._halving(self._model, chosen), strict=True))
        return [results[number] for number in range(len(pieces))]

    def _halving(self, model: KokoroModel, pieces: Sequence[Piece]) -> list[Spoken]:
        """One pass, or two of half the size where memory runs out; later passes are as small at once."""
        try:
            with fast_products(), rounded_products(False):
                return speak(model, pieces, self._device, self._recorder)
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            if not _is_out_of_memory(error):
                raise EngineError(f"kokoro stopped: {_first_line(error)}") from error
            reason = _first_line(error)
        # Outside of `except`: the traceback holds the tensors of the pass that failed.
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if len(pieces) == 1:
            raise MemoryError(f"kokoro: {reason}")
        logger.warning("kokoro: no memory for %d lines at once, halving (%s)", len(pieces), reason)
        half = len(pieces) // 2
        self._tokens_at_once = half * max(len(piece.passage.phonemes) + 2 for piece in pieces)
        return [*self._halving(model, pieces[:half]), *self._halving(model, pieces[half:])]


def create() -> Engine:
    """A `kokoro` engine with nothing loaded yet."""
    return KokoroEngine()


@torch.inference_mode()
def speak(
    model: KokoroModel, pieces: Sequence[Piece], device: torch.device, recorder: Recorder | None = None
) -> list[Spoken]:
    """The sound of each piece in one pass of the network; none depends on its neighbors."""
    ids = [piece.passage.ids for piece in pieces]
    tokens = Lengths([len(line) for line in ids], device)
    padded = torch.tensor([line + [EDGE] * (tokens.longest - len(line)) for line in ids], device=device)
    style = torch.stack([piece.style for piece in pieces]).to(device)  # (batch, 256)
    text = model.read(padded, tokens, style)
    predicted = text.durations.tolist()
    frames = [
        timed(predicted[line][: len(ids[line])], piece.passage.pauses, piece.delivery, piece.passage.phonemes)
        for line, piece in enumerate(pieces)
    ]
    contours = model.intone(text, frames, style)
    melodies = [melody(contours.f0[line], piece.delivery) for line, piece in enumerate(pieces)]
    contours = contours.with_f0(torch.stack(melodies))
    sound = (recorder or model).sound(contours, style, _noise(pieces, frames).to(device))
    sounds = sound.float().cpu().numpy()  # (batch, samples)
    return [Spoken(line, sounds[i, : sum(line) * SAMPLES_PER_FRAME]) for i, line in enumerate(frames)]


def prepare(model: KokoroModel, device: torch.device, precision: str) -> None:
    """Makes a loaded model fast for its device, in a precision of `chosen_precision`."""
    if device.type == "cpu":
        model.prepare_for_cpu(torch.bfloat16 if precision == "bfloat16" else torch.float32)
    elif precision == "bfloat16":
        # Durations and F0 stay in float32: rounded there, lengths would depend on the batch.
        model.decoder.to(torch.bfloat16)
        model.decoder.generator.m_source.float()
    elif precision == "tensorfloat32":
        model.decoder.rounds_products = True


def chosen_precision(device: torch.device, wanted: str) -> str:
    """In what the decoder computes: `float32`, `tensorfloat32` or `bfloat16`; `auto` chooses for the device.

    On a CPU that has it in hardware that is bfloat16 for the factors of products alone: activations and sums
    stay float32, which keeps 36 dB against float32, where another seed of the noise leaves 19. On a GPU it is
    tensorfloat32 where there is one: with its rounding emulated on a CPU a line alone and in a batch were the
    same to 62 and 64 dB, with a decoder all in bfloat16 to 22 to 30 dB only.

    Raises:
        EngineError: no such precision, or the device does not have it in hardware.
    """
    if wanted not in PRECISIONS:
        raise EngineError(f"kokoro has no precision '{wanted}'", hint=f"it has {', '.join(PRECISIONS)}")
    there = {"float32", *_native_precisions(device)}
    if wanted == "auto":
        best = "bfloat16" if device.type == "cpu" else "tensorfloat32"
        return best if best in there else "float32"
    if wanted not in there:
        raise EngineError(
            f"'{device}' does not compute in {wanted}", hint="leave the parameter 'precision' out"
        )
    return wanted


def _native_precisions(device: torch.device) -> list[str]:
    if device.type == "cuda":
        # Both came with compute capability 8.0. Source: CUDA C++ programming guide, table of features.
        return ["tensorfloat32", "bfloat16"] if torch.cuda.get_device_capability(device) >= (8, 0) else []
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return ["bfloat16"] if native else []


def tokens_that_fit(device: torch.device, budget_bytes: int = 0) -> int:
    """Tokens of one pass, padding counted, that a device has memory for; 0 (one line) on a CPU.

    Args:
        budget_bytes: what the worker's models may hold; 0 if nobody said.
    """
    if device.type == "cpu":
        return 0
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return tokens_within(free_bytes, budget_bytes)


def tokens_within(free_bytes: int, budget_bytes: int) -> int:
    """Tokens of one pass of a GPU with so much free memory, of which a budget may be a part.

    At least those of one line of any length.
    """
    room_bytes = min(free_bytes, budget_bytes or free_bytes)
    return max(LONGEST_TOKENS, min(GPU_TOKENS, int(room_bytes * GPU_SHARE) // GPU_BYTES_PER_TOKEN))


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _noise(pieces: Sequence[Piece], frames: list[list[int]]) -> Tensor:
    """Standard normal noise (batch, samples), each line from its own seed, so neighbors do not matter."""
    counts = [sum(line) * SAMPLES_PER_FRAME for line in frames]
    noise = torch.zeros(len(pieces), max(counts))
    for line, piece in enumerate(pieces):
        generator = torch.Generator().manual_seed(piece.seed)
        noise[line, : counts[line]] = torch.randn(counts[line], generator=generator)
    return noise


def _passes(pieces: Sequence[Piece], tokens: int) -> Iterator[list[int]]:
    """Numbers of the pieces that go through the network together; like lengths together, to pad little."""
    order = sorted(range(len(pieces)), key=lambda number: -len(pieces[number].passage.phonemes))
    group: list[int] = []
    for number in order:
        longest = len(pieces[(group or [number])[0]].passage.phonemes) + 2
        if group and (len(group) + 1) * longest > tokens:
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def _finished(plan: _Plan, spoken: Sequence[Spoken]) -> Speech:
    """The utterance's speech from its pieces; silence if there was nothing to say."""
    if not spoken:
        silence = np.zeros(round(SILENCE_S * SAMPLE_RATE), dtype=np.float32)
        warnings = (*plan.warnings, "nothing to say: silence")
        return Speech(Audio.mono(silence, SAMPLE_RATE), plan.phonemes, Realisation(), warnings)
    passages = [piece.passage for piece in plan.pieces]
    frames = [one.frames for one in spoken]
    sound = join(passages, frames, [one.sound for one in spoken])
    gain_db = _room_for(sound, plan.delivery.gain_db)
    realisation = plan.realisation
    if gain_db != plan.delivery.gain_db:
        values = dict(realisation.parameters) | {"gain_db": round(gain_db, 3)}
        realisation = replace(realisation, parameters=tuple(sorted(values.items())))
    factor = np.float32(10 ** (gain_db / 20))
    audio = Audio.mono(sound * factor, SAMPLE_RATE)
    return Speech(audio, plan.phonemes, realisation, plan.warnings, phoneme_times(passages, frames))


def _room_for(sound: Samples, gain_db: float) -> float:
    """The gain, or as much of a raise as keeps the peak under full scale."""
    peak = float(np.abs(sound).max())
    if gain_db <= 0 or peak == 0:
        return gain_db
    return max(0.0, min(gain_db, 20 * math.log10(PEAK_LIMIT / peak)))


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EngineError(f"no device '{name}'", hint="say cpu, cuda or cuda:0") from error
    if device.type not in ("cpu", "cuda"):
        raise EngineError(f"kokoro does not run on '{name}'", hint="say cpu, cuda or cuda:0")
    if device.type == "cuda" and not (device.index or 0) < torch.cuda.device_count():
        raise EngineError(f"there is no device '{name}' here", hint="say cpu, or check the driver")
    return device


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
