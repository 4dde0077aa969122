"""How far voices are apart, and where the limits of pipeline/identity come from.

    python scripts/bench/identity.py FOLDER

speaks three sentences in each of Kokoro's 49 voices, and four in five emotions in eight of them, into FOLDER (what
is there is not spoken again), and writes scripts/bench/results/identity.json. About ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pipeline.audio import read_audio
from pipeline.direction import Direction, Emotion
from pipeline.engines.catalogue import load_catalogue
from pipeline.files import make_folder, write_json
from pipeline.identity.encoder import (
    HOP_SAMPLES,
    WINDOW_FRAMES,
    Embedding,
    SpeakerEncoder,
    mean_embedding,
    similarity,
)
from pipeline.identity.reference import (
    CLIPPED_SHARE,
    ONE_SPEAKER,
    SPREAD_STEP_FRAMES,
    clipped_share,
    speech_to_noise_db,
    unity_of,
)
from pipeline.identity.sentences import SENTENCES
from pipeline.identity.voiced import LISTEN_HZ, listened, voiced
from pipeline.registry.speaker_encoder import open_encoder
from pipeline.registry.weights import WeightStore
from pipeline.render.sampling import Sampler

RESULT = Path(__file__).parent / "results" / "identity.json"
THIRD = {
    "en": "Seven brown birds flew over the garden wall while the children were looking for their shoes.",
    "zh": "孩子们在找鞋的时候，七只褐色的鸟飞过了花园的墙。",
    "es": "Siete pájaros pardos volaron sobre el muro del jardín mientras los niños buscaban sus zapatos.",
    "fr": "Sept oiseaux bruns ont survolé le mur du jardin pendant que les enfants cherchaient leurs chaussures.",
    "it": "Sette uccelli marroni volarono sopra il muro del giardino mentre i bambini cercavano le scarpe.",
    "pt": "Sete pássaros castanhos voaram sobre o muro do jardim enquanto as crianças procuravam os sapatos.",
    "hi": "जब बच्चे अपने जूते ढूँढ रहे थे तब सात भूरे पक्षी बगीचे की दीवार के ऊपर से उड़ गए।",
}
MOODS = ("neutral", "furious", "sad", "joyful", "terrified")
ACTORS = ("af_heart", "af_bella", "am_michael", "am_fenrir", "bf_emma", "bm_george", "am_puck", "bm_fable")
MOODY = (
    "Who is there?",
    "I never asked you to come with me.",
    "Leave the lamp where it is, and close the door behind you when you go.",
    "Yes. Go on.",
)
PERCENTILES = (0, 1, 5, 50, 95, 99, 100)
PAIRS = 80
SEED = 0

Voices = Mapping[str, Sequence[np.ndarray]]


def speak_all(folder: Path) -> None:
    """Speaks what is not in the folder yet."""
    catalogue = load_catalogue()
    with Sampler(catalogue, WeightStore()) as sampler:
        for voice in catalogue.engine("kokoro").voices:
            language = voice.language.partition("-")[0]
            for number, text in enumerate((*SENTENCES[language], THIRD[language])):
                path = folder / f"{voice.name}-{number}.wav"
                if not path.exists():
                    _write(path, sampler.speak(text, catalogue.resolve_voice(voice.id)))
        for name, mood, (number, text) in itertools.product(ACTORS, MOODS, enumerate(MOODY)):
            path = folder / f"{name}-{mood}-{number}.wav"
            if not path.exists():
                direction = Direction(emotion=Emotion.from_label(mood))
                voice = catalogue.resolve_voice(f"kokoro/{name}")
                _write(path, sampler.speak(text, voice, direction=direction))


def _write(path: Path, audio: Any) -> None:
    soundfile.write(path, audio.samples, audio.sample_rate)
    print(path.name, flush=True)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Percentiles by their names."""
    found = np.percentile(values, PERCENTILES)
    return {
        "n": len(values),
        **{f"p{name}": round(float(one), 4) for name, one in zip(PERCENTILES, found, strict=True)},
    }


def voices_apart(encoder: SpeakerEncoder, speech: Voices) -> dict[str, Any]:
    """A voice with itself in other words, and voices with each other."""
    heard = {
        name: [mean_embedding(encoder.windows(one)) for one in all_of_it]
        for name, all_of_it in speech.items()
    }
    prints = {name: mean_embedding(np.stack(three[:2])) for name, three in heard.items()}
    alone = [similarity(a, b) for three in heard.values() for a, b in itertools.combinations(three, 2)]
    third = [similarity(prints[name], three[2]) for name, three in heard.items()]
    pairs = {(a, b): similarity(prints[a], prints[b]) for a, b in itertools.combinations(sorted(prints), 2)}
    same = {pair: one for pair, one in pairs.items() if pair[0][:2] == pair[1][:2]}
    most = sorted(pairs.items(), key=lambda item: -item[1])[:15]
    return {
        "one_voice_two_sentences": spread(alone),
        "print_and_a_third_sentence": spread(third),
        "two_voices": spread(list(pairs.values())),
        "two_voices_of_one_language_and_gender": spread(list(same.values())),
        "nearest_pairs": [[*pair, round(one, 3)] for pair, one in most],
        "pairs_above": {
            str(limit): sum(one >= limit for one in pairs.values()) for limit in (0.8, 0.85, 0.9, 0.95)
        },
    }


