"""All that can be told of a finished run, as plain JSON values: `report.json` and what the page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipeline import __version__
from pipeline.engines.catalogue import Catalogue, ResolvedVoice, VoiceEntry, load_catalogue
from pipeline.events import Event
from pipeline.identity.alike import alike_pairs
from pipeline.identity.encoder import Embedding
from pipeline.plan.plan import Plan
from pipeline.plan.scenes import scenes_of
from pipeline.publish.book import BOOK_FILE, Published
from pipeline.publish.delivery_events import RuleBroken
from pipeline.render.run import Outcome
from pipeline.reports.conservation import text_account
from pipeline.reports.emotions import emotion_account
from pipeline.reports.line_facts import STATUSES, LineFate, fates, line_facts
from pipeline.reports.run_facts import run_facts, worker_facts
from pipeline.script.model import NARRATOR, Book
from pipeline.stitch.book import StitchedChapter
from pipeline.stitch.loudness import FileLevels
from pipeline.stitch.presets import Preset
from pipeline.stitch.timeline import LineSpan
from pipeline.takes.take import Take

REPORT_SCHEMA = 1
COVERS = ("cover.jpg", "cover.png")
BUILT_IN = "built-in voice, no consent needed"
SYNTHETIC = "made of nobody's voice, no consent needed"
NO_RECORD = "no record"


def render_report(
    plan: Plan,
    takes: Mapping[str, Take],
    outcome: Outcome,
    stitched: Sequence[StitchedChapter],
    published: Published,
    events: Sequence[Event],
    wall_s: float,
    preset: Preset | None = None,
    catalogue: Catalogue | None = None,
    consents: Mapping[str, str] | None = None,
    prints: Mapping[str, Embedding] | None = None,
) -> dict[str, Any]:
    """What was asked, what came out and where it can be heard, line by line; plain JSON values only.

    Everything but `run` and `workers` (how this run went) and which run made a take is the same for the
    same book.

    Args:
        takes: the take of every line that has one, by line ID.
        events: of this run, in order; those of single lines may be missing.
        wall_s: seconds the whole run took.
        preset: what the chapters were mastered to, for the target in the loudness pictures.
        catalogue: that the book was cast from; the engines alone if None.
        consents: of voices that were made from a recording, in words, by voice ID.
        prints: how voices sound, as far as that is known, by `print_key`.
    """
    decided = fates(plan, takes, outcome)
    chapters = _chapters(plan, decided, stitched, published)
    return {
        "schema": REPORT_SCHEMA,
        "tool": {"name": "fullcast", "version": __version__},
        "book": _book(plan.script.book, plan.script.slug, published),
        "totals": _totals(decided, chapters),
        "target": _target(preset),
        "characters": _characters(plan, decided),
        "chapters": chapters,
        "text": text_account(plan.script, decided),
        "emotions": emotion_account(decided),
        "quarantined": _lost(decided, "quarantined"),
        "missing": _lost(decided, "missing"),
        "broken_rules": [_broken(finding) for finding in published.findings],
        "voices": _voices(decided, catalogue or load_catalogue(), consents or {}),
        "alike": [pair.as_json() for pair in alike_pairs(scenes_of(plan), prints or {})],
        "run": run_facts(outcome, events, wall_s),
        "workers": worker_facts(plan, events),
    }


def _book(book: Book, slug: str, published: Published) -> dict[str, Any]:
    names = ("title", "subtitle", "author", "narrator", "language", "series", "series_part", "year")
    cover = next((name for name in COVERS if (published.folder / name).is_file()), None)
    file = None if published.book is None else published.book.name
    # A book of an earlier run may lie beside the page; it is named as such and never played.
    older = BOOK_FILE if file is None and (published.folder / BOOK_FILE).is_file() else None
    facts = {name: getattr(book, name) for name in names}
    return {**facts, "slug": slug, "cover": cover, "file": file, "older_file": older}


def _totals(decided: Sequence[LineFate], chapters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = Counter(fate.status for fate in decided)
    speech_s = sum(fate.take.duration_s for fate in decided if fate.take is not None)
    return {
        "chapters": len(chapters),
        "chapters_stitched": sum(chapter["duration_s"] is not None for chapter in chapters),
        "lines": len(decided),
        **{status: counts[status] for status in STATUSES},
        "takes": len({fate.take.key for fate in decided if fate.take is not None}),
        "audio_s": round(sum(chapter["duration_s"] or 0.0 for chapter in chapters), 3),
        "takes_s": round(speech_s, 3),
        "warnings": sum(len(line["warnings"]) for chapter in chapters for line in chapter["lines"]),
    }


def _target(preset: Preset | None) -> dict[str, Any] | None:
    if preset is None or preset.measure is None:
        return None
    return {"preset": preset.name, "measure": preset.measure, "value": preset.target}


def _characters(plan: Plan, decided: Sequence[LineFate]) -> list[dict[str, Any]]:
    """Everyone who has a line, the narrator first, then by how much they say."""
    lines = Counter(fate.line.character for fate in decided)
    seconds: Counter[str] = Counter()
    voices: dict[str, str] = {}
    models: dict[str, Counter[str]] = {}
    for fate in decided:
        voices.setdefault(fate.line.character, fate.planned.voice.written)
        models.setdefault(fate.line.character, Counter())[fate.planned.voice.model] += 1
        seconds[fate.line.character] += fate.take.duration_s if fate.take else 0.0  # type: ignore[assignment]
    order = sorted(lines, key=lambda name: (name != NARRATOR, -lines[name], name))
    cast = plan.script.cast
    return [
        {
            "name": name,
            "voice": voices[name],
            "models": dict(sorted(models[name].items())),
            "color": cast[name].color if name in cast else None,
            "lines": lines[name],
            "audio_s": round(seconds[name], 3),
        }
        for name in order
    ]


def _chapters(
    plan: Plan, decided: Sequence[LineFate], stitched: Sequence[StitchedChapter], published: Published
) -> list[dict[str, Any]]:
    made = {one.number: one for one in stitched}
    fates_in: dict[int, list[LineFate]] = {}
    for fate in decided:
        fates_in.setdefault(fate.planned.chapter, []).append(fate)
    facts = []
    book_start_s = 0.0
    for index, chapter in plan.chapters():
        one = made.get(index + 1)
        spans = {span.line.id: span for span in one.master.timeline.lines} if one else {}
        rate = one.master.timeline.sample_rate if one else 1
        file, file_start_s = _sound_file(index + 1, one, published, book_start_s)
        facts.append(
            {
                "number": index + 1,
                "title": chapter.title,
                "file": file,
                "file_start_s": round(file_start_s, 6),
                "not_stitched": None if one else _why_not_stitched(fates_in.get(index, ())),
                **_master(one),
                "lines": [
                    {**line_facts(fate), **_place(spans.get(fate.line.id), rate)}
                    for fate in fates_in.get(index, ())
                ],
            }
        )
        book_start_s += one.master.timeline.duration_s if one else 0.0
    return facts


def _why_not_stitched(decided: Sequence[LineFate]) -> str:
    """Why a chapter has no sound, in words."""
    lacking = sum(fate.take is None and fate.status != "silent" for fate in decided)
    if not lacking:
        return "not stitched: there is nothing to say in it"
    return (
        f"not stitched this time: {lacking} of {len(decided)} lines have no take yet;"
        " its lines can be heard here when all have one"
    )


def _sound_file(
    number: int, one: StitchedChapter | None, published: Published, book_start_s: float
) -> tuple[str | None, float]:
    """Where a chapter can be heard: its own file, or the book's from some second on."""
    if one is None:
        return None, 0.0
    if number in published.chapters:
        return published.chapters[number], 0.0
    if published.book is not None:
        return published.book.name, book_start_s
    return None, 0.0


