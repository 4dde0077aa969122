"""Speaks one line with the checkout's own models; a program of its own, started by `compare.py`.

The user's Python runs it, with the checkout's modules and their packages: nothing of fullcast is imported.
Arguments: the checkout, a JSON file with what to speak, and the .npz file to write.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

UNMARKED_FOLDERS = ("cn2an", "config", "models")


def main() -> None:
    """Reads the order, speaks it, writes what came out at each stage."""
    home, order, target = (Path(argument) for argument in sys.argv[1:4])
    asked = json.loads(order.read_text(encoding="utf-8"))
    _look_in(home)
    import numpy
    import torch

    # It looks for packages, so it must not see the stand-ins; its parts are loaded when they are named.
    transformers: Any = importlib.import_module("transformers")
    berts = [getattr(transformers, name) for name in ("BertConfig", "BertModel", "BertTokenizer")]
    _stand_in_for_training_packages()

    torch.set_num_threads(1)
    with torch.inference_mode():
        config = _config(home)
        style, pieces = _style_encoder(config, asked, *berts)
        vectors = {name: _vector(style, pieces, asked[name]) for name in ("prompt", "text")}
        generator = _generator(config, asked)
        said = generator(
            inputs_ling=torch.tensor([asked["ids"]]),
            input_lengths=torch.tensor([len(asked["ids"])]),
            inputs_speaker=torch.tensor([asked["speaker"]]),
            inputs_style_embedding=vectors["prompt"],
            inputs_content_embedding=vectors["text"],
        )
    numpy.savez(
        target,
        prompt=vectors["prompt"].numpy(),
        text=vectors["text"].numpy(),
        durations=said["log_duration_predictions"].flatten().numpy(),
        pitch=said["pitch_predictions"].flatten().numpy(),
        energy=said["energy_predictions"].flatten().numpy(),
        mel=said["dec_outputs"].numpy(),
        wave=said["wav_predictions"].flatten().numpy(),
    )


def _look_in(home: Path) -> None:
    """Modules of the checkout come first, and our own folder never; its root is where we stand."""
    own = str(Path(__file__).parent)
    sys.path[:] = [str(home), *(each for each in sys.path if each and each != own)]
    os.chdir(home)
    for name in UNMARKED_FOLDERS:
        folder = home / name
        if folder.is_dir() and not (folder / "__init__.py").exists():
            package = types.ModuleType(name)
            package.__path__ = [str(folder)]
            sys.modules[name] = package


def _stand_in_for_training_packages() -> None:
    """What only training uses but is imported with the models: numba's decorator, a distribution of scipy."""
    if importlib.util.find_spec("numba") is None:
        numba: Any = types.ModuleType("numba")
        numba.jit = numba.njit = lambda *_, **__: lambda function: function
        sys.modules["numba"] = numba
    if importlib.util.find_spec("scipy") is None:
        scipy, stats = types.ModuleType("scipy"), types.ModuleType("scipy.stats")
        stats.betabinom = None  # type: ignore[attr-defined]
        sys.modules |= {"scipy": scipy, "scipy.stats": stats}


def _config(home: Path) -> Any:
    config = importlib.import_module("config.joint.config").Config()
    config.bert_path = str(home / "WangZeJun" / "simbert-base-chinese")
    return config


def _style_encoder(
    config: Any, asked: dict[str, Any], form_class: Any, model_class: Any, pieces_class: Any
) -> tuple[Any, Any]:
    """The checkout's style encoder with its trained weights, and the tokenizer of its texts."""
    import torch

    simbert: Any = importlib.import_module("models.prompt_tts_modified.simbert")
    form = form_class.from_json_file(str(Path(config.bert_path) / "config.json"))
    simbert.AutoModel = types.SimpleNamespace(from_pretrained=lambda _: model_class(form))
    encoder = simbert.StyleEncoder(config)
    state = torch.load(asked["style_encoder"], map_location="cpu", weights_only=True)["model"]
    plain = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    missing, _ = encoder.load_state_dict(plain, strict=False)
    if [name for name in missing if not name.endswith("position_ids")]:
        raise SystemExit(f"the style encoder's checkpoint lacks {missing[:3]}")
    return encoder.eval(), pieces_class.from_pretrained(config.bert_path)


def _vector(style: Any, pieces: Any, text: str) -> Any:
    found = pieces([text], return_tensors="pt")
    return style(
        input_ids=found["input_ids"],
        token_type_ids=found["token_type_ids"],
        attention_mask=found["attention_mask"],
    )["pooled_output"]


def _generator(config: Any, asked: dict[str, Any]) -> Any:
    """The checkout's acoustic model and vocoder with their trained weights."""
    import torch

    settings: Any = importlib.import_module("yacs.config")
    jets: Any = importlib.import_module("models.prompt_tts_modified.jets")
    with Path(config.model_config_path).open(encoding="utf-8") as file:
        sizes = settings.load_cfg(file)
    sizes.n_vocab, sizes.n_speaker = config.n_symbols, config.speaker_n_labels
    generator = jets.JETSGenerator(sizes)
    state = torch.load(asked["generator"], map_location="cpu", weights_only=True)["generator"]
    generator.load_state_dict(state)
    return generator.eval()


if __name__ == "__main__":
    main()
