"""From what an engine returns to what is kept: 16 kHz, trimmed, levelled, spans settled.

Knows no engine, no text and no files.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from scipy.signal import resample_poly

RATE = 16_000
PEAK = 10 ** (-3 / 20)
MARGIN = 0.05
"""Seconds of silence kept before and after the speech."""
QUIET = 10 ** (-38 / 20)
"""What counts as silence, relative to the loudest frame."""
FRAME = RATE // 200
GUARD = 3
"""Frames by which an engine's word boundary may be late."""

Times = tuple[float, float]


@dataclass(frozen=True)
class Speech:
    """What an engine said: `samples` mono, -1 to 1; `times` in seconds, one for each span asked
    for, None where the engine does not tell."""

    samples: np.ndarray
    rate: int
    times: list[Times | None]


def finish(speech: Speech) -> Speech:
    """The speech at 16 kHz, trimmed to `MARGIN`, peak at -3 dBFS, and its spans laid on sound.

    Raises ValueError when there is no sound in it.
    """
    samples = _resample(np.asarray(speech.samples, dtype=np.float64), speech.rate)
    loud = _loud_frames(samples)
    sounding = np.flatnonzero(loud)
    if len(sounding) == 0:
        raise ValueError("the engine was silent")
    margin = round(MARGIN * RATE)
    first, last = sounding[0] * FRAME, (sounding[-1] + 1) * FRAME
    kept = samples[max(0, first - margin) : last + margin]
    kept = np.concatenate(
        [np.zeros(max(0, margin - first)), kept, np.zeros(max(0, last + margin - len(samples)))]
    )
    shift = (first - margin) / RATE
    times = [None if span is None else settle(loud, span, shift) for span in speech.times]
    return Speech(kept * (PEAK / np.abs(kept).max()), RATE, times)


def settle(loud: np.ndarray, span: Times, shift: float) -> Times | None:
    """Shrinks `span` to the sound inside it and counts it from `shift`; None if there is none.

    The last frames are looked at only when sound runs into them, for the next word may begin there.
    """
    begin, end = max(0, int(span[0] * RATE / FRAME)), int(span[1] * RATE / FRAME)
    inside = np.flatnonzero(loud[begin : max(begin + 1, end - GUARD)])
    if len(inside) == 0:
        return None
    first, last = begin + inside[0], begin + inside[-1] + 1
    start = max(span[0], first * FRAME / RATE)
    stop = span[1] if last >= end - GUARD else last * FRAME / RATE
    return (round(start - shift, 4), round(stop - shift, 4)) if stop > start else None


def _resample(samples: np.ndarray, rate: int) -> np.ndarray:
    if rate == RATE:
        return samples
    common = gcd(RATE, rate)
    return resample_poly(samples, RATE // common, rate // common)


def _loud_frames(samples: np.ndarray) -> np.ndarray:
    """For each frame of 5 ms, whether it is louder than `QUIET`."""
    count = -(-len(samples) // FRAME)
    padded = np.zeros(count * FRAME)
    padded[: len(samples)] = samples
    level = np.sqrt((padded.reshape(count, FRAME) ** 2).mean(axis=1))
    if count == 0 or level.max() < 1e-4:
        return np.zeros(count, dtype=bool)
    return level > QUIET * level.max()
