"""Calls as they are spoken, before the line does anything to them.

Samples are mono float32 at 8 kHz between -1 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from channel import RATE
from sources import Voice

CODE_LENGTH = 6

GAPS = (0.05, 0.8)
"""Seconds between two digits: one length a call, and a little off it each time."""
FAST_GAPS = (0.03, 0.08)
JITTER = 0.1


@dataclass
class Call:
    """A call, and when what is spoken in it ends."""

    voice: str
    language: str
    code: str | None = None
    pieces: list[np.ndarray] = field(default_factory=list)
    digit_ends: list[list[float]] = field(default_factory=list)
    """Seconds, for each reading of the code."""

    @property
    def seconds(self) -> float:
        return sum(len(piece) for piece in self.pieces) / RATE

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate(self.pieces)

    def say(self, samples: np.ndarray) -> None:
        self.pieces.append(samples.astype(np.float32))

    def wait(self, seconds: float) -> None:
        self.say(np.zeros(int(seconds * RATE), np.float32))


@dataclass(frozen=True)
class Manner:
    """How a code is spoken."""

    gaps: tuple[float, float] = GAPS
    readings: int = 2
    phrases: bool = True


def draw_code(rng: np.random.Generator, length: int = CODE_LENGTH) -> str:
    """Any digits; in one code of three, neighbours are often the same."""
    digits = [int(digit) for digit in rng.integers(0, 10, length)]
    if rng.random() < 1 / 3:
        for place in range(1, length):
            if rng.random() < 0.4:
                digits[place] = digits[place - 1]
    return "".join(map(str, digits))


def spoken_code(
    voice: Voice, phrases: list[np.ndarray], manner: Manner, rng: np.random.Generator
) -> Call:
    """A call in which `voice` speaks a code, out of single digits."""
    call = Call(voice.name, voice.language, draw_code(rng))
    begin(call, phrases if manner.phrases else [], rng)
    gap = rng.uniform(*manner.gaps)
    for reading in range(manner.readings):
        if reading:
            call.wait(rng.uniform(0.8, 2.0))
        call.digit_ends.append(say_digits(call, voice, call.code, gap, rng))
    call.wait(rng.uniform(1.5, 2.5))
    return call


def other_digits(
    voice: Voice, phrases: list[np.ndarray], length: int, readings: int, rng: np.random.Generator
) -> Call:
    """Digits that are no code, because of their number; a caller who says few hangs up at once."""
    call = Call(voice.name, voice.language)
    begin(call, phrases, rng)
    digits, gap = draw_code(rng, length), rng.uniform(*GAPS)
    for reading in range(readings):
        if reading:
            call.wait(rng.uniform(0.8, 2.0))
        say_digits(call, voice, digits, gap, rng)
    if length >= CODE_LENGTH - 1:
        call.wait(rng.uniform(1.5, 2.5))
    return call


def phrases_only(
    name: str, language: str, phrases: list[np.ndarray], rng: np.random.Generator
) -> Call:
    """A call in which no digit is spoken, unless the phrases hold some."""
    call = Call(name, language)
    call.wait(rng.uniform(0.3, 1.5))
    for _ in range(int(rng.integers(2, 5))):
        call.say(phrases[int(rng.integers(len(phrases)))])
        call.wait(rng.uniform(0.2, 1.5))
    call.wait(rng.uniform(1.0, 2.0))
    return call


def tail_of_another(voice: Voice, phrases: list[np.ndarray], rng: np.random.Generator) -> Call:
    """What is left of another call: the end of its last reading, from amid a digit, and a
    farewell."""
    other = spoken_code(voice, [], Manner(readings=1, phrases=False), rng)
    first = int(rng.integers(1, CODE_LENGTH - 1))
    start = int((other.digit_ends[0][first] - 0.1) * RATE)
    call = Call(voice.name, voice.language)
    call.say(other.samples[start:])
    if phrases:
        call.say(phrases[int(rng.integers(len(phrases)))])
    call.wait(1.5)
    return call


def begin(call: Call, phrases: list[np.ndarray], rng: np.random.Generator) -> None:
    """Silence, and one or two phrases if there are any."""
    call.wait(rng.uniform(0.3, 1.5))
    for _ in range(int(rng.integers(1, 3)) if phrases else 0):
        call.say(phrases[int(rng.integers(len(phrases)))])
        call.wait(rng.uniform(0.3, 1.0))


def say_digits(
    call: Call, voice: Voice, digits: str, gap: float, rng: np.random.Generator
) -> list[float]:
    """Says digits at an even pace, any take of each; returns the seconds at which each ends."""
    ends = []
    for place, digit in enumerate(digits):
        if place:
            call.wait(gap * rng.uniform(1 - JITTER, 1 + JITTER))
        takes = voice.digits[int(digit)]
        call.say(takes[int(rng.integers(len(takes)))])
        ends.append(call.seconds)
    return ends
