"""The two networks: Whisper's, with fewer layers in the decoder and a vocabulary of 78 words.

The words are written into the ggml file; the daemon finds them there by their texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

import stock
from features import POSITIONS

TEXT_POSITIONS = 64

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


@dataclass(frozen=True)
class Shape:
    """What is cut out of a stock network."""

    name: str
    stock: Callable[[Path], tuple[stock.Network, list[bytes]]]
    width: int
    heads: int
    encoder_layers: tuple[int, ...]
    decoder_layers: tuple[int, ...]
    end: int
    """The stock vocabulary's end of a text. The start follows it."""
    first_time: int
    """Its first time, `<|0.00|>`; the others follow, 20 ms apart."""

    def origins(self, vocabulary: list[bytes]) -> list[int]:
        """Where the embeddings of the words begin to learn from, in the stock vocabulary: its own words
        for the digits, the comma, end and start, and every fourth of its times."""
        written = [word.encode() for word in VOCABULARY[:END]]
        times = (self.first_time + 4 * step for step in range(TIMES))
        return [*map(vocabulary.index, written), self.end, self.end + 1, *times]


# Reads along, cheaply. With two layers of its encoder only it learned its voices by heart.
READER = Shape("reader", stock.tiny_en, 384, 6, (0, 1, 2, 3), (0, 3), 50_256, 50_363)
# Has the last word on a code. base has heard all our languages, tiny.en English alone. The last three
# layers of its decoder are those that follow the speech.
JUDGE = Shape("judge", stock.base, 512, 8, (0, 1, 2, 3, 4, 5), (0, 3, 4, 5), 50_257, 50_364)
SHAPES = {shape.name: shape for shape in (READER, JUDGE)}


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(
        self, x: torch.Tensor, context: torch.Tensor | None = None, causal: bool = False
    ) -> torch.Tensor:
        context = x if context is None else context
        split = [
            projected.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projected in (self.query(x), self.key(context), self.value(context))
        ]
        attended = functional.scaled_dot_product_attention(*split, is_causal=causal)
        return self.out(attended.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A residual layer, with attention to the encoder where `cross` says so."""

    def __init__(self, width: int, heads: int, cross: bool) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.attn_ln = nn.LayerNorm(width)
        self.cross_attn = Attention(width, heads) if cross else None
        self.cross_attn_ln = nn.LayerNorm(width) if cross else None
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor, audio: torch.Tensor | None = None) -> torch.Tensor:
        x = x + self.attn(self.attn_ln(x), causal=audio is not None)
        if audio is not None:
            x = x + self.cross_attn(self.cross_attn_ln(x), audio)
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.conv1 = nn.Conv1d(80, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", torch.zeros(POSITIONS, width))
        self.blocks = nn.ModuleList(
            Block(width, shape.heads, cross=False) for _ in shape.encoder_layers
        )
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)

    def freeze(self, layers: int) -> None:
        """Keeps the first layers, and what comes before them, as they are."""
        for part in (self.conv1, self.conv2, *self.blocks[:layers]) if layers else ():
            part.requires_grad_(False)


class Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.token_embedding = nn.Embedding(len(VOCABULARY), width)
        self.positional_embedding = nn.Parameter(torch.zeros(TEXT_POSITIONS, width))
        self.blocks = nn.ModuleList(
            Block(width, shape.heads, cross=True) for _ in shape.decoder_layers
        )
        self.ln = nn.LayerNorm(width)

    def forward(self, words: torch.Tensor, audio: torch.Tensor) -> torch.Tensor:
        x = self.token_embedding(words) + self.positional_embedding[: words.shape[1]]
        for block in self.blocks:
            x = block(x, audio)
        return self.ln(x) @ self.token_embedding.weight.T


class Reader(nn.Module):
    """Mel (batch, 80, up to 512) and words (batch, n) to the logits of the word after each."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape)
        self.decoder = Decoder(shape)

    def forward(self, mel: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return self.decoder(words, self.encoder(mel))

    @classmethod
    def cut_from_stock(cls, shape: Shape, folder: Path) -> "Reader":
        """Takes the layers that are kept out of OpenAI's network, which is downloaded to `folder`."""
        network, vocabulary = shape.stock(folder)
        tensors = {name: torch.tensor(t).float() for name, t in network.tensors.items()}
        reader = cls(shape)
        kept = {}
        for name in reader.state_dict():
            origin = name.split(".")
            if origin[1] == "blocks":
                is_encoder = origin[0] == "encoder"
                layers = shape.encoder_layers if is_encoder else shape.decoder_layers
                origin[2] = str(layers[int(origin[2])])
            kept[name] = tensors[".".join(origin)]
        kept["encoder.positional_embedding"] = kept["encoder.positional_embedding"][:POSITIONS]
        positions = kept["decoder.positional_embedding"][:TEXT_POSITIONS]
        kept["decoder.positional_embedding"] = positions
        origins = shape.origins(vocabulary)
        kept["decoder.token_embedding.weight"] = kept["decoder.token_embedding.weight"][origins]
        reader.load_state_dict(kept)
        return reader
