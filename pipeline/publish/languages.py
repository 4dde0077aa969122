"""ISO 639-2 codes of languages, which ID3 and MP4 want where we keep BCP 47."""

from __future__ import annotations

UNDETERMINED = "und"

# Two letters and three of the languages that voices commonly have.
# Source: ISO 639-2, terminology codes.
_TABLE = """
af afr ar ara bg bul bn ben ca cat cs ces cy cym da dan de deu el ell en eng eo epo es spa et est eu eus
fa fas fi fin fr fra ga gle gl glg gu guj he heb hi hin hr hrv hu hun hy hye id ind is isl it ita ja jpn
ka kat kk kaz kn kan ko kor la lat lt lit lv lav mk mkd ml mal mr mar ms msa mt mlt my mya nb nob ne nep
nl nld nn nno no nor pa pan pl pol pt por ro ron ru rus sk slk sl slv sq sqi sr srp sv swe sw swa ta tam
te tel th tha tr tur uk ukr ur urd uz uzb vi vie zh zho
"""
_CODES = dict(zip(_TABLE.split()[::2], _TABLE.split()[1::2], strict=True))


def iso_639_2(language: str) -> str:
    """The three letters of a BCP 47 language (`en-gb` is `eng`); `und` if there are none we know."""
    primary = language.replace("_", "-").split("-")[0].lower()
    if len(primary) == 3 and primary.isascii() and primary.isalpha():
        return primary
    return _CODES.get(primary, UNDETERMINED)
