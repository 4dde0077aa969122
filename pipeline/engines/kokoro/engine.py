"""The `kokoro` engine: real speech from Kokoro-82M by our own inference code, on a CPU or a CUDA device."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pipeline.audio import Audio, Samples
from pipeline.direction import Realisation
from pipeline.engines.base import Engine, LoadRequest, Speech, Utterance
from pipeline.engines.kokoro.checkpoint import load_weights
from pipeline.engines.kokoro.g2p import Phonemizer
from pipeline.engines.kokoro.layers import Lengths
from pipeline.engines.kokoro.model import KokoroModel
from pipeline.engines.kokoro.passages import EDGE, Passage, is_sounded, join, part
from pipeline.engines.kokoro.prosody import Delivery, deliver, melody, timed
from pipeline.engines.kokoro.source import SAMPLE_RATE, SAMPLES_PER_FRAME
from pipeline.engines.kokoro.voices import VoiceTables
from pipeline.errors import EngineError, LineError

SILENCE_S = 0.2
# Gain must not push a peak over full scale.
PEAK_LIMIT = 0.98
SEED_STEP = 1_000_003
SEEDS = 2**63
# Tokens (padding counted) in one pass of a GPU: about 12 GiB of working memory.
GPU_TOKENS = 4096
# Measured: 1.3 GB above the loaded model at the peak of one line of 469 tokens (33 s), float32.
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
        # 0: one line at a time, which is fastest on a CPU (activations of a batch leave its cache).
        self._tokens_at_once = 0

    def load(self, request: LoadRequest) -> None:
        """Makes the model ready; converts the weights once into `request.scratch`.

        `request.parameters` may hold `tokens_at_once`: tokens of one pass, padding counted.

        Raises:
            EngineError: damaged or wrong weights, no such device, not enough memory.
        """
        device = _device(request.device)
        if device.type == "cpu":
            torch.set_num_threads(max(1, request.threads))
        weights = load_weights(request.files, request.scratch)
        try:
            model = KokoroModel.from_weights(weights).to(device)
            if sound_dtype(device) is not torch.float32:
                # Durations and F0 stay in float32: rounded there, lengths would depend on the batch.
                model.decoder.to(sound_dtype(device))
                model.decoder.generator.m_source.float()
        except RuntimeError as error:
            raise EngineError(f"cannot load {request.model}: {_first_line(error)}") from error
        self._model, self._device = model, device
        default = 0 if device.type == "cpu" else GPU_TOKENS
        self._tokens_at_once = int(request.parameters.get("tokens_at_once", default))

    def synthesize(self, batch: Sequence[Utterance]) -> list[Speech | LineError]:
        """Speaks each utterance; a `LineError` stands in the place of one that cannot be spoken.

        Raises:
            EngineError: nothing is loaded, or the model can go on no more.
            MemoryError: the batch does not fit the device's memory.
        """
        plans = [self._planned(utterance) for utterance in batch]
        pieces = [piece for plan in plans if isinstance(plan, _Plan) for piece in plan.pieces]
        spoken = iter(self._spoken(pieces))
        results: list[Speech | LineError] = []
        for plan in plans:
            if isinstance(plan, LineError):
                results.append(plan)
            else:
                results.append(_finished(plan, [next(spoken) for _ in plan.pieces]))
        return results

    def bytes_held(self) -> int:
        """Weights, voice tables and the working memory of one pass, in bytes; 0 when unloaded."""
        if self._model is None:
            return 0
        weights = sum(tensor.nbytes for tensor in self._model.parameters())
        working = max(self._tokens_at_once, LONGEST_TOKENS) * BYTES_PER_TOKEN
        return weights + self._voices.bytes_held() + working

    def unload(self) -> None:
        """Gives all memory back. May be called twice."""
        self._model = None
        self._voices = VoiceTables()
        self._phonemizer = Phonemizer()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _planned(self, utterance: Utterance) -> _Plan | LineError:
        try:
            said = self._phonemizer.phonemize(utterance.text, utterance.language, utterance.phonemes)
            delivery, realisation, warnings = deliver(utterance.direction)
            passages = part(said.phonemes) if is_sounded(said.phonemes) else ()
            pieces = tuple(
                Piece(
                    passage,
                    self._voices.row(utterance.voice, len(passage.phonemes)),
                    delivery,
                    (utterance.seed + number * SEED_STEP) % SEEDS,
                )
                for number, passage in enumerate(passages)
            )
        except LineError as error:
            return error
        return _Plan(pieces, delivery, said.phonemes, realisation, (*said.warnings, *warnings))

    def _spoken(self, pieces: Sequence[Piece]) -> list[Spoken]:
        """What the network makes of each piece, in order, in passes of at most `_tokens_at_once` tokens."""
        if self._model is None:
            raise EngineError("kokoro is not loaded")
        results: dict[int, Spoken] = {}
        try:
            for numbers in _passes(pieces, self._tokens_at_once):
                chosen = [pieces[number] for number in numbers]
                results.update(zip(numbers, speak(self._model, chosen, self._device), strict=True))
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise MemoryError(f"kokoro: {_first_line(error)}") from error
        except RuntimeError as error:
            if "DefaultCPUAllocator" in str(error):
                raise MemoryError(f"kokoro: {_first_line(error)}") from error
            raise EngineError(f"kokoro stopped: {_first_line(error)}") from error
        return [results[number] for number in range(len(pieces))]


def create() -> Engine:
    """A `kokoro` engine with nothing loaded yet."""
    return KokoroEngine()


@torch.inference_mode()
def speak(model: KokoroModel, pieces: Sequence[Piece], device: torch.device) -> list[Spoken]:
    """The sound of each piece in one pass of the network; none depends on its neighbors."""
    ids = [piece.passage.ids for piece in pieces]
    tokens = Lengths([len(line) for line in ids], device)
    padded = torch.tensor([line + [EDGE] * (tokens.longest - len(line)) for line in ids], device=device)
    style = torch.stack([piece.style for piece in pieces]).to(device)  # (batch, 256)
    text = model.read(padded, tokens, style)
    predicted = text.durations.tolist()
    frames = [
        timed(predicted[line][: len(ids[line])], piece.passage.pauses, piece.delivery)
        for line, piece in enumerate(pieces)
    ]
    contours = model.intone(text, frames, style)
    melodies = [melody(contours.f0[line], piece.delivery) for line, piece in enumerate(pieces)]
    sound = model.sound(contours.with_f0(torch.stack(melodies)), style, _noise(pieces, frames).to(device))
    sounds = sound.float().cpu().numpy()  # (batch, samples)
    return [Spoken(line, sounds[i, : sum(line) * SAMPLES_PER_FRAME]) for i, line in enumerate(frames)]


def sound_dtype(device: torch.device) -> torch.dtype:
    """In what the decoder computes: bfloat16 where the processor has it in hardware, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return torch.bfloat16 if native else torch.float32


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
    sound = join(passages, [one.frames for one in spoken], [one.sound for one in spoken])
    gain_db = _room_for(sound, plan.delivery.gain_db)
    realisation = plan.realisation
    if gain_db != plan.delivery.gain_db:
        values = dict(realisation.parameters) | {"gain_db": round(gain_db, 3)}
        realisation = replace(realisation, parameters=tuple(sorted(values.items())))
    factor = np.float32(10 ** (gain_db / 20))
    return Speech(Audio.mono(sound * factor, SAMPLE_RATE), plan.phonemes, realisation, plan.warnings)


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
