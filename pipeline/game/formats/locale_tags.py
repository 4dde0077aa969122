"""Names of languages in files of games: what is one, and its BCP 47 form."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.game.locales import canonical

# Every two-letter code. Source: ISO 639-1 (Library of Congress), with `sh`, which engines still write.
_TWO_LETTERS = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de "
    "dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id "
    "ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu "
    "lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu "
    "rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to "
    "tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
# Of the thousands of three-letter codes those that translated software has; others look like headers (`key`).
# Source: CLDR, languages with modern or moderate coverage, and ISO 639-3 for Chinese and Arabic.
_THREE_LETTERS = (
    "apc arz ary ast awa bal bho brx byn ceb cgg chr ckb cmn cop csb dje doi dsb dua ebu ewo fil frr "
    "fur gan gsw guz hak haw hil hmn hsb ilo jbo jgo kab kam kde kea kok ksb kgp lij lkt lld ltg luo "
    "luy lzh mai mas mer mfe mgh mni mus nan naq nds nso nus nyn pap pcm prg quc rif rof sah saq sat "
    "sco scn seh ses shi smn szl teo tlh tzm vec vai vmw vun wae wuu xog yav yue zgh zza"
)
_LANGUAGES = frozenset(f"{_TWO_LETTERS} {_THREE_LETTERS}".split())
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|\d{3}))?"
    r"(?:[-_@](?:[a-z0-9]{5,8}|\d[a-z0-9]{3}|x[-_][a-z0-9-]+))*",
    re.IGNORECASE,
)


def named_locale(name: str, names: Mapping[str, str]) -> str | None:
    """What a project's own name of a language stands for (`French` -> `fr`), whatever its case."""
    name = name.strip()
    return names.get(name) or names.get(name.casefold())


def bcp47(name: str, names: Mapping[str, str] | None = None) -> str:
    """The BCP 47 tag of a language as a game calls it: `pt_BR` and `pt-br` are `pt-BR`.

    Args:
        name: as the file writes it.
        names: the project's own names of languages (`french` -> `fr`), which are looked up first.
    """
    return named_locale(name, names or {}) or canonical(name.strip().replace("@", "-"))


def is_locale(header: str) -> bool:
    """Whether a column's name is that of a language: `en`, `de-CH`, `pt_BR`, `zh-Hans`; not `key`."""
    found = _TAG.fullmatch(header.strip())
    return found is not None and found["language"].lower() in _LANGUAGES
