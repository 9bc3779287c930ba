"""MBROLA voices, cut from recordings of people, with the phonemes of espeak-ng.

espeak-ng does not tell when their words begin, so they only say single digits and phrases.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from synthesis.engines import Missing, Voice
from synthesis.engines.espeak import Espeak, Library

_VOICE_FOLDER = Path("/usr/share/mbrola")
_VOICES = {
    "en": ("en1", "us1", "us2", "us3"),
    "es": ("es1", "es2", "es3", "es4", "mx1", "mx2", "vz1"),
    "pt-BR": ("br1", "br2", "br3", "br4", "pt1"),
    "fr": ("fr1", "fr2", "fr3", "fr4", "fr5", "fr6", "fr7", "ca1", "ca2"),
    "it": ("it1", "it2", "it3", "it4"),
    "de": ("de1", "de2", "de3", "de4", "de5", "de6", "de7", "de8"),
}


class Mbrola(Espeak):
    """espeak-ng with MBROLA's diphones in place of its own sounds."""

    name = "mbrola"

    def voices(self) -> list[Voice]:
        """Those of the known voices that are installed."""
        settings = {"pitch": 50, "range": 50, "speed": 1.0}
        return [
            Voice(f"mb-{voice}", language, settings)
            for language, voices in _VOICES.items()
            for voice in voices
            if (_VOICE_FOLDER / voice / voice).is_file()
        ]


def start() -> Mbrola:
    """Starts espeak-ng where MBROLA is installed beside it."""
    if shutil.which("mbrola") is None:
        raise Missing("mbrola is not installed")
    return Mbrola(Library())
