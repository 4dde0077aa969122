"""Tags in an author's text: those of HTML are markup, and what only looks like one is told of."""

from __future__ import annotations

import re
from functools import cache

# Source: HTML Living Standard, index of elements, with the obsolete ones that books still hold.
_NAMES = frozenset(
    str.split(
        "a abbr acronym address area article aside audio b base bdi bdo big blink blockquote body br "
        "button canvas caption center cite code col colgroup data datalist dd del details dfn dialog "
        "dir div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 "
        "h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map "
        "mark marquee menu meta meter nav nobr noframes noscript object ol optgroup option output p "
        "param picture pre progress q rb rp rt rtc ruby s samp script search section select slot "
        "small source span strike strong style sub summary sup svg table tbody td template textarea "
        "tfoot th thead time title tr track tt u ul var video wbr"
    )
)
# Shown on a row or in a cell of its own, so what stands around it are two words.
_SPACING = frozenset(
    str.split(
        "address article aside blockquote br caption center dd details dialog div dl dt fieldset "
        "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol option p pre "
        "section summary table tbody td tfoot th thead title tr ul"
    )
)
# What stands in these is for machines.
UNHEARD = ("script", "style")


@cache
def tag_pattern() -> re.Pattern[str]:
    """Finds tags, declarations and processing instructions; `name` is a tag's, and None for the others.

    An attribute without a value is one only if HTML has it: `<I think so>` is no tag.
    Source: CommonMark 0.31, section 6.6 (raw HTML).
    """
    value = r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>=`]+)"
    flag = "async|autoplay|checked|controls|defer|disabled|hidden|loop|muted|nomodule|open|required|selected"
    attribute = rf"\s+(?:[A-Za-z_:][\w:.-]*\s*=\s*{value}|(?:{flag})(?=[\s/>]))"
    tag = rf"</?(?P<name>[A-Za-z][A-Za-z0-9-]*)(?:{attribute})*\s*/?>"
    return re.compile(rf"{tag}|<![A-Za-z][^<>]*>|<\?[^<>]*\?>", re.IGNORECASE)


@cache
def unheard_pattern() -> re.Pattern[str]:
    """Finds `<script>` and `<style>` with all that stands in them."""
    return re.compile(
        rf"<(?P<name>{'|'.join(UNHEARD)})\b[^<>]*>.*?</(?P=name)\s*>", re.IGNORECASE | re.DOTALL
    )


def is_html(name: str) -> bool:
    """Whether HTML has an element of this name, in either case."""
    return name.lower() in _NAMES


def is_spacing(name: str) -> bool:
    """Whether the words before and behind this element are apart."""
    return name.lower() in _SPACING
