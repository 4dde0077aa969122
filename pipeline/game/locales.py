"""Names of locales: an engine's own (`french`, `pt_BR`) to BCP 47, written as BCP 47 recommends. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.errors import UsageError

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$")
# What Ren'Py's translations and other tools call a language, where the project does not say it.
ENGLISH_NAMES = {
    "arabic": "ar", "bulgarian": "bg", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "esperanto": "eo", "finnish": "fi", "french": "fr",
    "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id",
    "italian": "it", "japanese": "ja", "korean": "ko", "malay": "ms", "norwegian": "no", "persian": "fa",
    "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr",
    "schinese": "zh-Hans", "simplified_chinese": "zh-Hans", "slovak": "sk", "spanish": "es",
    "swedish": "sv", "tchinese": "zh-Hant", "thai": "th", "traditional_chinese": "zh-Hant",
    "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip


def canonical(tag: str) -> str:
    """A tag with `-`, in the usual case: `pt_br` is `pt-BR`, `zh-hans` is `zh-Hans`.

    Source: RFC 5646, 2.1.1.
    """
    first, *others = tag.replace("_", "-").split("-")
    written = [first.lower()]
    for part in others:
        if len(part) == 4 and part.isalpha():
            written.append(part.title())
        elif len(part) == 2 and part.isalpha():
            written.append(part.upper())
        else:
            written.append(part.lower())
    return "-".join(written)


def locale_of(name: str, names: Mapping[str, str]) -> str:
    """The BCP 47 tag of a locale as a source names it.

    Args:
        names: the project's own names, which win over English names of languages.

    Raises:
        UsageError: the name is no tag, and nothing says what it means.
    """
    if not is_locale(name, names):
        hint = f'list the `locales` to voice without it, or say what it is: [locale_names] {name} = "de"'
        raise UsageError(f"'{name}' is no locale by BCP 47", hint=hint)
    return canonical(_meaning(name, names))


def is_locale(name: str, names: Mapping[str, str]) -> bool:
    """Whether a name is a BCP 47 tag, or one that the project or English has for a language."""
    return _TAG.match(canonical(_meaning(name, names))) is not None


def _meaning(name: str, names: Mapping[str, str]) -> str:
    return names.get(name) or names.get(name.casefold()) or ENGLISH_NAMES.get(name.casefold(), name)


def wider(locale: str) -> Iterator[str]:
    """The locale and what it is a case of: `zh-Hant-TW`, `zh-Hant`, `zh`."""
    parts = locale.split("-")
    for length in range(len(parts), 0, -1):
        yield "-".join(parts[:length])
