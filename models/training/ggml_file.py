"""A reader as the ggml file that whisper.cpp loads, 8 bits a weight.

Layout as whisper.cpp's converter has it: magic, eleven dimensions, mel filters, vocabulary,
tensors. Usage: python ggml_file.py CHECKPOINT FILE
"""

from __future__ import annotations

import argparse
import io
import struct
from pathlib import Path

import gguf
import numpy as np
import torch

from features import POSITIONS, mel_filters
from network import SHAPES, TEXT_POSITIONS, VOCABULARY, Shape

MAGIC = 0x67676D6C
DIMENSIONS = 11
F32, F16, Q8_0 = 0, 1, 8
FILE_OF_Q8_0 = 2_007
"""Quantisation format 7 in version 2 of ggml's quantisations."""


def tensor_type(name: str, shape: tuple[int, ...]) -> int:
    """What whisper.cpp expects: convolutions in f16, large matrices quantised, the rest in f32."""
    if len(shape) < 2 or name.endswith("positional_embedding") or name.endswith("conv.bias"):
        return F32
    return F16 if ".conv" in name else Q8_0


def write_ggml(shape: Shape, state: dict[str, torch.Tensor], path: Path) -> None:
    """Writes the tensors of a `Reader` of this shape to `path`."""
    filters = mel_filters()
    with path.open("wb") as file:
        file.write(struct.pack("<I", MAGIC))
        dimensions = (
            len(VOCABULARY), POSITIONS, shape.width, shape.heads, len(shape.encoder_layers),
            TEXT_POSITIONS, shape.width, shape.heads, len(shape.decoder_layers),
            len(filters), FILE_OF_Q8_0,
        )
        file.write(struct.pack("<11i", *dimensions))
        file.write(struct.pack("<2i", *filters.shape))
        file.write(filters.astype("<f4").tobytes())
        file.write(struct.pack("<i", len(VOCABULARY)))
        for word in VOCABULARY:
            text = word.encode()
            file.write(struct.pack("<i", len(text)) + text)
        for name, tensor in state.items():
            values = tensor.float().cpu().numpy()
            if name.startswith("encoder.conv") and name.endswith("bias"):
                values = values.reshape(-1, 1)
                kind = F32
            else:
                kind = tensor_type(name, values.shape)
            shape = values.shape
            if kind == Q8_0:
                quantised = gguf.GGMLQuantizationType.Q8_0
                values = gguf.quants.quantize(values.astype(np.float32), quantised)
            else:
                values = values.astype("<f4" if kind == F32 else "<f2")
            file.write(struct.pack("<3i", len(shape), len(name), kind))
            file.write(struct.pack(f"<{len(shape)}i", *reversed(shape)))
            file.write(name.encode() + values.tobytes())


def read_ggml(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file that `write_ggml` wrote, as float32: what it rounded stays rounded."""
    with path.open("rb") as file:
        if _numbers(file, "<I") != (MAGIC,):
            raise ValueError(f"{path} is no ggml file")
        _numbers(file, f"<{DIMENSIONS}i")
        bands, bins = _numbers(file, "<2i")
        file.seek(bands * bins * np.dtype("<f4").itemsize, io.SEEK_CUR)
        for _ in range(*_numbers(file, "<i")):
            file.seek(*_numbers(file, "<i"), io.SEEK_CUR)
        tensors = {}
        while header := file.read(struct.calcsize("<3i")):
            rank, length, kind = struct.unpack("<3i", header)
            shape = _numbers(file, f"<{rank}i")[::-1]
            name = file.read(length).decode()
            values = _values(file, kind, shape)
            # A bias of a convolution is a column there.
            is_column = rank == 2 and shape[1] == 1
            tensors[name] = torch.from_numpy(values.ravel() if is_column else values)
    return tensors


def _numbers(file: io.BufferedReader, form: str) -> tuple[int, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _values(file: io.BufferedReader, kind: int, shape: tuple[int, ...]) -> np.ndarray:
    count = int(np.prod(shape))
    if kind == Q8_0:
        quantised = gguf.GGMLQuantizationType.Q8_0
        block, size = gguf.GGML_QUANT_SIZES[quantised]
        packed = np.frombuffer(file.read(count // block * size), np.uint8)
        return gguf.quants.dequantize(packed, quantised).reshape(shape)
    form = np.dtype("<f4" if kind == F32 else "<f2")
    values = np.frombuffer(file.read(count * form.itemsize), form)
    return values.reshape(shape).astype(np.float32)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("checkpoint", type=Path)
    arguments.add_argument("file", type=Path)
    given = arguments.parse_args()
    checkpoint = torch.load(given.checkpoint, map_location="cpu", weights_only=True)
    write_ggml(SHAPES[checkpoint["shape"]], checkpoint["average"], given.file)


if __name__ == "__main__":
    main()
