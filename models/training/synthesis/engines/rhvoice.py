"""RHVoice as a program: Russian, English and Brazilian voices, whose words are not timed.

Kept out of training: what it says is for testing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from synthesis.engines import Missing, Voice
from synthesis.engines.program import written_by
from synthesis.plan import Utterance
from synthesis.sound import Speech

_VOICE_FOLDER = Path("/usr/share/RHVoice/voices")
_LANGUAGES = {
    "en": ("alan", "bdl", "clb", "evgeniy-eng", "lyubov"),
    "pt-BR": ("Leticia-F123",),
    "ru": ("aleksandr", "anna", "arina", "artemiy", "elena", "irina", "mikhail", "pavel", "yuriy"),
}


class RhVoice:
    """RHVoice as an engine, a process an utterance."""

    name = "rhvoice"

    def voices(self) -> list[Voice]:
        """Those of the known voices that are installed."""
        return [
            Voice(name, language)
            for language, names in _LANGUAGES.items()
            for name in names
            if (_VOICE_FOLDER / name).is_dir()
        ]

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        """Says it."""

        def command(wave: Path) -> list[str]:
            rate = str(round(100 * utterance.rate))
            return ["RHVoice-test", "-p", voice.name, "-r", rate, "-o", str(wave)]

        samples, rate = written_by(command, utterance.text)
        return Speech(samples, rate, [None] * len(utterance.spans))


def start() -> RhVoice:
    """Finds RHVoice-test."""
    if shutil.which("RHVoice-test") is None:
        raise Missing("rhvoice is not installed")
    return RhVoice()
