"""Other vocal tracts and blind spots, made out of the spectrogram.

There are few voices to learn from and many to read. Stretching the frequencies moves the formants
as a longer or shorter vocal tract does (Jaitly and Hinton, "Vocal Tract Length Perturbation",
2013); covering bands and moments teaches the network to need none of them (Park et al.,
"SpecAugment", 2019).
"""

from __future__ import annotations

import torch

BANDS = 80
TRACT = 0.17
"""How much longer or shorter a vocal tract may be."""
TILT = 0.25
"""Of the normalised log spectrum, from the lowest band to the highest: 10 dB."""
WIDEST_BAND = 10
LONGEST_MOMENT = 12
"""Frames of 10 ms."""


def distorted(mel: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each window of a batch (batch, 80, frames) as another voice would have said it."""
    return _covered(_tilted(_stretched(mel, generator), generator), generator)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator) -> torch.Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _stretched(mel: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Band b is heard where band b * factor was. Bands beyond the last repeat it."""
    factor = 1 + _uniform((len(mel), 1), -TRACT, TRACT, generator)
    source = (torch.arange(BANDS) * factor).clamp(max=BANDS - 1)
    below = source.floor().long()
    above = (below + 1).clamp(max=BANDS - 1)
    share = (source - below).unsqueeze(-1)
    frames = mel.shape[-1]
    low, high = (mel.gather(1, b.unsqueeze(-1).expand(-1, -1, frames)) for b in (below, above))
    return torch.lerp(low, high, share)


def _tilted(mel: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    slope = _uniform((len(mel), 1, 1), -TILT, TILT, generator)
    return mel + slope * torch.linspace(-0.5, 0.5, BANDS).view(1, -1, 1)


def _covered(mel: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Two bands and two moments of each window are set to its floor, often to nothing wide."""
    floor = mel.amin(dim=(1, 2), keepdim=True)
    for axis, widest in ((1, WIDEST_BAND), (2, LONGEST_MOMENT)):
        size = mel.shape[axis]
        for _ in range(2):
            width = _uniform((len(mel), 1), -0.5 * widest, widest, generator)
            start = _uniform((len(mel), 1), 0, size - widest, generator)
            places = torch.arange(size)
            inside = (places >= start) & (places < start + width)
            mel = torch.where(inside.unsqueeze(2 if axis == 1 else 1), floor, mel)
    return mel
