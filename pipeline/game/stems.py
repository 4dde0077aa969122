"""What a line's sound file is called and where an engine looks for it: one rule an engine. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.errors import UsageError

GameEngine = Literal["unity", "renpy", "dink", "godot", "unreal", "plain"]
Sound = Literal["wav", "ogg"]
VARIANT_MARK = "__"
# What no file system of a target platform takes in a name; a path separator must not leave the folder.
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Layout:
    """Where one engine looks for the sound of one locale.

    Attributes:
        engine: whose rules hold.
        locale: BCP 47; `base` is the locale of the base script.
        assets_folder: Unity: the folder that the Yarn project names for the locale, if it does.
        language: Ren'Py: the engine's own name of the locale (`french`).
        voice_pattern: Ren'Py: the game's `config.auto_voice`.
        filename_format: Unreal: `DialogueFilenameFormat` of the project, if it sets one.
    """

    engine: GameEngine
    locale: str
    base: str
    assets_folder: str | None = None
    language: str | None = None
    voice_pattern: str = "voice/{id}.ogg"
    filename_format: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def sounds(self) -> tuple[Sound, ...]:
        """In which formats the engine wants its sound; Ren'Py as the game's own pattern ends."""
        if self.engine == "renpy" and self.voice_pattern.endswith(".wav"):
            return ("wav",)
        return _SOUNDS[self.engine]

    def demand_playable(self) -> None:
        """Nothing, if the engine will find what fullcast writes.

        Raises:
            UsageError: Ren'Py's pattern asks for a format that fullcast does not write.
        """
        if self.engine == "renpy" and not self.voice_pattern.endswith((".ogg", ".wav")):
            raise UsageError(
                f"config.auto_voice is '{self.voice_pattern}', and fullcast writes Ogg Vorbis or WAV",
                hint='set it to "voice/{id}.ogg" in the game',
            )

    def path(self, line_id: str, stem: str, sound: Sound) -> str:
        """The file of a line relative to the pack's folder, with `/`, and never outside of it."""
        return _inside(_PATHS[self.engine](self, line_id, stem, sound))


def stem_of(engine: GameEngine, line_id: str, filename_format: str | None = None) -> str:
    """The file name of a line without its ending.

    Source: YarnSpinner-Unity:Editor/YarnProjectUtility.cs (the ID without `line:`);
    renpy:renpy/common/00voice.rpy (`config.auto_voice`); dink:csharp/DinkVoiceExport/VoiceExport.cs (the
    ID); the others are ours.
    """
    bare = line_id.removeprefix("line:")
    if engine == "plain":
        return re.sub(r"[^A-Za-z0-9._-]", "-", bare)
    if engine == "unreal":
        return re.sub(r"[^A-Za-z0-9_]", "_", _unreal_name(bare, filename_format))
    return _UNSAFE.sub("_", bare if engine == "unity" else line_id)


def _unreal_name(bare: str, filename_format: str | None) -> str:
    """The name that a project's `DialogueFilenameFormat` gives: every placeholder of an ID is the ID.

    Source: UnrealEngine:Engine/Source/Editor/UnrealEd (FDialogueContextMapping, `{DialogueGuid}`,
    `{DialogueHash}`, `{DialogueName}`, `{ContextId}`, `{ContextHash}`).
    """
    if filename_format is None:
        return bare
    names = {
        "DialogueGuid": bare,
        "DialogueHash": bare,
        "DialogueName": bare,
        "ContextId": "0",
        "ContextHash": "0",
    }

    def value(mark: re.Match[str]) -> str:
        if mark[1] not in names:
            raise UsageError(
                f"DialogueFilenameFormat: no field '{{{mark[1]}}}'", hint=f"it has {', '.join(names)}"
            )
        return names[mark[1]]

    named = re.sub(r"\{(\w+)\}", value, filename_format)
    if bare not in named:
        raise UsageError(
            f"DialogueFilenameFormat '{filename_format}' gives all lines one name",
            hint="put {DialogueGuid} or {DialogueName} in it",
        )
    return named


def variant_stem(stem: str, values: Iterable[str], take: int = 1) -> str:
    """The stem of one variant of a line: `gold__two`, and of its second take: `gold__take2`."""
    slugs = [_SLUG.sub("-", value.casefold()).strip("-") or "empty" for value in values]
    if take > 1:
        slugs.append(f"take{take}")
    return VARIANT_MARK.join([stem, *slugs])


def _inside(path: str) -> str:
    """A path without `.` and `..`: what a project names above its own folder lies at the pack's top."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


def clashes(stems: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Pairs of IDs whose stems are one file where case does not count; `stems` is by ID."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for line_id, stem in stems.items():
        by_name[stem.casefold()].append(line_id)
    return tuple((ids[0], other) for ids in by_name.values() for other in ids[1:])


def _unity(layout: Layout, line_id: str, stem: str, sound: Sound) -> str:
    return f"{layout.assets_folder or layout.locale}/{stem}.{sound}"


def _renpy(layout: Layout, line_id: str, stem: str, sound: Sound) -> str:
    # The game's own pattern decides on folder and ending. Source: renpy:renpy/loader.py (get_prefixes).
    voice = layout.voice_pattern.replace("{id}", stem)
    if layout.locale == layout.base:
        return f"game/{voice}"
    return f"game/tl/{layout.language or layout.locale.replace('-', '_')}/{voice}"


def _dink(layout: Layout, line_id: str, stem: str, sound: Sound) -> str:
    return (
        f"Audio/TTS/{stem}.{sound}"
        if layout.locale == layout.base
        else f"Audio/{layout.locale}/TTS/{stem}.{sound}"
    )


def _godot(layout: Layout, line_id: str, stem: str, sound: Sound) -> str:
    return f"voice/{layout.locale}/{stem}.{sound}"


def _unreal(layout: Layout, line_id: str, stem: str, sound: Sound) -> str:
    return f"{layout.locale}/{stem}.{sound}"


def _plain(layout: Layout, line_id: str, stem: str, sound: Sound) -> str:
    return f"{layout.locale}/{sound}/{stem}.{sound}"


_PATHS: dict[GameEngine, Callable[[Layout, str, str, Sound], str]] = {
    "unity": _unity,
    "renpy": _renpy,
    "dink": _dink,
    "godot": _godot,
    "unreal": _unreal,
    "plain": _plain,
}
_SOUNDS: dict[GameEngine, tuple[Sound, ...]] = {
    "unity": ("wav",),
    "renpy": ("ogg",),
    "dink": ("wav",),
    "godot": ("ogg",),
    "unreal": ("wav",),
    "plain": ("wav", "ogg"),
}
