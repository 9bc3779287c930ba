"""The reader: Whisper's tiny network with two layers of its decoder and a vocabulary of 78 words.

The words are written into the ggml file; the daemon finds them there by their texts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from features import POSITIONS

WIDTH = 384
HEADS = 6
TEXT_POSITIONS = 64
ENCODER_LAYERS = (0, 1, 2, 3)
"""Which layers of tiny.en are kept. With two only it learned its voices by heart."""
DECODER_LAYERS = (0, 3)

BREAK = 10
END = 11
START = 12
FIRST_TIME = 13
TIME_STEP = 0.08
"""Seconds from one word of time to the next."""
TIMES = 65

VOCABULARY = [
    *(f" {digit}" for digit in range(10)),
    ",",
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{step * TIME_STEP:.2f}|>" for step in range(TIMES)),
]
# Where their embeddings begin to learn from, in the vocabulary of tiny.en: its own words for the
# digits and for every fourth of its times, which lie 20 ms apart.
ORIGIN = [
    *(657, 352, 362, 513, 604, 642, 718, 767, 807, 860),
    11,
    50256,
    50257,
    *(50363 + 4 * step for step in range(TIMES)),
]


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH, bias=False)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(
        self, x: torch.Tensor, context: torch.Tensor | None = None, causal: bool = False
    ) -> torch.Tensor:
        context = x if context is None else context
        split = [
            projected.unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for projected in (self.query(x), self.key(context), self.value(context))
        ]
        attended = functional.scaled_dot_product_attention(*split, is_causal=causal)
        return self.out(attended.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A residual layer, with attention to the encoder where `cross` says so."""

    def __init__(self, cross: bool) -> None:
        super().__init__()
        self.attn = Attention()
        self.attn_ln = nn.LayerNorm(WIDTH)
        self.cross_attn = Attention() if cross else None
        self.cross_attn_ln = nn.LayerNorm(WIDTH) if cross else None
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )
        self.mlp_ln = nn.LayerNorm(WIDTH)

    def forward(self, x: torch.Tensor, audio: torch.Tensor | None = None) -> torch.Tensor:
        x = x + self.attn(self.attn_ln(x), causal=audio is not None)
        if audio is not None:
            x = x + self.cross_attn(self.cross_attn_ln(x), audio)
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(80, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", torch.zeros(POSITIONS, WIDTH))
        self.blocks = nn.ModuleList(Block(cross=False) for _ in ENCODER_LAYERS)
        self.ln_post = nn.LayerNorm(WIDTH)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(len(VOCABULARY), WIDTH)
        self.positional_embedding = nn.Parameter(torch.zeros(TEXT_POSITIONS, WIDTH))
        self.blocks = nn.ModuleList(Block(cross=True) for _ in DECODER_LAYERS)
        self.ln = nn.LayerNorm(WIDTH)

    def forward(self, words: torch.Tensor, audio: torch.Tensor) -> torch.Tensor:
        x = self.token_embedding(words) + self.positional_embedding[: words.shape[1]]
        for block in self.blocks:
            x = block(x, audio)
        return self.ln(x) @ self.token_embedding.weight.T


class Reader(nn.Module):
    """Mel (batch, 80, up to 512) and words (batch, n) to the logits of the word after each."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, mel: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return self.decoder(words, self.encoder(mel))

    @classmethod
    def cut_from(cls, tiny_en: Path) -> "Reader":
        """Takes the layers that are kept out of OpenAI's tiny.en."""
        checkpoint = torch.load(tiny_en, map_location="cpu", weights_only=True)
        stock = {name: t.float() for name, t in checkpoint["model_state_dict"].items()}
        reader = cls()
        kept = {}
        for name in reader.state_dict():
            origin = name.split(".")
            if origin[1] == "blocks":
                layers = ENCODER_LAYERS if origin[0] == "encoder" else DECODER_LAYERS
                origin[2] = str(layers[int(origin[2])])
            kept[name] = stock[".".join(origin)]
        kept["encoder.positional_embedding"] = kept["encoder.positional_embedding"][:POSITIONS]
        positions = kept["decoder.positional_embedding"][:TEXT_POSITIONS]
        kept["decoder.positional_embedding"] = positions
        kept["decoder.token_embedding.weight"] = kept["decoder.token_embedding.weight"][ORIGIN]
        reader.load_state_dict(kept)
        return reader