def _master(one: StitchedChapter | None) -> dict[str, Any]:
    names = ("integrated_lufs", "loudness_range_lu", "true_peak_dbtp", "rms_dbfs", "noise_floor_dbfs")
    if one is None:
        nothing: dict[str, Any] = dict.fromkeys(names)
        return {**nothing, "duration_s": None, "gain_db": None, "loudness_curve": [], "warnings": []}
    levels: FileLevels = one.master.levels
    return {
        **{name: getattr(levels, name) for name in names},
        "duration_s": round(one.master.timeline.duration_s, 6),
        "gain_db": one.master.gain_db,
        "loudness_curve": list(levels.loudness_curve),
        "warnings": list(one.master.warnings),
    }


def _place(span: LineSpan | None, sample_rate: int) -> dict[str, Any]:
    if span is None:
        return {"start_s": None, "end_s": None}
    return {
        "start_s": round(span.start_samples / sample_rate, 4),
        "end_s": round(span.end_samples / sample_rate, 4),
    }


def _lost(decided: Sequence[LineFate], status: str) -> list[dict[str, Any]]:
    return [
        {
            "id": fate.line.id,
            "where": fate.where,
            "chapter": fate.planned.chapter + 1,
            "character": fate.line.character,
            "text": fate.line.text,
            "reason": fate.reason,
        }
        for fate in decided
        if fate.status == status
    ]


def _broken(finding: RuleBroken) -> dict[str, str]:
    names = ("path", "rule", "value", "limit", "advice")
    return {name: str(getattr(finding, name)) for name in names}


def _voices(
    decided: Sequence[LineFate], catalogue: Catalogue, consents: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Each voice that is heard, with each model that speaks it, who speaks with it, and by what right."""
    heard: dict[tuple[str, str], list[LineFate]] = {}
    for fate in decided:
        if fate.take is not None:
            heard.setdefault((fate.planned.voice.written, fate.planned.voice.model), []).append(fate)
    return [_voice(heard[each], catalogue, consents) for each in sorted(heard)]


def _voice(heard: Sequence[LineFate], catalogue: Catalogue, consents: Mapping[str, str]) -> dict[str, Any]:
    voice = heard[0].planned.voice
    model = catalogue.model(voice.model)
    return {
        "voice": voice.written,
        "engine": voice.engine,
        "model": voice.model,
        "parts": [
            {"id": part.id, "share": share, "language": part.language, "gender": part.gender}
            for part, share in voice.parts
        ],
        "characters": sorted({fate.line.character for fate in heard}),
        "lines": len(heard),
        "licence_weights": catalogue.licence(model),
        "licence_code": catalogue.entry(voice.engine).licence_code,
        "allows": asdict(model.allows),
        "consent": _consent(voice, consents),
    }


def _consent(voice: ResolvedVoice, consents: Mapping[str, str]) -> str:
    """By what right the voice is used, in words; each part that was recorded for it by itself."""
    said = {part.id: _part_consent(part, consents) for part, _ in voice.parts}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {words}" for name, words in said.items())


def _part_consent(part: VoiceEntry, consents: Mapping[str, str]) -> str:
    if part.id in consents:
        return consents[part.id]
    if part.state in ("none", "published"):
        return BUILT_IN
    return SYNTHETIC if part.synthetic else NO_RECORD
