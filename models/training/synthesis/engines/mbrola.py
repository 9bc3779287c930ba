"""MBROLA voices, cut from recordings of people, with the phonemes of espeak-ng.

espeak-ng tells how long each phoneme is and not to which word it belongs, so the text up to a word's end
is turned into phonemes once more and looked for in the beginning of the whole. It runs as a program, a
process an utterance: in a process that lives on, it says nothing more after the first utterance that a
voice has no sounds for.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path

from synthesis.engines import Missing, Voice
from synthesis.engines.program import output_of, written_by
from synthesis.plan import Utterance
from synthesis.sound import Speech, Times

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


_PAUSE = "_"
_MOST_CHANGED = 2
"""Phonemes at the end of a text that may be others when it goes on: a liaison, a consonant that is mute."""


@dataclass(frozen=True)
class Phoneme:
    """A sound, or a pause, and the seconds from where to where it is said."""

    name: str
    start: float
    end: float


def phonemes(listing: str) -> list[Phoneme]:
    """What MBROLA is told: a line a phoneme, its name and its milliseconds."""
    said, now = [], 0.0
    for line in listing.splitlines():
        if line.strip():
            name, milliseconds = line.split()[:2]
            said.append(Phoneme(name, now, now + float(milliseconds) / 1_000))
            now = said[-1].end
    return said


def span_times(whole: list[Phoneme], before: list[Phoneme], until: list[Phoneme]) -> Times | None:
    """When the word is said that the beginning `until` of an utterance has and `before` has not; None
    where they are not its beginning."""
    start, end = _shared(whole, before), _shared(whole, until)
    if start is None or end is None:
        return None
    sounds = [phoneme for phoneme in whole[start:end] if phoneme.name != _PAUSE]
    return (sounds[0].start, sounds[-1].end) if sounds else None


def _shared(whole: list[Phoneme], beginning: list[Phoneme]) -> int | None:
    """How many phonemes of the whole a beginning has."""
    names = [phoneme.name for phoneme in beginning]
    while names and names[-1] == _PAUSE:
        names.pop()
    shared = len(commonprefix([names, [phoneme.name for phoneme in whole]]))
    return shared if shared >= len(names) - _MOST_CHANGED else None


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
        espeak = ["espeak-ng", "-v", voice.name, "-s", str(speed)]
        samples, rate = written_by(lambda wave: [*espeak, "-w", str(wave), "--", utterance.text])

        def pronounced(text: str) -> list[Phoneme]:
            return phonemes(output_of([*espeak, "-q", "--pho", "--", text]))

        whole = pronounced(utterance.text) if utterance.spans else []
        times = [
            span_times(whole, *(pronounced(utterance.text[:place]) for place in (span.start, span.end)))
            for span in utterance.spans
        ]
        return Speech(samples, rate, times)


def start() -> Mbrola:
    """Finds espeak-ng and MBROLA."""
    for program in ("espeak-ng", "mbrola"):
        if shutil.which(program) is None:
            raise Missing(f"{program} is not installed")
    return Mbrola()
