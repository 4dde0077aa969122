"""What decides, in which order, and what must never decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emotion_inference import LANGUAGES, PARTS, Case, cases
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.direction import LABEL_POINTS
from pipeline.emotion.evidence import THRESHOLD, Inference, SceneLine
from pipeline.emotion.infer import infer

ALL_CASES = [case for language in LANGUAGES for part in PARTS for case in cases(language, part)]
WORDS = str.split(
    "sobbed said she he Mara Jonas not angry so I'm scared as if ! ? … “ ” 怒道 小梅 没有 哈哈 , . 。 shouted"
)
texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=10).map(" ".join)


def said(text: str, after: str = "", before: str = "", speaker: str = "Mara", **facts: object) -> Inference:
    """The verdict on a line with narration around it; Jonas is in the scene too."""
    lines = [SceneLine("“Hm.”", "Jonas", paragraph=0, wanted=False)]
    if before:
        lines.append(SceneLine(before, "narrator", "narration", paragraph=1))
    lines.append(replace(SceneLine(text, speaker, paragraph=1), **facts))  # type: ignore[arg-type]
    index = len(lines) - 1
    if after:
        lines.append(SceneLine(after, "narrator", "narration", paragraph=1))
    return infer(lines)[index]


def test_the_tag_is_trusted_before_the_words():
    verdict = said("“I'm so happy!”", "she sobbed.")
    assert (verdict.label, verdict.tier) == ("sad", "tag")
    assert said("“I'm so happy!”").label == "happy"


def test_the_tag_is_trusted_before_other_narration():
    assert said("“Go.”", "she said bitterly. She smiled.").label == "bitter"


def test_an_adverb_outweighs_its_verb():
    assert said("“Go.”", "she said, and smiled sadly.").label == "sad"


def test_narration_of_the_paragraph_is_trusted_before_the_words():
    verdict = said("“I love you.”", before="Mara was furious.")
    assert (verdict.label, verdict.tier) == ("furious", "narration")


def test_a_line_without_any_sign_is_neutral_and_has_no_evidence():
    verdict = said("“The second key opens the shed.”", "said Mara.")
    assert verdict == Inference()
    assert verdict.is_neutral and verdict.confidence == 0.0


def test_what_somebody_else_does_tells_nothing():
    for after in ("she said, and Jonas sobbed.", "she said. Jonas sobbed.", "said Mara, while Jonas wept."):
        assert said("“Go.”", after).is_neutral, after


def test_a_tag_of_somebody_else_is_not_the_speakers():
    assert said("“Go.”", "sobbed Jonas.").is_neutral
    assert said("“Go.”", "sobbed Jonas.", speaker="Jonas").label == "sad"


def test_an_adverb_of_the_hands_is_not_of_the_voice():
    for after in ("she said, gently closing the door.", "She knocked sharply and said it again."):
        assert said("“Hello?”", after).is_neutral, after
    assert said("“Hello?”", "she said gently, closing the door.").label == "gentle"
    assert said("“Hello?”", "Mara sharply replied.").label == "annoyed"


def test_a_relative_clause_tells_of_the_name_before_it():
    assert said("“Go.”", "said Mara, who was furious.").label == "furious"
    assert said("“Go.”", "said Mara to Jonas, who was furious.").is_neutral


def test_narration_that_leads_in_the_next_words_is_not_of_these():
    lines = [
        SceneLine("“Are you fond of dogs?”", "Mara"),
        SceneLine("The mouse was silent. Mara went on eagerly:", "narrator", "narration"),
        SceneLine("“There is one next door.”", "Mara"),
    ]
    assert [each.label for each in infer(lines)] == ["neutral", "neutral", "excited"]


def test_denied_and_supposed_feelings_are_none():
    for after in ("she said, without anger.", "she said, not angrily.", "she said, as if she were angry."):
        assert said("“I hate you!”", after).is_neutral, after


def test_irony_in_the_tag_silences_the_words():
    assert said("“I love you!”", "she said sarcastically.").is_neutral


def test_a_shout_is_angry_only_with_hostile_words():
    assert said("“You lied to us all.”", "she shouted.").label == "angry"
    assert said("“The boat is at the pier.”", "she shouted.").is_neutral
    assert said("“You lied to us all.”", "she said.").is_neutral


def test_a_shout_shows_the_verb_and_the_words():
    verdict = said("“You lied to us all.”", "she shouted.")
    assert [each.quote for each in verdict.evidence] == ["You lied", "shouted"]
    assert [each.line for each in verdict.evidence] == [1, 2]


def test_words_that_pull_both_ways_decide_nothing():
    assert said("“Hooray! I'm so scared.”").is_neutral


def test_a_tag_holds_for_the_words_on_both_sides():
    lines = [
        SceneLine("“I kept it,”", "Mara"),
        SceneLine("she sobbed,", "narrator", "narration"),
        SceneLine("“every page.”", "Mara"),
    ]
    assert [each.label for each in infer(lines)] == ["sad", "neutral", "sad"]


def test_a_tag_holds_for_all_sentences_of_a_speech():
    lines = [
        SceneLine("“He never wrote.", "Mara"),
        SceneLine("Not once.”", "Mara"),
        SceneLine("she sobbed.", "narrator", "narration"),
    ]
    assert [each.label for each in infer(lines)] == ["sad", "sad", "neutral"]


def _two_turns(**second: object) -> Inference:
    lines = [
        SceneLine("“He never wrote.”", "Mara", paragraph=0),
        SceneLine("she sobbed.", "narrator", "narration", paragraph=0),
        SceneLine("“Who?”", "Jonas", paragraph=1),
        replace(SceneLine("“The postman saw him.”", "Mara", paragraph=2), **second),  # type: ignore[arg-type]
    ]
    return infer(lines)[3]


def test_a_state_is_carried_to_the_next_turn_and_fades():
    verdict = _two_turns()
    assert (verdict.label, verdict.tier, verdict.evidence[0].rule) == ("sad", "carry", "carry-tag-verb")
    assert THRESHOLD <= verdict.confidence < 0.92
    assert verdict.intensity < 1.0
    assert verdict.evidence[0].line == 1


def test_a_state_is_not_carried_into_another_scene():
    assert _two_turns(scene=1).is_neutral


def test_a_state_is_not_carried_to_another_speaker():
    assert _two_turns(speaker="Jonas").is_neutral


def test_a_surprise_is_over_with_its_paragraph():
    lines = [
        SceneLine("“You?”", "Mara", paragraph=0),
        SceneLine("she gasped in surprise.", "narrator", "narration", paragraph=0),
        SceneLine("“Come in then.”", "Mara", paragraph=1),
    ]
    assert [each.label for each in infer(lines)] == ["surprised", "neutral", "neutral"]


def test_an_authors_direction_is_carried_and_never_changed():
    lines = [
        SceneLine("“I waited.”", "Mara", paragraph=0, wanted=False, directed="sad"),
        SceneLine("“Until dark.”", "Mara", paragraph=1),
    ]
    first, second = infer(lines)
    assert first.is_neutral
    assert (second.label, second.tier) == ("sad", "carry")


def test_quotations_that_nobody_was_given_tell_nothing():
    assert said("“Go.”", "she said. “I'm furious!” she had heard.").is_neutral


def test_narration_is_never_inferred():
    assert infer([SceneLine("She sobbed bitterly.", "narrator", "narration")])[0].is_neutral


def test_a_language_without_rules_is_left_alone():
    assert said("„Ich hasse dich!“", language="de").is_neutral


def test_a_name_that_two_share_tells_them_not_apart():
    lines = [
        SceneLine("“Go.”", "Mr. Bennet"),
        SceneLine("said Mrs. Bennet bitterly.", "narrator", "narration"),
        SceneLine("“Oh.”", "Mrs. Bennet", paragraph=1, wanted=False),
    ]
    # Nothing but the title parts them, and a title is not looked at: the tag is taken for nobody's.
    assert infer(lines)[0].is_neutral


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: f"{case.language}-{case.part}-{case.number}")
def test_evidence_quotes_the_source_and_a_verdict_has_some(case: Case):
    scene, index = case.lines()
    verdict = infer(scene)[index]
    assert verdict.is_neutral == (verdict.label == "neutral") == (not verdict.evidence)
    assert verdict.label in LABEL_POINTS
    if verdict.evidence:
        assert THRESHOLD <= verdict.confidence <= 1.0 and 0.0 < verdict.intensity <= 1.0
    for each in verdict.evidence:
        assert scene[each.line].text[each.start : each.end] == each.quote
        assert each.quote.strip() and each.rule


@given(st.lists(st.tuples(texts, st.sampled_from(["Mara", "Jonas", "小梅", ""]), st.booleans()), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_the_same_answer_twice_and_quotes_itself(rows: list[tuple[str, str, bool]]):
    lines = [
        SceneLine(
            text,
            speaker or "narrator",
            "dialogue" if speaker else "narration",
            paragraph=number // 3,
            language="zh" if chinese else "en-us",
        )
        for number, (text, speaker, chinese) in enumerate(rows)
    ]
    verdicts = infer(lines)
    assert verdicts == infer(lines)
    assert len(verdicts) == len(lines)
    for line, verdict in zip(lines, verdicts, strict=True):
        assert verdict.is_neutral or line.kind == "dialogue"
        for each in verdict.evidence:
            assert lines[each.line].text[each.start : each.end] == each.quote


@given(st.sampled_from(ALL_CASES))
@settings(max_examples=60, deadline=None)
def test_lines_that_ask_for_nothing_get_nothing(case: Case):
    scene, _ = case.lines()
    assert all(each.is_neutral for each in infer([replace(line, wanted=False) for line in scene]))
