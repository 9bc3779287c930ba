"""Windows to learn from: calls as Meta's voice might make them, as a bad line brings them.

A call is composed at 8 kHz out of phrases and readings, then cut as the daemon cuts: a window
begins where speech began, or in a pause, and ends at any moment up to 5.12 s later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

import channel
from channel import RATE
from sources import Digit, Utterance, Voice

LONGEST = 5.12
"""Seconds of a window."""
READING_GAP = 0.9
"""Seconds between two digits from which on they belong to two readings."""
HEARD_FROM = 0.85
"""The share of a digit that must lie in the window to be asked for ..."""
UNHEARD_UNTIL = 0.4
"""... and up to which it is not. Windows are moved so that none lies between."""


@dataclass
class Window:
    """What the network is given, and the digits it must read."""

    samples: np.ndarray
    digits: list[Digit]


@dataclass
class Kind:
    """Voices that are used in the same way, by language, and how often."""

    share: float
    languages: list[list[Voice]]
    is_fluent: bool


class Line:
    """A call that is being composed: audio end to end, and where its digits lie."""

    def __init__(self) -> None:
        self._pieces: list[np.ndarray] = []
        self._length = 0
        self.digits: list[Digit] = []

    @property
    def seconds(self) -> float:
        return self._length / RATE

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate(self._pieces)

    def say(self, samples: np.ndarray, digits: list[Digit] = ()) -> None:
        offset = self.seconds
        self.digits += [Digit(d.value, d.start + offset, d.end + offset) for d in digits]
        self._pieces.append(samples)
        self._length += len(samples)

    def wait(self, seconds: float) -> None:
        self.say(np.zeros(max(int(seconds * RATE), 0), np.float32))


class Composer:
    """Makes windows out of voices, by the numbers of a generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    @property
    def voices(self) -> list[Voice]:
        return self._voices

    @voices.setter
    def voices(self, voices: list[Voice]) -> None:
        """Composes of these voices from now on."""
        recorded = [v for v in voices if v.has_all_digits() and not v.is_synthesised]
        synthesised = [v for v in voices if v.has_all_digits() and v.is_synthesised]
        fluent = [v for v in voices if v.utterances]
        self._voices = voices
        self._phrases = [v for v in voices if v.phrases]
        self._kinds = [
            Kind(share, by_language(group), is_fluent)
            for share, group, is_fluent in (
                (0.42, recorded, False),
                (0.13, synthesised, False),
                (0.45, fluent, True),
            )
            if group
        ]

    def window(self) -> Window:
        """The next window, through its line, at 8 kHz."""
        rng = self.rng
        chance = rng.random()
        if chance < 0.05:
            line, start, end = self._without_speech()
        elif chance < 0.20:
            line, start, end = self._without_code()
        else:
            line, start, end = self._with_code()
        samples = line.samples[int(start * RATE) : int(end * RATE)]
        digits = [
            Digit(d.value, d.start - start, min(d.end, end) - start)
            for d in line.digits
            if share_inside(d, start, end) >= HEARD_FROM - 0.05
        ]
        return Window(self._through_the_line(samples), digits)

    def _voice(self) -> tuple[Voice, bool]:
        """A voice, and whether it reads whole utterances. All languages are as likely."""
        shares = np.array([kind.share for kind in self._kinds])
        kind = self._kinds[int(self.rng.choice(len(shares), p=shares / shares.sum()))]
        language = kind.languages[int(self.rng.integers(len(kind.languages)))]
        return language[int(self.rng.integers(len(language)))], kind.is_fluent

    def _phrase(self, voice: Voice) -> np.ndarray:
        rng = self.rng
        if not voice.phrases or rng.random() < 0.3:
            voice = self._phrases[int(rng.integers(len(self._phrases)))]
        return voice.phrases[int(rng.integers(len(voice.phrases)))]

    def _code(self) -> list[int]:
        rng = self.rng
        length = 6 if rng.random() < 0.85 else int(rng.integers(1, 9))
        code = [int(d) for d in rng.integers(0, 10, length)]
        if rng.random() < 0.3:
            for at in range(1, length):
                if rng.random() < 0.45:
                    code[at] = code[at - 1]
        return code

    def _row(self, voice: Voice, code: list[int]) -> Utterance:
        """A reading out of single digits, evenly or in groups."""
        rng = self.rng
        pace = rng.choice(["even", "fast", "groups"], p=[0.55, 0.25, 0.2])
        gap = rng.uniform(0.0, 0.09) if pace == "fast" else rng.uniform(0.05, 0.8)
        if pace == "groups":
            gap = rng.uniform(0.0, 0.2)
        group, group_gap = int(rng.integers(2, 4)), rng.uniform(0.2, 0.8)
        take = int(rng.integers(1_000)) if rng.random() < 0.5 else None
        # Where the voice changes with each digit, it cannot be recognised by the one before.
        speakers = self._digit_speakers(voice) if rng.random() < 0.2 else [voice]
        row = Line()
        for at, value in enumerate(code):
            if at:
                grouped = pace == "groups" and at % group == 0
                row.wait((group_gap if grouped else gap) * rng.uniform(0.9, 1.1))
            clips = speakers[int(rng.integers(len(speakers)))].digits[value]
            clip = clips[(take if take is not None else int(rng.integers(1_000))) % len(clips)]
            row.say(clip, [Digit(value, 0.0, len(clip) / RATE)])
        return Utterance(row.samples, row.digits)

    def _digit_speakers(self, voice: Voice) -> list[Voice]:
        """Those who speak single digits in the language and the manner of this one."""
        return [
            other
            for other in self._voices
            if other.language == voice.language
            and other.is_synthesised == voice.is_synthesised
            and other.has_all_digits()
        ]

    def _reading(self, voice: Voice, is_fluent: bool, code: list[int]) -> Utterance:
        if is_fluent:
            return voice.utterances[int(self.rng.integers(len(voice.utterances)))]
        return self._row(voice, code)

    def _with_code(self) -> tuple[Line, float, float]:
        rng = self.rng
        voice, is_fluent = self._voice()
        speed = float(np.clip(rng.normal(1.0, 0.12), 0.74, 1.32))
        line, code = Line(), self._code()
        line.wait(rng.uniform(0.3, 0.6))
        starts = []
        if rng.random() < 0.5:
            starts.append(line.seconds)
            line.say(resampled(self._phrase(voice), speed))
            line.wait(rng.uniform(0.05, 1.2))
        for reading in range(int(rng.integers(1, 4))):
            if reading:
                line.wait(rng.uniform(0.02, 0.4) if rng.random() < 0.2 else rng.uniform(0.5, 2.0))
                if rng.random() < 0.3:
                    starts.append(line.seconds)
                    line.say(resampled(self._phrase(voice), speed))
                    line.wait(rng.uniform(0.05, 0.8))
            starts.append(line.seconds)
            spoken = at_speed(self._reading(voice, is_fluent, code), speed)
            if rng.random() < 0.07:
                spoken = interrupted(spoken, rng)
            line.say(spoken.samples, spoken.digits)
        line.wait(0.3)
        if rng.random() < 0.3:
            line.say(resampled(self._phrase(voice), speed))
        line.wait(1.0)
        start = self._begin(line, starts)
        return line, start, self._end(line, start)

    def _begin(self, line: Line, starts: list[float]) -> float:
        """Where speech began, or a pause between two digits."""
        rng = self.rng
        if rng.random() < 0.6:
            begin = starts[int(rng.integers(len(starts)))]
            return max(begin - rng.uniform(0.1, 0.3), 0.0)
        pauses = [
            (a.end, b.start)
            for a, b in zip(line.digits, line.digits[1:])
            if b.start - a.end > 0.03
        ]
        if not pauses:
            return max(line.digits[0].start - 0.2, 0.0)
        early, late = pauses[int(rng.integers(len(pauses)))]
        return float(rng.uniform(early, late)) if rng.random() < 0.3 else (early + late) / 2

    def _end(self, line: Line, start: float) -> float:
        """Any moment, or often: a little after a digit, when the pause was noticed."""
        rng = self.rng
        latest = min(start + LONGEST, line.seconds)
        within = [d for d in line.digits if start < d.end < latest - 0.1]
        if within and rng.random() < 0.5:
            last = within[-1] if rng.random() < 0.5 else within[int(rng.integers(len(within)))]
            end = min(last.end + rng.uniform(0.08, 0.45), latest)
        elif rng.random() < 0.35:
            end = latest
        else:
            end = float(rng.uniform(min(start + 0.6, latest), latest))
        for digit in line.digits:
            share = (end - digit.start) / (digit.end - digit.start)
            if UNHEARD_UNTIL < share < HEARD_FROM:
                end = digit.start + UNHEARD_UNTIL * (digit.end - digit.start)
        return max(end, start + 0.2)

    def _without_code(self) -> tuple[Line, float, float]:
        rng = self.rng
        line = Line()
        line.wait(rng.uniform(0.05, 0.4))
        voice = self._phrases[int(rng.integers(len(self._phrases)))]
        speed = float(np.clip(rng.normal(1.0, 0.1), 0.8, 1.25))
        while line.seconds < 6:
            line.say(resampled(self._phrase(voice), speed))
            line.wait(rng.uniform(0.05, 1.0))
        start = float(rng.uniform(0, 1)) if rng.random() < 0.5 else 0.0
        return line, start, start + float(rng.uniform(0.6, LONGEST))

    def _without_speech(self) -> tuple[Line, float, float]:
        """Silence, tones of the telephone network, music."""
        rng = self.rng
        line, seconds = Line(), float(rng.uniform(0.5, LONGEST))
        n = int(seconds * RATE)
        t = np.arange(n) / RATE
        match rng.choice(["silence", "music", "tones", "dtmf"]):
            case "music":
                sound = channel.music(n, rng)
            case "tones":
                pair = rng.choice([[425, 425], [440, 480], [1100, 2100], [350, 440], [950, 1400]])
                sound = sum(np.sin(2 * np.pi * f * rng.uniform(0.98, 1.02) * t) for f in pair)
                period = rng.uniform(0.3, 4)
                sound *= (t % period) < period * rng.uniform(0.25, 1)
            case "dtmf":
                low = rng.choice([697, 770, 852, 941], n // 1_600 + 1).repeat(1_600)[:n]
                high = rng.choice([1209, 1336, 1477], n // 1_600 + 1).repeat(1_600)[:n]
                sound = np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t)
                sound *= (np.arange(n) % 1_600) < rng.uniform(500, 1_300)
            case _:
                sound = 1e-4 * channel.white_noise(n, rng)
        sound = np.asarray(sound, np.float32)
        line.say(0.5 * sound / max(float(np.max(np.abs(sound))), 0.5))
        return line, 0.0, seconds

    def _through_the_line(self, x: np.ndarray) -> np.ndarray:
        rng = self.rng
        if rng.random() < 0.1:
            x = reverberated(x, rng)
        if rng.random() < 0.55:
            x = self._noisy(x)
        # Some telephones and gateways leave little above 1.5 kHz.
        highest = rng.uniform(1_500, 2_900) if rng.random() < 0.1 else rng.uniform(2_900, 3_900)
        x = channel.band_limit(x, rng.uniform(80, 400), highest)
        peak = max(float(np.max(np.abs(x), initial=0)), 1e-4)
        x = x * np.float32(10 ** (rng.uniform(-26, 0) / 20) / max(peak, 0.05))
        if rng.random() < 0.04:
            x = np.clip(x * rng.uniform(1.5, 4), -0.8, 0.8).astype(np.float32)
        if rng.random() < 0.18:
            x = channel.gsm(x)
        x = channel.a_law(x) if rng.random() < 0.5 else channel.mu_law(x)
        if rng.random() < 0.35:
            x = channel.lose_packets(x, rng.uniform(0.005, 0.1), rng.uniform(1, 4), rng)
        return x

    def _noisy(self, x: np.ndarray) -> np.ndarray:
        rng, n = self.rng, len(x)
        match rng.choice(["pink", "white", "babble", "music"], p=[0.2, 0.1, 0.45, 0.25]):
            case "pink":
                noise, db = channel.pink_noise(n, rng), rng.uniform(3, 35)
            case "white":
                noise, db = channel.white_noise(n, rng), rng.uniform(5, 35)
            case "babble":
                noise, db = self._babble(n), rng.uniform(4, 30)
            case _:
                noise, db = channel.music(n, rng), rng.uniform(3, 30)
        return channel.mix_at_snr(x, noise, float(db))

    def _babble(self, n: int) -> np.ndarray:
        rng = self.rng
        talk = []
        for _ in range(int(rng.integers(3, 8))):
            voice = self._phrases[int(rng.integers(len(self._phrases)))]
            talk.append(self._phrase(voice))
            if rng.random() < 0.4:
                digits = self._voices[int(rng.integers(len(self._voices)))].digits
                if digits:
                    clips = [c[0] for c in digits.values()]
                    talk[-1] = np.concatenate([clips[int(i)] for i in rng.integers(0, len(clips), 6)])
        return channel.babble(talk, n, rng)


def by_language(voices: list[Voice]) -> list[list[Voice]]:
    return [
        [voice for voice in voices if voice.language == language]
        for language in sorted({voice.language for voice in voices})
    ]


def share_inside(digit: Digit, start: float, end: float) -> float:
    inside = min(digit.end, end) - max(digit.start, start)
    return inside / (digit.end - digit.start)


def resampled(samples: np.ndarray, speed: float) -> np.ndarray:
    """Faster and higher, or slower and lower."""
    places = np.arange(0, len(samples) - 1, speed)
    return np.interp(places, np.arange(len(samples)), samples).astype(np.float32)


def at_speed(spoken: Utterance, speed: float) -> Utterance:
    digits = [Digit(d.value, d.start / speed, d.end / speed) for d in spoken.digits]
    return Utterance(resampled(spoken.samples, speed), digits)


def interrupted(spoken: Utterance, rng: np.random.Generator) -> Utterance:
    """The reading breaks off after some digits and starts over."""
    after = spoken.digits[int(rng.integers(max(len(spoken.digits) - 1, 1)))].end
    head = spoken.samples[: int(after * RATE)]
    line = Line()
    line.say(head, [d for d in spoken.digits if d.end <= after + 1e-6])
    line.wait(rng.uniform(0.1, 1.0))
    line.say(spoken.samples, spoken.digits)
    return Utterance(line.samples, line.digits)


def reverberated(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A room: noise that fades away within a tenth to three tenths of a second."""
    length = int(RATE * rng.uniform(0.1, 0.3))
    tail = rng.standard_normal(length) * np.exp(-6 * np.arange(length) / length)
    tail *= rng.uniform(0.05, 0.3) / np.sqrt(np.sum(tail**2))
    tail[0] = 1
    return signal.fftconvolve(x, tail)[: len(x)].astype(np.float32)
