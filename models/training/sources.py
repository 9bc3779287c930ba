"""The recordings that calls are composed of: voices, their digits, phrases and whole utterances.

Everything is brought to mono float32 at 8 kHz. Two layouts are read:

- `<voice>_<language>/N.flac` or `N_<speaker>_<take>.flac`: one spoken digit each; all other files
  hold speech without digits.
- `<engine>/<voice>_<language>/manifest.jsonl`: text-to-speech, as `synthesise.py` writes it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from channel import RATE

SILENCE = 0.02
"""Of a clip's loudest 10 ms: quieter ones at its ends are cut off."""
LONGEST_DIGIT = 1.0
"""Seconds; longer clips hold more than one digit."""


@dataclass
class Digit:
    """A digit in an utterance, and the seconds from where to where it is spoken."""

    value: int
    start: float
    end: float


@dataclass
class Utterance:
    """Connected speech with or without digits in it."""

    samples: np.ndarray
    digits: list[Digit]


@dataclass
class Voice:
    """One speaker in one language."""

    name: str
    language: str
    is_synthesised: bool = False
    digits: dict[int, list[np.ndarray]] = field(default_factory=dict)
    phrases: list[np.ndarray] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)

    def has_all_digits(self) -> bool:
        return len(self.digits) == 10


def read(path: Path) -> np.ndarray:
    """Reads a file and brings it to 8 kHz and a peak of 0.7."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    samples = samples.mean(axis=1)
    if rate != RATE:
        samples = signal.resample_poly(samples, RATE, rate).astype(np.float32)
    return samples * (0.7 / max(float(np.max(np.abs(samples), initial=0)), 1e-4))


def trim(samples: np.ndarray) -> np.ndarray:
    """Cuts silence off both ends."""
    step = RATE // 100
    frames = samples[: len(samples) // step * step].reshape(-1, step)
    if len(frames) == 0:
        return samples
    loudness = np.sqrt(np.mean(frames**2, axis=1))
    loud = np.flatnonzero(loudness > SILENCE * loudness.max())
    return samples[loud[0] * step : (loud[-1] + 1) * step].copy()


def recorded_voices(folder: Path) -> list[Voice]:
    """The voices in `folder`."""
    voices = []
    for path in sorted(folder.iterdir()):
        if not path.is_dir():
            continue
        voice = Voice(path.name, path.name.rsplit("_", 1)[-1])
        for file in sorted(path.glob("*.flac")):
            if digit := re.match(r"(\d)(_|\.)", file.name):
                clip = trim(read(file))
                if len(clip) < LONGEST_DIGIT * RATE:
                    voice.digits.setdefault(int(digit[1]), []).append(clip)
            else:
                voice.phrases.append(read(file))
        voices.append(voice)
    return voices


class SynthesisedVoices:
    """The voices of a text-to-speech corpus, which may still be growing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.voices: dict[str, Voice] = {}
        self._lines_read: dict[Path, int] = {}

    def refresh(self) -> list[Voice]:
        """Reads what has come since the last time. Returns all voices."""
        for manifest in sorted(self.folder.glob("*/*/manifest.jsonl")):
            lines = manifest.read_text().split("\n")[:-1]
            for line in lines[self._lines_read.get(manifest, 0) :]:
                self._add(manifest, json.loads(line))
            self._lines_read[manifest] = len(lines)
        return list(self.voices.values())

    def _add(self, manifest: Path, item: dict) -> None:
        name = f"{item['engine']}/{manifest.parent.name}"
        voice = self.voices.setdefault(name, Voice(name, item["language"][:2], True))
        samples = read(manifest.parent / item["file"])
        spans = item["digits"]
        if item["kind"] == "digit":
            clip = trim(samples)
            if len(spans) == 1 and len(clip) < LONGEST_DIGIT * RATE:
                voice.digits.setdefault(spans[0][0], []).append(clip)
        elif not spans:
            voice.phrases.append(samples)
        elif all(start is not None for _, start, _ in spans):
            voice.utterances.append(Utterance(samples, [Digit(*span) for span in spans]))
