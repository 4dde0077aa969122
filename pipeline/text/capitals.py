"""Which words in capitals are spelt letter by letter (`FBI`), and which are words said with weight (`HIM`).

An engine's word list cannot tell: Kokoro's front end spells every capital word that its tagger takes for a
name. So it is decided here: letters stand apart in the spoken text (`F B I`), and a word that still stands
in capitals there is said as a word.
"""

from __future__ import annotations

import re

from pipeline.text.english_stops import sentence_ends_after
from pipeline.text.rules import Rule
from pipeline.text.spoken import Tongue

# Spelt although they could be pronounced.
_SPELT = frozenset(
    str.split(
        "AA AC AI AJ AKA ANC AOL AP APA API APR APU ASL AV AWD AWS BYOB CEO CIA CIO CNN CTO DEA DIY "
        "DOA DOB DOJ DUI EC ECT EDT EEC EEG EMS EMT EP EPA EQ ESL ESP ESPN ETA EU EV FAA FAQ FDA FIA "
        "FYI GI GIS GOP HIV HOA IBS ICU ID IDE IE II IMF IMHO INS IO IOU IP IPA IPO IQ IRS ISBN ISP "
        "ITV IUD IV IVF IX KIA KO LAPD LOL MIT MOU NEA NY NYC NYPD NYU OAP OBE OCD OED OJ ONS PE POV "
        "PSA PSI PTA PTO PTSD QA RAF RFID RIAA RNA ROI ROTC SAS SOS SUV TBA TGIF TUC UAE UAV UCL UCLA "
        "UFO UHF UI UK UN UNHCR URL USA USAF USS USSR UV UX VA VI VIP VOA XI XO YMCA YWCA"
    )
)
# Said as words although their letters look as if nobody could.
_WORDS = frozenset(
    str.split(
        "AAH BBQ BRNO CRISPR DRAM EEPROM FTSE GMAT GSAT HODL JPEG LSAT MCAT MHM MKAY MPEG NSAID NTH "
        "NVIDIA OK PFAS PSAT ROFL SCSI SRAM TEFL TESL VRAM XMAS ETC VS ST"
    )
)
# A noise, written as it sounds.
_NOISE = re.compile(r"(?:[SH]H+|H+M+P?H?|M+|B+R+|G+R+R|P+S+S+T|T+S*K+|T+CH|P+F+T*|Z+|A+R+G+H*|U+GH|E+K)$")
# Consonants with which a short English word may begin and end; others are letters.
_ONSETS = frozenset(
    str.split(
        "b bl br bw c ch chl chr cl cr cz d dh dj dr dw dz f fj fl fr g gh gl gn gr gw h hm j k kh "
        "khm kl kn kr kw l lh ll m mn n p ph phl phr pl pn pr ps psh q r rh s sc sch schl schm schn "
        "schw scl scr sh shl shm shr sk skl sl sm sn sp sph spl spr sq sr st str sv sw t th thr thw "
        "tr ts tv tw v vl vr w wh wr x xh xr y z zh zl zw"
    )
)
_CODAS = frozenset(
    str.split(
        "b bb bbs bs bt bts c cc ch cht chs ck cks cs ct cts d dd ddl dds dg ds dst dth dz f ff ffs "
        "fs ft fth fts g gg ggs gh ghs ght ghts gm gn gns gs h hh hl hd hm hms hn hns hr hs hts jj j "
        "k kh khs ks l lb lbs lc lch ld lds lf lfs lft lk lks ll lls lm lms ln lns lp lph lps ls lsh "
        "lt lth lts ltz lv lz m mb mbs mf mm mn mns mp mph mps mpt ms msk n nc nch nct nd ndh nds ng "
        "ngh ngs ngst ngth nk nkh nks nn nns ns nsk nst nt nth nts nx nz p pf ph phs pp ps pt pth pts "
        "q r rb rbs rc rch rcs rd rds rf rfs rg rgh rgs rk rks rl rld rls rm rms rmth rn rns rnst rnt "
        "rp rph rps rr rrs rs rsh rsk rst rt rth rths rts rtz rv rx rz s sc sch sh sht sk sks sm sms "
        "sp sps ss st sts szt t tch th thm ths ts tsk tt tts tz v vs w wd wk wks wl wls wg wm wms wn "
        "wns wp wps ws wt wts ww x xt xth xts z zh zz"
    )
)
_VOWELS = "AEIOUY"
_LONGEST_BY_SOUND = 5

