"""SVOX Pico as a program: six voices of five languages, whose words are not timed.

Kept out of training: what it says is for testing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from synthesis.engines import Missing, Voice
from synthesis.engines.program import written_by
from synthesis.plan import Utterance
from synthesis.sound import Speech

_LANGUAGES = {
    "en-US": "en",
    "en-GB": "en",
    "de-DE": "de",
    "es-ES": "es",
    "fr-FR": "fr",
    "it-IT": "it",
}


class Pico:
    """Pico as an engine, a process an utterance."""

    name = "pico"

    def voices(self) -> list[Voice]:
        """Its voice of each language."""
        return [Voice(locale, language) for locale, language in _LANGUAGES.items()]

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        """Says it."""
        text = f'<speed level="{round(100 * utterance.rate)}">{utterance.text}</speed>'

        def command(wave: Path) -> list[str]:
            return ["pico2wave", f"--lang={voice.name}", f"--wave={wave}", "--", text]

        samples, rate = written_by(command)
        return Speech(samples, rate, [None] * len(utterance.spans))


def start() -> Pico:
    """Finds pico2wave."""
    if shutil.which("pico2wave") is None:
        raise Missing("pico2wave is not installed")
    return Pico()
