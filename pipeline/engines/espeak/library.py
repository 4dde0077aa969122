"""libespeak-ng by ctypes: a private copy of the library file, loaded anew for each utterance.

The library keeps everything in one process-wide state. That has three faults for us. Other users of the
very same file (a G2P front end is one) would change voice and callback under our feet without an error. A
second utterance never sounds quite like the same one said first, since flutter and noise run on where they
were (re-seeding, cancelling and initializing again do not reset them; measured on 1.52). And initializing
seeds breath and noise by the clock, so breathy voices (f2, f3, f5, whisper) would differ from second to
second. So each object copies the file, which the dynamic linker takes for another library, and loads, seeds
and drops that copy around each utterance: 2 ms, no shared state, and the same text gives the same bytes.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_int, c_short, c_uint, c_void_p
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.engines.espeak.prosody import Parameters
from pipeline.errors import EngineError, LineError, MissingError

# Source: espeak-ng's public header, speak_lib.h (version 1.52).
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_END_PAUSE = 0x1000
_IPA = 0x02
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_OK = 0
_SEED = 1

# espeak marks a word that it reads as another language's: (en)nˈəʊ(fr).
_LANGUAGE_MARK = re.compile(r"\([a-z][a-z0-9-]*\)")

_Callback = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, c_void_p)


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("languages", c_void_p),
        ("identifier", c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


class EspeakLibrary:
    """Speaks text and gives its phonemes. Owns its copy of the library until `close`; threads may share it.

    Args:
        scratch: a folder where the copy lies meanwhile.
    Raises:
        MissingError: the package that brings espeak-ng is not installed.
        EngineError: it cannot be loaded here.
    """

    def __init__(self, scratch: Path) -> None:
        library, self._data = _installed()
        self._variants = {path.name for path in (self._data / "voices" / "!v").glob("*")}
        self._lock = threading.Lock()
        try:
            scratch.mkdir(parents=True, exist_ok=True)
            self._folder = tempfile.TemporaryDirectory(prefix="espeak-", dir=scratch)
            self._copy = Path(shutil.copy(library, self._folder.name))
        except OSError as error:
            raise EngineError(f"cannot copy espeak-ng: {error}", where=str(library)) from error
        with self._lock, self._fresh() as fresh:
            self.sample_rate = fresh.sample_rate
            self._identifiers = _identifiers(fresh.library)

    def speak(self, text: str, voice: str, parameters: Parameters) -> tuple[npt.NDArray[np.int16], str]:
        """The text as sound, int16 (samples,) at `sample_rate` Hz, and its phonemes in IPA.

        The text is read as words: neither markup nor phoneme brackets in it mean anything. Equal arguments
        give equal samples, whatever was spoken before.

        Raises:
            LineError: espeak has no such voice, or refuses the text.
        """
        data = encode(text)
        with self._lock, self._fresh() as fresh:
            fresh.select(self._identifier(voice), parameters)
            samples = fresh.synthesize(data)
            return samples, fresh.phonemes(data)

    def close(self) -> None:
        """Removes the copy. May be called twice."""
        with self._lock:
            self._folder.cleanup()

    def _identifier(self, voice: str) -> str:
        name, plus, variant = voice.partition("+")
        # espeak itself ignores a variant that it does not find.
        if name not in self._identifiers or (plus and variant not in self._variants):
            raise LineError(f"espeak has no voice '{voice}'")
        return f"{self._identifiers[name]}{plus}{variant}"

    @contextmanager
    def _fresh(self) -> Iterator[_Fresh]:
        from _ctypes import dlclose

        try:
            library = ctypes.CDLL(str(self._copy))
        except OSError as error:
            raise EngineError(f"cannot load espeak-ng: {error}", where=str(self._copy)) from error
        _declare(library)
        try:
            yield _Fresh(library, self._data)
        finally:
            library.espeak_Terminate()
            dlclose(library._handle)


class _Fresh:
    """The library as it is just after loading: good for one utterance."""

    def __init__(self, library: ctypes.CDLL, data: Path) -> None:
        self.library = library
        self._pieces: list[bytes] = []
        # Kept here: the callback must live as long as the library may call it.
        self._callback = _Callback(self._take)
        self.sample_rate = int(library.espeak_Initialize(_SYNCHRONOUS, 0, str(data).encode(), _DONT_EXIT))
        if self.sample_rate <= 0:
            raise EngineError(
                "espeak-ng does not start", where=str(data), hint="install espeakng-loader anew"
            )
        # After initializing, which seeds by the clock; any fixed number does.
        library.espeak_ng_SetRandSeed(_SEED)
        library.espeak_SetSynthCallback(self._callback)

    def select(self, identifier: str, parameters: Parameters) -> None:
        """Sets voice and parameters."""
        if self.library.espeak_SetVoiceByName(identifier.encode()) != _OK:
            raise LineError(f"espeak cannot load voice '{identifier}'")
        settings = {
            _RATE: parameters.rate_wpm,
            _VOLUME: parameters.volume,
            _PITCH: parameters.pitch,
            _RANGE: parameters.pitch_range,
        }
        for parameter, value in settings.items():
            self.library.espeak_SetParameter(parameter, value, 0)

    def synthesize(self, data: bytes) -> npt.NDArray[np.int16]:
        """The sound of UTF-8 text."""
        status = self.library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8 | _END_PAUSE, None, None)
        if status != _OK:
            raise LineError(f"espeak refuses '{data[:60].decode(errors='ignore')}' (status {status})")
        return np.frombuffer(b"".join(self._pieces), dtype=np.int16)

    def phonemes(self, data: bytes) -> str:
        """The IPA of UTF-8 text, clauses apart by a space."""
        buffer = ctypes.create_string_buffer(data)
        rest = c_void_p(ctypes.addressof(buffer))
        clauses: list[str] = []
        while rest.value:
            said = self.library.espeak_TextToPhonemes(byref(rest), _UTF8, _IPA)
            clauses.append(_LANGUAGE_MARK.sub("", (said or b"").decode("utf-8", "replace")).strip())
        return " ".join(clause for clause in clauses if clause)

    def _take(self, samples: ctypes._Pointer[c_short] | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        return 0


def encode(text: str) -> bytes:
    """UTF-8 without control characters: one of them starts espeak's embedded commands.

    Raises:
        LineError: half a surrogate pair, which no encoding knows.
    """
    plain = "".join(" " if ord(character) < 32 or ord(character) == 127 else character for character in text)
    try:
        return plain.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LineError(f"'{text[:60]!r}' has a character that is none: {error.reason}") from error


def _installed() -> tuple[Path, Path]:
    try:
        import espeakng_loader
    except ImportError as error:
        raise MissingError(
            "engine espeak needs 'espeakng_loader'", hint="run: pip install 'espeakng-loader==0.2.4'"
        ) from error
    return Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())


def _identifiers(library: ctypes.CDLL) -> dict[str, str]:
    """Our names of voices to espeak's: the language, or the file's name where two share a language.

    espeak finds a voice by its language only if the file happens to be called so (`en-us`, not `fr-fr`).
    """
    found: dict[str, str] = {}
    voices = library.espeak_ListVoices(None)
    index = 0
    while voices[index]:
        voice = voices[index].contents
        identifier = voice.identifier.decode()
        # One byte of priority stands before the language's name.
        language = ctypes.string_at(voice.languages + 1).decode().lower()
        found.setdefault(language, identifier)
        found.setdefault(identifier.rpartition("/")[2].lower(), identifier)
        index += 1
    return found


def _declare(library: ctypes.CDLL) -> None:
    """Argument and result types, so that a pointer is never cut to an int."""
    library.espeak_Initialize.argtypes = [c_int, c_int, c_char_p, c_int]
    library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
    library.espeak_SetSynthCallback.argtypes = [_Callback]
    library.espeak_SetSynthCallback.restype = None
    library.espeak_ListVoices.argtypes = [c_void_p]
    library.espeak_ListVoices.restype = POINTER(POINTER(_Voice))
    library.espeak_SetVoiceByName.argtypes = [c_char_p]
    library.espeak_SetParameter.argtypes = [c_int, c_int, c_int]
    library.espeak_Synth.argtypes = [
        *(c_char_p, ctypes.c_size_t, c_uint, c_int, c_uint, c_uint),
        *(POINTER(c_uint), c_void_p),
    ]
    library.espeak_TextToPhonemes.argtypes = [POINTER(c_void_p), c_int, c_int]
    library.espeak_TextToPhonemes.restype = c_char_p
