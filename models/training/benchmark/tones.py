"""Calls in which a machine is heard and nobody speaks. Mono float32 at 8 kHz."""

from __future__ import annotations

import numpy as np

import channel
from channel import RATE

LOUDNESS = 0.2
"""Of full scale, each tone of a chord."""

DTMF_ROWS = (697, 770, 852, 941)
DTMF_COLUMNS = (1209, 1336, 1477)
"""Hz, of the keys 1 to 9 and of the row below them (ITU-T Q.23)."""


def ring_back(rng: np.random.Generator) -> np.ndarray:
    """Ringing, as in Europe (425 Hz, 1 s in 5) or North America (440 and 480 Hz, 2 s in 6)."""
    europe = rng.random() < 0.5
    on, period, tones = (1, 5, (425,)) if europe else (2, 6, (440, 480))
    ring = np.concatenate([chord(tones, on), np.zeros((period - on) * RATE)])
    return np.tile(ring, int(rng.integers(2, 4))).astype(np.float32)


def dtmf(rng: np.random.Generator) -> np.ndarray:
    """Six keys, twice."""
    keys = rng.integers(0, 10, 6)
    pieces = [np.zeros(RATE)]
    for key in [*keys, *keys]:
        row, column = (3, 1) if key == 0 else divmod(int(key) - 1, 3)
        pieces.append(chord((DTMF_ROWS[row], DTMF_COLUMNS[column]), rng.uniform(0.08, 0.25)))
        pieces.append(np.zeros(int(rng.uniform(0.08, 0.4) * RATE)))
    return np.concatenate([*pieces, np.zeros(2 * RATE)]).astype(np.float32)


def fax(rng: np.random.Generator) -> np.ndarray:
    """A caller that is a fax (1100 Hz, 0.5 s in 3.5) and, at times, its answer (2100 Hz)."""
    cry = np.concatenate([chord((1100,), 0.5), np.zeros(3 * RATE)])
    calling = np.tile(cry, int(rng.integers(2, 5)))
    answer = chord((2100,), 3.0) if rng.random() < 0.5 else np.zeros(0)
    return np.concatenate([calling, answer, np.zeros(RATE)]).astype(np.float32)


def silence(rng: np.random.Generator) -> np.ndarray:
    """Nothing, or the hiss of a line."""
    n = int(rng.uniform(5, 15) * RATE)
    hiss = rng.uniform(0, 0.003) if rng.random() < 0.7 else 0.0
    return (hiss * channel.white_noise(n, rng)).astype(np.float32)


def music(rng: np.random.Generator) -> np.ndarray:
    """Music on hold."""
    played = channel.music(int(rng.uniform(8, 20) * RATE), rng)
    return (0.5 * played / max(float(np.max(np.abs(played))), 1e-6)).astype(np.float32)


def chord(tones: tuple[int, ...], seconds: float) -> np.ndarray:
    """Tones together, in Hz."""
    t = np.arange(int(seconds * RATE)) / RATE
    return LOUDNESS * sum(np.sin(2 * np.pi * tone * t) for tone in tones)


MACHINES = {
    "ringback": ring_back,
    "dtmf": dtmf,
    "fax": fax,
    "silence": silence,
    "music": music,
}