# Both a word and letters: what stands before or behind tells.
_IT_NOUNS = (
    "department|dept|team|support|staff|guys?|man|manager|people|specialist|director|consultants?|systems?|"
    "security|industry|company|companies|sector|jobs?|skills|projects?|crowd|budget|workers?|professionals?|"
    "services|technician|infrastructure|expert|desk|worker|administrator|office"
)
_IT_VERBS = "work|works|worked|working|job|career|degree"
_US_NOUNS = (
    "air|coast|treasury|senate|house|federal|supreme|"
    "dollars?|troops|government|army|navy|citizens?|president|military|economy|senators?|marines?|soldiers?|"
    "embassy|forces|officials?|markets?|currency|passports?|marshals?|border|soil|history|law|states?|mail|"
    "ambassador|election|territory|congress|constitution|tour|edition"
)
_HOURS = r"(?:\d|o'clock|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirty|fifteen)\s?$"
_THE = r"\b(?:the|a|an|this|that|our|your|their|his|her|my)\s$"
_EVIDENCE = {
    "IT": (rf"\b(?:the|an|our|your|their|(?:{_IT_VERBS})\s(?:in|for))\s$", rf"\s(?:{_IT_NOUNS})\b"),
    "US": (r"\b(?:the|non-)\s?$", rf"\s(?i:{_US_NOUNS})\b|-[a-z]|\$"),
    "WHO": (r"\bthe\s$", r"\s(?:guidelines|officials?|report)\b"),
    "AM": (_HOURS, r"\sradio\b"),
    "AD": (r"\d\s?$|\bcentury\s$", r"\s\d"),
    "EST": (r"\d\s?$|\b[AP]\.?M\.?\s$", None),
    "OR": (r"\b(?:the|an)\s$", None),
    "ER": (r"\b(?:the|an)\s$", None),
    "MA": (r"\b(?:an)\s$", r"\sdegree\b"),
    "BA": (r"\b(?:a|the)\s$", r"\sdegree\b"),
    "PA": (_THE, r"\ssystem\b"),
    "COO": (r"\b(?:the|as|a)\s$", None),
    "LED": (r"\b(?:an|the)\s$", r"\s(?:lights?|lamps?|bulbs?|screens?|strips?|displays?)\b"),
    "POW": (_THE, r"\scamps?\b"),
    "SEC": (r"\bthe\s$", None),
    "IRA": (r"\bthe\s$", None),
    "MOD": (r"\bthe\s$", None),
    "LA": (r"\b(?:in|to|from|of|near|across|around|leave|left)\s$", r"\s(?:traffic|county|area)\b"),
    "UPS": (r"\b(?:the|a|by|via)\s$", r"\s(?:man|driver|guy|truck|store)\b"),
}  # fmt: skip
_WARS = {"WWI": "World War One", "WWII": "World War Two"}
# Short forms in a heading's capitals; small ones have rules of their own.
_SHORT = {
    "MR": "MISTER", "MRS": "MISSUS", "MESSRS": "MESSIEURS", "DR": "DOCTOR", "ESQ": "ESQUIRE",
    "ETC": "ET CETERA", "VS": "VERSUS",
}  # fmt: skip


def is_spelt(word: str) -> bool:
    """Whether a word of two or more capitals is spelt wherever it stands: `FBI`, `USA`; not `NASA`, `HIM`."""
    if word in _SPELT:
        return True
    if word in _WORDS or word in _EVIDENCE or _NOISE.match(word):
        return False
    return not _can_be_said(word)


def _can_be_said(word: str) -> bool:
    """Whether a word's letters make a syllable as English ones do; longer words always count as words."""
    plain = re.sub(r"(.)\1{2,}", r"\1", word)  # NOOO
    plain = plain.removeprefix("MC") if len(plain) > 4 else plain  # MCCOY
    vowels = [place for place, letter in enumerate(plain) if letter in _VOWELS]
    if not vowels:
        return False
    if len(plain) > _LONGEST_BY_SOUND:
        return True
    onset, coda = plain[: vowels[0]].lower(), plain[vowels[-1] + 1 :].lower()
    return (not onset or onset in _ONSETS) and (not coda or coda in _CODAS)


def _say_capitals(match: re.Match[str], tongue: Tongue) -> str | None:
    """The letters of an initialism, None for a word."""
    word = match["word"]
    if not is_spelt(word) and not (word in _EVIDENCE and _is_meant(match)):
        return None
    return " ".join(word) + ("'s" if match["ending"] else "")


def _is_meant(match: re.Match[str]) -> bool:
    """Whether an ambiguous word's surroundings say that it is an initialism."""
    text, (start, end) = match.string, match.span()
    if match["ending"] == "s":  # LEDs, POWs
        return True
    if _beside_capitals(text, start, end):
        return False
    before, behind = _EVIDENCE[match["word"]]
    if before is not None and re.search(before, text[max(0, start - 24) : start], re.I):
        return True
    return behind is not None and re.match(behind, text[end:]) is not None


def _beside_capitals(text: str, start: int, end: int) -> bool:
    """Whether the word before or behind is a capital word, as in a heading or a cry."""
    before = re.search(r"([^\W\d_]{2,})\W*$", text[:start][-40:])
    behind = re.match(r"\W*([^\W\d_]{2,})", text[end : end + 40])
    near = [found[1] for found in (before, behind) if found is not None]
    return any(word.isupper() and not is_spelt(word) for word in near)


def _say_war(match: re.Match[str], tongue: Tongue) -> str:
    return _WARS[match[0]]


def _say_short(match: re.Match[str], tongue: Tongue) -> str:
    may_end = match[0].endswith(".") and match["word"] in ("ESQ", "ETC")
    return _SHORT[match["word"]] + ("." if may_end and sentence_ends_after(match.string, match.end()) else "")


CAPITAL_RULES = (
    Rule("abbreviation", re.compile(r"\bWWII?\b"), _say_war, False),
    Rule("abbreviation", re.compile(rf"\b(?P<word>{'|'.join(_SHORT)})\b\.?"), _say_short, False),
    Rule(
        "initialism",
        re.compile(
            r"(?<![^\W\d_])(?<![^\W\d_]['’])(?P<word>[A-Z]{2,})(?P<ending>s|['’][sS])?(?![^\W\d_]|['’]\w)"
        ),
        _say_capitals,
        False,
    ),
)
