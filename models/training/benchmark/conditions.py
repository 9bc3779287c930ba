"""The conditions of `by_condition`: how a code is spoken, and what the line does to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import channel
from benchmark.calls import FAST_GAPS, Manner
from sources import Voice

NOISE_DB = 10.0
"""Of the speech over noise, babble or music."""
BABBLE_VOICES = (3, 6)


@dataclass(frozen=True)
class Line:
    """What the line does."""

    noise: str | None = None
    """`pink`, `babble` or `music`."""
    gsm: bool = False
    loss: float = 0.0
    burst: float = 1.0
    """Packets that are lost together, on average."""


@dataclass(frozen=True)
class Condition:
    """A name of `by_condition`."""

    name: str
    manner: Manner = Manner()
    line: Line = Line()


PLAIN = Condition("clean")
LOSS = Line(loss=0.03)

CONDITIONS = {
    condition.name: condition
    for condition in (
        PLAIN,
        Condition("loss3", line=LOSS),
        Condition("burst8", line=Line(loss=0.08, burst=4.0)),
        Condition("noise10", line=Line(noise="pink")),
        Condition("gsm", line=Line(gsm=True)),
        Condition("fast", manner=Manner(gaps=FAST_GAPS)),
        Condition("once", manner=Manner(readings=1)),
        Condition("nophrase", manner=Manner(phrases=False)),
        Condition("babble10", line=Line(noise="babble")),
        Condition("music10", line=Line(noise="music")),
        # 40 % of the packets: nothing need be read, and nothing wrong may be.
        Condition("loss40", line=Line(loss=0.4, burst=2.0)),
        # Several at once.
        Condition("hard", Manner(gaps=FAST_GAPS, readings=1), replace(LOSS, gsm=True)),
    )
}


def through(
    samples: np.ndarray, line: Line, others: list[Voice], rng: np.random.Generator
) -> np.ndarray:
    """What arrives at the other end of the line. `others` are those who talk in the background."""
    if line.noise:
        noise = background(line.noise, samples, others, rng)
        samples = channel.mix_at_snr(samples, noise, NOISE_DB)
    samples = channel.band_limit(samples)
    peak = max(float(np.max(np.abs(samples), initial=0)), 0.05)
    samples = samples * np.float32(10 ** (rng.uniform(-15, -3) / 20) / peak)
    if line.gsm:
        samples = channel.gsm(samples)
    samples = channel.mu_law(samples) if rng.random() < 0.5 else channel.a_law(samples)
    return channel.lose_packets(samples, line.loss, line.burst, rng)


def background(
    kind: str, samples: np.ndarray, others: list[Voice], rng: np.random.Generator
) -> np.ndarray:
    """Noise as long as `samples`."""
    if kind == "music":
        return channel.music(len(samples), rng)
    if kind == "babble":
        talkers = [voice for voice in others if voice.phrases]
        count = min(int(rng.integers(*BABBLE_VOICES, endpoint=True)), len(talkers))
        chosen = rng.choice(len(talkers), count, replace=False)
        talk = [np.concatenate(talkers[int(index)].phrases) for index in chosen]
        return channel.babble(talk, len(samples), rng)
    return channel.pink_noise(len(samples), rng)
