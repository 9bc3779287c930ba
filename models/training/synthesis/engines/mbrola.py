"""MBROLA voices, cut from recordings of people, with the phonemes of espeak-ng.

espeak-ng does not tell when their words begin, so they only say single digits and phrases. It runs as a
program, a process an utterance: in a process that lives on, it says nothing more after the first
utterance that a voice has no sounds for.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from synthesis.engines import Missing, Voice
from synthesis.engines.program import written_by
from synthesis.plan import Utterance
from synthesis.sound import Speech

_VOICE_FOLDER = Path("/usr/share/mbrola")
_USUAL_WORDS_PER_MINUTE = 165
_VOICES = {
    "en": ("en1", "us1", "us2", "us3"),
    "es": ("es1", "es2", "es3", "es4", "mx1", "mx2", "vz1"),
    "pt-BR": ("br1", "br2", "br3", "br4", "pt1"),
    "fr": ("fr1", "fr2", "fr3", "fr4", "fr5", "fr6", "fr7", "ca1", "ca2"),
    "it": ("it1", "it2", "it3", "it4"),
    "de": ("de1", "de2", "de3", "de4", "de5", "de6", "de7", "de8"),
}


class Mbrola:
    """espeak-ng with MBROLA's diphones in place of its own sounds."""

    name = "mbrola"

    def voices(self) -> list[Voice]:
        """Those of the known voices that are installed."""
        return [
            Voice(f"mb-{voice}", language)
            for language, voices in _VOICES.items()
            for voice in voices
            if (_VOICE_FOLDER / voice / voice).is_file()
        ]

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        """Says it."""
        speed = round(_USUAL_WORDS_PER_MINUTE * min(2.0, utterance.rate))

        def command(wave: Path) -> list[str]:
            return [
                "espeak-ng", "-v", voice.name, "-s", str(speed), "-w", str(wave), "--",
                utterance.text,
            ]  # fmt: skip

        samples, rate = written_by(command)
        return Speech(samples, rate, [None] * len(utterance.spans))


def start() -> Mbrola:
    """Finds espeak-ng and MBROLA."""
    for program in ("espeak-ng", "mbrola"):
        if shutil.which(program) is None:
            raise Missing(f"{program} is not installed")
    return Mbrola()
