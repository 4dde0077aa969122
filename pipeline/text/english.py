"""All reading rules of English, in the order in which they claim text."""

from __future__ import annotations

from pipeline.text.capitals import CAPITAL_RULES
from pipeline.text.english_dates import DATE_RULES
from pipeline.text.english_figures import FIGURE_RULES, OLD_MONEY_RULES
from pipeline.text.english_scripture import SCRIPTURE_RULES
from pipeline.text.english_words import NAME_RULES, REFERENCE_RULES

ENGLISH_RULES = (
    *SCRIPTURE_RULES,
    *REFERENCE_RULES,
    *OLD_MONEY_RULES,
    *DATE_RULES,
    *FIGURE_RULES,
    *NAME_RULES,
    *CAPITAL_RULES,
)
