"""What a telephone line does to speech.

All functions take and give mono float32 arrays at 8 kHz between -1 and 1, and never change their
argument. Whatever is left to chance is drawn from the generator that is passed in.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
from scipy import signal

RATE = 8_000
PACKET = RATE // 50
"""Samples of one RTP packet of 20 ms."""


def band_limit(x: np.ndarray, low: float = 300.0, high: float = 3_400.0) -> np.ndarray:
    """The band of a telephone channel, as ITU-T G.712 draws it (4th-order Butterworth)."""
    sections = signal.butter(4, [low, min(high, 3_900.0)], "bandpass", fs=RATE, output="sos")
    return signal.sosfilt(sections, x).astype(np.float32)


def mu_law(x: np.ndarray) -> np.ndarray:
    """Through G.711 mu-law and back (RFC 3551, PCMU)."""
    return _through(x, "ULAW")


def a_law(x: np.ndarray) -> np.ndarray:
    """Through G.711 A-law and back (RFC 3551, PCMA)."""
    return _through(x, "ALAW")


def gsm(x: np.ndarray) -> np.ndarray:
    """Through GSM 06.10 full rate and back: one leg of the call was mobile."""
    return _through(x, "GSM610")


def _through(x: np.ndarray, subtype: str) -> np.ndarray:
    container = "WAV"
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(x, -1, 1), RATE, format=container, subtype=subtype)
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32")
    return np.resize(decoded, len(x)) if len(decoded) >= len(x) else np.pad(
        decoded, (0, len(x) - len(decoded))
    )


def lose_packets(
    x: np.ndarray, rate: float, burst: float, rng: np.random.Generator
) -> np.ndarray:
    """Loses packets of 20 ms: a share `rate` of them, `burst` packets at a time on average.

    A lost packet is silence, as the receiver of the daemon leaves it.
    """
    y = x.copy()
    if rate <= 0:
        return y
    leave = 1 / max(burst, 1.0)
    enter = rate * leave / (1 - rate)
    lost = rng.random() < rate
    for start in range(0, len(y), PACKET):
        if lost:
            y[start : start + PACKET] = 0
        lost = rng.random() >= leave if lost else rng.random() < enter
    return y


def white_noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """White noise of unit power."""
    return rng.standard_normal(n).astype(np.float32)


def pink_noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls by 3 dB an octave, of unit power."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    noise = np.fft.irfft(spectrum, n).astype(np.float32)
    return noise / max(float(np.sqrt(np.mean(noise**2))), 1e-9)


def babble(voices: list[np.ndarray], n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` samples of people who talk at the same time: each voice repeats from a random place."""
    mixed = np.zeros(n, np.float32)
    for voice in voices:
        start = int(rng.integers(len(voice)))
        loop = np.resize(np.roll(voice, -start), n)
        mixed += loop / max(float(np.sqrt(np.mean(loop**2))), 1e-6)
    return mixed


def music(n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` samples of chords over a bass and a beat, each of plucked or held tones."""
    mixed = np.zeros(n, np.float32)
    beat = int(RATE * rng.uniform(0.25, 0.6))
    root = float(rng.uniform(90, 220))
    held = rng.random() < 0.4
    for start in range(0, n, beat):
        length = min(n - start, beat * (2 if held else 1))
        t = np.arange(length) / RATE
        decay = np.exp(-t * rng.uniform(0.3, 2 if held else 8)).astype(np.float32)
        degree = int(rng.choice([0, 3, 4, 5, 7, 9]))
        for step in (0, int(rng.choice([3, 4])), 7, 12):
            pitch = root * 2 ** ((degree + step) / 12)
            for harmonic in range(1, int(rng.integers(2, 7))):
                if pitch * harmonic < 3_800:
                    phase = rng.uniform(0, 2 * np.pi)
                    tone = np.sin(2 * np.pi * pitch * harmonic * t + phase) / harmonic
                    mixed[start : start + length] += tone.astype(np.float32) * decay
        if rng.random() < 0.6:
            hit = min(length, RATE // 20)
            fall = np.exp(-np.arange(hit) / (RATE / 100))
            mixed[start : start + hit] += 1.5 * (rng.standard_normal(hit) * fall).astype(np.float32)
    return mixed


def mix_at_snr(x: np.ndarray, noise: np.ndarray, db: float) -> np.ndarray:
    """Adds noise `db` decibels below the power of the speech, pauses not counted."""
    loud = np.abs(x) > 0.02 * max(float(np.max(np.abs(x))), 1e-9)
    power = float(np.mean(x[loud] ** 2)) if loud.any() else 1e-4
    noise_power = max(float(np.mean(noise**2)), 1e-12)
    gain = np.sqrt(power / noise_power / 10 ** (db / 10))
    mixed = x + gain * noise[: len(x)]
    return (mixed / max(1.0, float(np.max(np.abs(mixed))))).astype(np.float32)
