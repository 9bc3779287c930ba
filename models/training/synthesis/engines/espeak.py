"""espeak-ng through its C library, which reports the moment at which each word begins."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_short, c_size_t, c_uint, c_void_p

import numpy as np

from synthesis.engines import Missing, Voice
from synthesis.plan import Span, Utterance
from synthesis.sound import Speech, Times

_SYNCHRONOUS = 2
_RATE, _PITCH, _RANGE = 1, 3, 4
_POSITION_IN_CHARACTERS = 1
_UTF8 = 1
_IPA, _TIE = 0x02, 0x80
_EVENT_END, _EVENT_WORD = 0, 1
_USUAL_WORDS_PER_MINUTE = 165

_ACCENTS = {
    "en": ("en-us", "en", "en-gb-x-rp", "en-us-nyc", "en-gb-scotland", "en-gb-x-gbclan"),
    "es": ("es", "es-419"),
    "pt-BR": ("pt-br",),
    "fr": ("fr", "fr-be", "fr-ch"),
    "it": ("it",),
    "de": ("de",),
    "ru": ("ru",),
}
_VARIANTS = {
    # name: pitch and its range (0 to 99, 50 usual), speed (1 usual)
    "m1": (40, 50, 1.0),
    "f2": (55, 60, 1.05),
    "m3": (30, 40, 0.9),
    "f4": (45, 45, 0.95),
    "m7": (50, 70, 1.1),
    "f5": (60, 55, 1.0),
    "Andy": (45, 50, 1.0),
    "Annie": (50, 60, 1.0),
    "klatt2": (40, 55, 0.95),
    "linda": (55, 50, 1.1),
    "max": (35, 60, 1.0),
    "steph": (60, 65, 0.9),
}


class _Id(ctypes.Union):
    _fields_ = [("number", c_int), ("name", c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _Id),
    ]


_CALLBACK = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class Library:
    """libespeak-ng; one in a process, for it keeps its state in globals."""

    def __init__(self) -> None:
        try:
            self._lib = ctypes.CDLL("libespeak-ng.so.1")
        except OSError as error:
            raise Missing(f"libespeak-ng1 is not installed ({error})") from error
        self._lib.espeak_TextToPhonemes.restype = c_char_p
        self._lib.espeak_TextToPhonemes.argtypes = [POINTER(c_char_p), c_int, c_int]
        self._lib.espeak_Synth.argtypes = [
            c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint, POINTER(c_uint), c_void_p,
        ]  # fmt: skip
        self.rate = self._lib.espeak_Initialize(_SYNCHRONOUS, 200, None, 0)
        if self.rate <= 0:
            raise Missing("espeak-ng has no data")
        self._chunks: list[np.ndarray] = []
        self._words: list[tuple[int, float]] = []
        self._callback = _CALLBACK(self._receive)
        self._lib.espeak_SetSynthCallback(self._callback)

    def choose(self, voice: str) -> None:
        """Makes `voice` the current one; it resets the parameters."""
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng knows no voice {voice}")

    def set(self, parameter: int, value: int) -> None:
        self._lib.espeak_SetParameter(parameter, value, 0)

    def say(self, text: str) -> tuple[np.ndarray, list[tuple[int, float]]]:
        """Samples, and for each word the place of its first character and its time in seconds."""
        self._chunks, self._words = [], []
        raw = text.encode() + b"\0"
        failed = self._lib.espeak_Synth(
            raw, len(raw), 0, _POSITION_IN_CHARACTERS, 0, _UTF8, None, None
        )
        if failed or not self._chunks:
            raise ValueError("espeak-ng said nothing")
        return np.concatenate(self._chunks) / 32768, self._words

    def phonemes(self, text: str, tie: str) -> str:
        """The text in the phonetic alphabet, clauses joined by spaces, `tie` between the letters
        of one phoneme."""
        mode = _IPA | _TIE | ord(tie) << 8
        left = c_char_p(text.encode())
        clauses = []
        while left.value:
            clause = self._lib.espeak_TextToPhonemes(ctypes.byref(left), _UTF8, mode)
            clauses.append(clause.decode())
        return " ".join(clauses)

    def _receive(self, samples, count: int, events) -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float64))
        place = 0
        while events[place].type != _EVENT_END:
            event = events[place]
            if event.type == _EVENT_WORD:
                self._words.append((event.text_position - 1, event.audio_position / 1000))
            place += 1
        return 0


class Espeak:
    """espeak-ng as an engine."""

    name = "espeak"

    def __init__(self, library: Library) -> None:
        self._library = library

    def voices(self) -> list[Voice]:
        """Ten variants a language, over its accents in turn."""
        voices = []
        for place, (language, accents) in enumerate(_ACCENTS.items()):
            names = list(_VARIANTS)
            names = names[place % len(names) :] + names[: place % len(names)]
            for turn, variant in enumerate(names[:10]):
                pitch, spread, speed = _VARIANTS[variant]
                name = f"{accents[turn % len(accents)]}+{variant}"
                settings = {"pitch": pitch, "range": spread, "speed": speed}
                voices.append(Voice(name, language, settings))
        return voices

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        """Says it; a span ends where the next word begins, silence included."""
        library = self._library
        library.choose(voice.name)
        speed = min(2.0, utterance.rate * voice.settings["speed"])
        library.set(_RATE, round(_USUAL_WORDS_PER_MINUTE * speed))
        library.set(_PITCH, voice.settings["pitch"])
        library.set(_RANGE, voice.settings["range"])
        samples, words = library.say(utterance.text)
        seconds = len(samples) / library.rate
        times = [_times(span, words, seconds) for span in utterance.spans]
        return Speech(samples, library.rate, times)


def _times(span: Span, words: list[tuple[int, float]], seconds: float) -> Times | None:
    inside = [time for place, time in words if span.start <= place < span.end]
    after = [time for place, time in words if place >= span.end]
    if not inside:
        return None
    return min(inside), min(after, default=seconds)


def start() -> Espeak:
    """Starts espeak-ng."""
    return Espeak(Library())