def two_speakers(encoder: SpeakerEncoder, speech: Voices) -> dict[str, Any]:
    """How alike the halves of recordings are, of one voice and of two: three seconds each."""
    draw = np.random.default_rng(SEED)

    def unity(sound: np.ndarray) -> float:
        full = 1 + (sound.size // HOP_SAMPLES - WINDOW_FRAMES) // SPREAD_STEP_FRAMES
        return unity_of(encoder.windows(sound, SPREAD_STEP_FRAMES)[:full])

    def joined(pairs: Sequence[tuple[str, str]]) -> list[float]:
        three_s = 3 * LISTEN_HZ
        return [unity(np.concatenate([speech[a][0][:three_s], speech[b][1][:three_s]])) for a, b in pairs]

    every = [pair for pair in itertools.combinations(sorted(speech), 2) if pair[0][0] == pair[1][0]]
    draw.shuffle(every)
    kinds = {
        "one_voice_one_sentence": [unity(one) for three in speech.values() for one in three],
        "one_voice_three_sentences": [unity(np.concatenate(three)) for three in speech.values()],
        "two_of_one_gender": joined([pair for pair in every if pair[0][1] == pair[1][1]][:PAIRS]),
        "woman_and_man": joined([pair for pair in every if pair[0][1] != pair[1][1]][:PAIRS]),
    }
    return {
        name: {**spread(values), "refused": round(float(np.mean(np.array(values) < ONE_SPEAKER)), 3)}
        for name, values in kinds.items()
    }


def noise_and_clipping(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """What is measured of noise and clipping that were put in."""
    draw = np.random.Generator(np.random.PCG64(SEED))
    noise: dict[str, list[float]] = {}
    clipping: dict[str, list[float]] = {}
    for name in names:
        audio = read_audio(folder / f"{name}-0.wav")
        samples = listened(audio)
        power = float(np.mean(np.square(samples, dtype=np.float64)))
        for snr_db in (None, 30, 20, 15, 10, 5):
            level = 0.0 if snr_db is None else np.sqrt(power * 10 ** (-snr_db / 10))
            noisy = (samples + level * draw.standard_normal(samples.size)).astype(np.float32)
            noise.setdefault(f"{snr_db} dB", []).append(speech_to_noise_db(noisy))
        whole = audio.samples[:, 0]
        for over_db in (0, 1, 3, 6, 12):
            limit = np.abs(whole).max() * 10 ** (-over_db / 20)
            clipping.setdefault(f"{over_db} dB", []).append(clipped_share(np.clip(whole, -limit, limit)))
    return {
        "noise_put_in_and_measured_db": {name: spread(values) for name, values in noise.items()},
        "refused_as_clipped": {
            name: round(float(np.mean(np.array(values) > CLIPPED_SHARE)), 3)
            for name, values in clipping.items()
        },
    }


def takes_in_emotions(folder: Path, encoder: SpeakerEncoder, speech: Voices) -> dict[str, Any]:
    """How like its own voice, and the nearest of all others, a take is, by how much is said."""
    prints = {
        name: mean_embedding(np.stack([mean_embedding(encoder.windows(one)) for one in three[:2]]))
        for name, three in speech.items()
    }
    own: dict[str, list[float]] = {}
    nearer: list[float] = []
    for name, mood, number in itertools.product(ACTORS, MOODS, range(len(MOODY))):
        sound = voiced(listened(read_audio(folder / f"{name}-{mood}-{number}.wav")))
        heard = mean_embedding(encoder.windows(sound))
        alike = similarity(heard, prints[name])
        seconds = sound.size / LISTEN_HZ
        own.setdefault(
            "under 1.6 s" if seconds < 1.6 else "1.6 to 3 s" if seconds < 3 else "3 s and more", []
        ).append(alike)
        if seconds >= 1.6:
            nearer.append(
                max(similarity(heard, one) for other, one in prints.items() if other != name) - alike
            )
    return {
        "own_voice": {name: spread(values) for name, values in own.items()},
        "nearest_other_minus_own": spread(nearer),
    }


def others_takes(encoder: SpeakerEncoder, speech: Voices) -> dict[str, float]:
    """How like another voice of the same gender a whole sentence is."""
    prints = {
        name: mean_embedding(encoder.windows(np.concatenate(three[:2]))) for name, three in speech.items()
    }
    return spread(list(_others(encoder, speech, prints)))


def _others(encoder: SpeakerEncoder, speech: Voices, prints: Mapping[str, Embedding]) -> Iterator[float]:
    for name, three in speech.items():
        heard = mean_embedding(encoder.windows(three[2]))
        yield from (
            similarity(heard, one) for other, one in prints.items() if other != name and other[1] == name[1]
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = make_folder(parser.parse_args().folder)
    speak_all(folder)
    encoder = open_encoder(WeightStore())
    names = [voice.name for voice in load_catalogue().engine("kokoro").voices]
    speech = {
        name: [voiced(listened(read_audio(folder / f"{name}-{n}.wav"))) for n in range(3)] for name in names
    }
    result = {
        "what": "similarities of the speaker encoder over Kokoro's voices (packaged int8 weights)",
        "voices": voices_apart(encoder, speech),
        "unity": two_speakers(encoder, speech),
        **noise_and_clipping(folder, names),
        "takes": takes_in_emotions(folder, encoder, speech),
        "takes_in_another_voice_of_the_same_gender": others_takes(encoder, speech),
    }
    write_json(RESULT, result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
