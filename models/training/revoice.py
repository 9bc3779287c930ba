"""Makes other voices out of recorded ones: python revoice.py --recorded FOLDER... --out FOLDER.

Most languages have a handful of people who recorded all ten digits, and a network learns a handful by
heart. WORLD (Morise, Yokomori and Ozawa, 2016) takes a recording apart into pitch, spectral envelope and
breath; put together with another pitch, a longer or shorter vocal tract and another pace, it is a voice
nobody has, saying the digits as a person said them. The same seed gives the same voices.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyworld
import soundfile
from scipy import signal

RATE = 16_000
FRAME = 0.005
"""Seconds from one analysis to the next."""


@dataclass(frozen=True)
class Change:
    """From the voice that was recorded to the one that is made. 1 leaves as it is."""

    pitch: float
    melody: float
    """How far the pitch moves around its middle."""
    tract: float
    """Below 1 a shorter vocal tract: formants are higher."""
    pace: float
    breath: float
    """Exponent of the aperiodicity: below 1 the voice is hoarser."""

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Change":
        tract = rng.uniform(0.84, 1.2)
        return cls(
            # Long vocal tracts go with low voices, loosely.
            pitch=2 ** rng.uniform(-0.5, 0.5) / tract,
            melody=rng.uniform(0.5, 1.6),
            tract=tract,
            pace=rng.uniform(0.8, 1.25),
            breath=rng.uniform(0.6, 1.3),
        )


def revoiced(samples: np.ndarray, change: Change) -> np.ndarray:
    """Samples at 16 kHz, float64, as another voice would have said them."""
    pitch, times = pyworld.harvest(samples, RATE, frame_period=1_000 * FRAME)
    envelope = pyworld.cheaptrick(samples, pitch, times, RATE)
    breath = pyworld.d4c(samples, pitch, times, RATE)

    voiced = pitch > 0
    if voiced.any():
        middle = np.exp(np.mean(np.log(pitch[voiced])))
        pitch[voiced] = change.pitch * middle * (pitch[voiced] / middle) ** change.melody
    bins = envelope.shape[1]
    source = np.minimum(np.arange(bins) * change.tract, bins - 1)
    below = source.astype(int)
    above = np.minimum(below + 1, bins - 1)
    share = source - below
    stretched = np.exp(
        np.log(envelope[:, below]) * (1 - share) + np.log(envelope[:, above]) * share
    )
    hoarse = np.clip(breath, 1e-6, 1) ** change.breath
    return pyworld.synthesize(
        pitch, np.ascontiguousarray(stretched), np.ascontiguousarray(hoarse), RATE,
        frame_period=1_000 * FRAME / change.pace,
    )  # fmt: skip


def read(path: Path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    samples = samples.mean(axis=1)
    return samples if rate == RATE else signal.resample_poly(samples, RATE, rate)


def digits(voice: Path, most: int) -> list[Path]:
    """Up to `most` recordings of each digit, spread over those that there are."""
    chosen = []
    for digit in range(10):
        files = sorted(path for path in voice.glob(f"{digit}*.flac"))
        chosen += files[:: max(1, -(-len(files) // most))]
    return chosen


def main() -> None:
    options = argparse.ArgumentParser(prog="revoice", description=__doc__.split(":")[0])
    options.add_argument("--recorded", type=Path, nargs="+", required=True, help="folders of voices")
    options.add_argument("--without", nargs="*", default=[], help="voices that are left alone")
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--voices", type=int, default=8, help="made of each that was recorded")
    options.add_argument("--takes", type=int, default=4, help="of each digit at most")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    rng = np.random.default_rng(given.seed)
    for folder in given.recorded:
        for voice in sorted(path for path in folder.iterdir() if path.is_dir()):
            name, _, language = voice.name.rpartition("_")
            for number in range(given.voices):
                change = Change.drawn(rng)
                out = given.out / f"{name or language}.{number}_{language}"
                if voice.name in given.without or out.exists():
                    continue
                out.mkdir(parents=True)
                for path in digits(voice, given.takes):
                    samples = revoiced(read(path), change)
                    samples *= 0.7 / max(float(np.max(np.abs(samples), initial=0)), 1e-4)
                    soundfile.write(out / path.name, samples.astype(np.float32), RATE)
        print(f"revoice: {folder}", flush=True)


if __name__ == "__main__":
    main()
