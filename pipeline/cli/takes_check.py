"""`fullcast takes check FILE`: whether takes sound like their voices, and voices unlike each other."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.audio import decode_audio
from pipeline.cli.book import OpenBook
from pipeline.errors import UsageError
from pipeline.identity.alike import alike_pairs
from pipeline.identity.likeness import Likeness, likeness
from pipeline.identity.prints import print_key
from pipeline.plan.scenes import scenes_of
from pipeline.registry.progress import progress_for
from pipeline.registry.weights import WeightStore
from pipeline.render.voice_prints import Listener, VoicePrints

if TYPE_CHECKING:
    from pipeline.engines.catalogue import ResolvedVoice
    from pipeline.plan.plan import LinePlan

EXIT_DOUBTS = 1


def check_takes(book: OpenBook, file: Path, as_json: bool) -> int:
    """Listens to every take that the book has; prints what was heard; returns the exit code."""
    lines = [line for line in book.plan.lines if line.status == "reuse"]
    if not lines:
        raise UsageError("no line of it has a take", where=str(file), hint=f"run: fullcast render {file}")
    listener = Listener(WeightStore(catalogue=book.catalogue), progress_for(sys.stderr))
    voices = {print_key(line.voice): line.voice for line in lines}
    prints = listener.prints(voices.values(), book.catalogue, _announce)
    heard = [(line, _heard(line, book, voices, prints, listener)) for line in lines]
    if as_json:
        for line, one in heard:
            click.echo(json.dumps(_row(line, one), ensure_ascii=False))
    else:
        _print(heard, prints, file)
    for pair in alike_pairs(scenes_of(book.plan), prints.heard):
        click.echo(f"warning: {pair.describe()}", err=as_json)
    return EXIT_DOUBTS if any(one is not None and one.doubt for _, one in heard) else 0


def _announce(voice: ResolvedVoice, number: int, total: int) -> None:
    click.echo(f"listening to {voice.written} ({number} of {total}) ...", err=True)


def _heard(
    line: LinePlan,
    book: OpenBook,
    voices: dict[str, ResolvedVoice],
    prints: VoicePrints,
    listener: Listener,
) -> Likeness | None:
    """What a take sounds like; None if its voice could not be heard, or the take is damaged."""
    take, mine = book.takes.get(line.key), print_key(line.voice)
    own = prints.heard.get(mine)
    if own is None or take is None:
        return None
    others = {voices[key].written: one for key, one in prints.heard.items() if key != mine}
    return likeness(decode_audio(take.flac(), take.key), own, others, listener.encoder())


def _row(line: LinePlan, one: Likeness | None) -> dict[str, object]:
    facts = {"id": line.line.id, "where": line.line.where, "voice": line.voice.written, "take": line.key}
    return {**facts, **({} if one is None else asdict(one))}


def _print(heard: list[tuple[LinePlan, Likeness | None]], prints: VoicePrints, file: Path) -> None:
    by_voice: dict[str, list[Likeness]] = defaultdict(list)
    for line, one in heard:
        if one is not None:
            by_voice[line.voice.written].append(one)
    for voice, all_of_it in by_voice.items():
        told = [one.own for one in all_of_it if one.own is not None]
        short = len(all_of_it) - len(told)
        likeness_told = f"{sum(told) / len(told):.2f} like it, {min(told):.2f} at least" if told else "-"
        tail = f"; {short} too short to say" if short else ""
        click.echo(f"{voice:<36} {len(told):>5} takes  {likeness_told}{tail}")
    for voice, reason in prints.unheard.items():
        click.echo(f"{voice}: could not be heard: {reason}", err=True)
    doubts = [(line, one) for line, one in heard if one is not None and one.doubt]
    for line, one in doubts:
        where, line_id = line.line.where, line.line.id
        click.echo(f"{where}: {line_id}: {one.doubt}; fullcast retake {file} {line_id}")
    click.echo(f"{len(doubts)} of {len(heard)} takes do not sound like their voice")
