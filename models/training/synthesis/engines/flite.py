"""flite through its C library: four American voices, each word timed by its phonemes."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_float, c_int, c_short, c_void_p

import numpy as np

from synthesis.engines import Missing, Voice, token_times
from synthesis.plan import Utterance
from synthesis.sound import Speech, Times

_VOICES = ("kal16", "awb", "rms", "slt")
_USUAL_STRETCH = 1.25
"""Its voices read digits hastily; so much longer they are like the other engines'."""
_START = b"R:SylStructure.daughter1.daughter1.R:Segment.p.end"
_END = b"R:SylStructure.daughtern.daughtern.R:Segment.end"


class _Voice(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("features", c_void_p)]


class _Wave(ctypes.Structure):
    _fields_ = [
        ("type", c_char_p),
        ("sample_rate", c_int),
        ("num_samples", c_int),
        ("num_channels", c_int),
        ("samples", POINTER(c_short)),
    ]


class Flite:
    """flite as an engine."""

    name = "flite"

    def __init__(self, lib: ctypes.CDLL, voices: dict[str, POINTER(_Voice)]) -> None:
        self._lib = lib
        self._voices = voices

    def voices(self) -> list[Voice]:
        """Its four American voices of 16 kHz."""
        return [Voice(name, "en") for name in self._voices]

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        """Says it; a span's times are those of its words."""
        lib, chosen = self._lib, self._voices[voice.name]
        stretch = c_float(_USUAL_STRETCH / utterance.rate)
        lib.feat_set_float(chosen.contents.features, b"duration_stretch", stretch)
        said = lib.flite_synth_text(utterance.text.encode(), chosen)
        if not said:
            raise ValueError("flite said nothing")
        try:
            wave = lib.utt_wave(said).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)) / 32768
            return Speech(samples, wave.sample_rate, token_times(utterance, self._tokens(said)))
        finally:
            lib.delete_utterance(said)

    def _tokens(self, said: int) -> list[Times]:
        """The times of the words of each token, tokens being what blanks separate."""
        lib = self._lib
        tokens = []
        token = lib.relation_head(lib.utt_relation(said, b"Token"))
        while token:
            words = []
            word = lib.item_daughter(token)
            while word:
                words.append((lib.ffeature_float(word, _START), lib.ffeature_float(word, _END)))
                word = lib.item_next(word)
            words = [(start, end) for start, end in words if end > start]
            tokens.append((words[0][0], words[-1][1]) if words else (0.0, 0.0))
            token = lib.item_next(token)
        return tokens


def start() -> Flite:
    """Loads flite and its voices."""
    try:
        lib = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        for name in ("libflite_usenglish.so.1", "libflite_cmulex.so.1"):
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        files = {name: ctypes.CDLL(f"libflite_cmu_us_{name}.so.1") for name in _VOICES}
    except OSError as error:
        raise Missing(f"libflite1 is not installed ({error})") from error
    for name, result, arguments in (
        ("feat_set_float", None, [c_void_p, c_char_p, c_float]),
        ("flite_synth_text", c_void_p, [c_char_p, POINTER(_Voice)]),
        ("utt_wave", POINTER(_Wave), [c_void_p]),
        ("utt_relation", c_void_p, [c_void_p, c_char_p]),
        ("relation_head", c_void_p, [c_void_p]),
        ("item_next", c_void_p, [c_void_p]),
        ("item_daughter", c_void_p, [c_void_p]),
        ("ffeature_float", c_float, [c_void_p, c_char_p]),
        ("delete_utterance", None, [c_void_p]),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    lib.flite_init()
    voices = {}
    for name, file in files.items():
        register = getattr(file, f"register_cmu_us_{name}")
        register.restype, register.argtypes = POINTER(_Voice), [c_void_p]
        voices[name] = register(None)
    return Flite(lib, voices)
