"""The network's view of a window: the log-mel spectrogram that the daemon computes too.

Keep in step with `src/speech/whisper/mel.rs`.
"""

from __future__ import annotations

import numpy as np
import torch

RATE = 16_000
POSITIONS = 256
"""Positions of the encoder, 20 ms each."""
STEP = 64
"""A window is looked at through as few positions as hold it, in steps of these. The daemon takes finer
steps, which read alike and cost less."""
POSITION = 320
"""Samples of a position."""
WINDOW = POSITIONS * POSITION
"""Samples of the longest window at 16 kHz: 5.12 s."""


def positions_of(samples: int) -> int:
    """How many positions so many samples take."""
    return min(max(STEP * -(-samples // (STEP * POSITION)), STEP), POSITIONS)


def mel_filters() -> np.ndarray:
    """The 80 triangles over 201 bins that Whisper hears through, each of area one.

    Slaney's scale: linear up to 1 kHz, logarithmic beyond.
    """
    knee, per_mel = 15.0, np.log(6.4) / 27
    mels = np.linspace(0, knee + np.log(RATE / 2 / 1_000) / per_mel, 82)
    edges = np.where(mels < knee, 200 / 3 * mels, 1_000 * np.exp(per_mel * (mels - knee)))
    low, centre, high = (edges[at : at + 80, None] for at in range(3))
    bins = np.linspace(0, RATE / 2, 201)
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    return (np.maximum(triangles, 0) * 2 / (high - low)).astype(np.float32)


class LogMel(torch.nn.Module):
    """Windows of whole positions, shape (batch, samples), to (batch, 80, 2 * positions)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", torch.from_numpy(mel_filters()))
        self.register_buffer("hann", torch.hann_window(400))

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        spectrum = torch.stft(
            samples, 400, 160, window=self.hann, center=True, pad_mode="constant",
            return_complex=True,
        )
        power = spectrum[..., :-1].abs() ** 2
        mel = (self.filters @ power).clamp(min=1e-10).log10()
        mel = torch.maximum(mel, mel.amax(dim=(1, 2), keepdim=True) - 8.0)
        return (mel + 4.0) / 4.0
