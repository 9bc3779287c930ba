"""Teaches the reader. Usage: python train.py --help

Start: one of OpenAI's networks, with fewer layers of its decoder, or one that was taught before. AdamW
with a cosine, bfloat16 where the processor has it, and an average of the weights over the last steps,
which is what is exported. The state is saved every few minutes, and training goes on from there when it
is started again.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from scipy import signal
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from compose import READING_GAP, Composer, Window
from distortion import distorted
from features import POSITION, WINDOW, LogMel, positions_of
from ggml_file import read_ggml, write_ggml
from network import BREAK, END, FIRST_TIME, SHAPES, START, TIME_STEP, TIMES, VOCABULARY, Reader
from sources import SynthesisedVoices, Voice, recorded_voices

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

IGNORED = -100
LONGEST_ANSWER = 40
REFRESH = 4_000
"""Windows after which new recordings of a growing corpus are looked for."""
AVERAGE_DECAY = 0.996
REPORT = 25
"""Steps from one line of the log to the next."""
UNHEARD = 8
"""Batches of voices kept out, to judge by."""
WORD_WEIGHTS = torch.ones(len(VOCABULARY))
"""Of the loss. Neighbouring times are nearly as right, so they would be most of it, and noise."""
WORD_WEIGHTS[FIRST_TIME:] = 0.2


def answer(window: Window) -> list[int]:
    """The words that the network must say about a window, without start and end."""
    words: list[int] = []
    step_before, end_before = 0, None
    for digit in window.digits:
        if end_before is not None and digit.start - end_before >= READING_GAP:
            words.append(BREAK)
        step = min(max(round(digit.end / TIME_STEP), step_before + 1), TIMES - 1)
        words += [digit.value, FIRST_TIME + step]
        step_before, end_before = step, digit.end
    return words[: LONGEST_ANSWER - 2]


class Windows(IterableDataset):
    """Endless batches of windows that take as many positions: samples at 16 kHz, the words before
    and the words to say."""

    def __init__(
        self, recorded: list[Voice], synthesised: list[Path], seed: int, batch: int
    ) -> None:
        self.recorded, self.synthesised = recorded, synthesised
        self.seed, self.batch = seed, batch

    def __iter__(self) -> Iterator[Tensors]:
        corpora = [SynthesisedVoices(folder) for folder in self.synthesised]
        worker = get_worker_info()
        composer = Composer(np.random.default_rng([self.seed, worker.id if worker else 0]))
        waiting: dict[int, list[Tensors]] = defaultdict(list)
        while True:
            composer.voices = self.recorded + [v for corpus in corpora for v in corpus.refresh()]
            for _ in range(REFRESH):
                window = tensors(composer.window())
                alike = waiting[len(window[0])]
                alike.append(window)
                if len(alike) == self.batch:
                    yield tuple(torch.stack(parts) for parts in zip(*alike))
                    alike.clear()


def tensors(window: Window) -> Tensors:
    """Samples, the words before each place, and the words due there."""
    samples = signal.resample_poly(window.samples, 2, 1).astype(np.float32)[:WINDOW]
    words = answer(window)
    said = torch.full((LONGEST_ANSWER,), END)
    due = torch.full((LONGEST_ANSWER,), IGNORED)
    said[: len(words) + 1] = torch.tensor([START, *words])
    due[: len(words) + 1] = torch.tensor([*words, END])
    length = positions_of(len(samples)) * POSITION
    return torch.from_numpy(np.pad(samples, (0, length - len(samples)))), said, due


@dataclass
class Progress:
    """How far the training is, by steps and by time, whichever is further."""

    steps: int
    minutes: float
    step: int = 0
    earlier: float = 0.0

    def __post_init__(self) -> None:
        self.began = time.monotonic()

    @property
    def spent(self) -> float:
        return self.earlier + (time.monotonic() - self.began) / 60

    @property
    def share(self) -> float:
        return min(max(self.step / self.steps, self.spent / self.minutes), 1.0)


def learning_rate(progress: Progress, peak: float) -> float:
    warm = min(1.0, (progress.step + 1) / 200)
    return peak * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress.share)))


def loss_of(logits: torch.Tensor, due: torch.Tensor) -> torch.Tensor:
    """Of logits (batch, n, words) against the words due (batch, n)."""
    weights = WORD_WEIGHTS.to(logits.device)
    return functional.cross_entropy(logits.float().flatten(0, 1), due.flatten(), weights)


def half_precision(device: str) -> torch.autocast:
    """bfloat16, unless a processor would have to emulate it, which is five times slower than none."""
    is_fast = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=is_fast)


@torch.no_grad()
def assess(
    reader: Reader, mel: LogMel, batches: list[Tensors], device: str
) -> dict[str, float]:
    """Loss, and the share of windows in which every digit and break is right (teacher-forced)."""
    reader.eval()
    losses, right = [], []
    for samples, said, due in batches:
        with half_precision(device):
            logits = reader(mel(samples).to(device), said.to(device)).cpu()
        losses.append(loss_of(logits, due).item())
        judged = (due != IGNORED) & (due < START)
        right += ((logits.argmax(-1) == due) | ~judged).all(1).tolist()
    reader.train()
    return {"loss": round(float(np.mean(losses)), 4), "right": round(float(np.mean(right)), 4)}


class Training:
    """A reader, and all that is needed to go on teaching it."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.out: Path = given.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.peak: float = given.peak
        self.device: str = given.device
        self.mel = LogMel()
        self.reader = Reader.cut_from_stock(SHAPES[given.shape], given.stock).to(self.device)
        if given.begin_with:
            self.reader.load_state_dict(read_ggml(given.begin_with))
        self.reader.encoder.freeze(given.frozen)
        parts = ((self.reader.encoder, given.encoder_share), (self.reader.decoder, 1.0))
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in part.parameters() if p.requires_grad], "share": share}
                for part, share in parts
            ],
            betas=(0.9, 0.98), weight_decay=0.01, fused=True,
        )  # fmt: skip
        self.forward = torch.compile(self.reader, dynamic=False) if given.compile else self.reader
        self.average = copied(self.reader)
        self.progress = Progress(given.steps, given.minutes)
        self.chance = torch.Generator().manual_seed(given.seed)
        self.log = (self.out / "log.jsonl").open("a")
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.out / "checkpoint.pt"

    def _resume(self) -> None:
        saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.reader.load_state_dict(saved["reader"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average = saved["average"]
        self.progress.step, self.progress.earlier = saved["step"], saved["minutes"]

    def step(self, samples: torch.Tensor, said: torch.Tensor, due: torch.Tensor) -> float:
        """Learns from one batch. Returns the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["share"] * learning_rate(self.progress, self.peak)
        with torch.no_grad():
            mel = distorted(self.mel(samples), self.chance)
        mel, said, due = (tensor.to(self.device) for tensor in (mel, said, due))
        with half_precision(self.device):
            logits = self.forward(mel, said)
        loss = loss_of(logits, due)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.reader.parameters(), 1.0)
        self.optimizer.step()
        self.progress.step += 1
        decay = min(AVERAGE_DECAY, (1 + self.progress.step) / (10 + self.progress.step))
        for name, tensor in self.reader.state_dict().items():
            self.average[name].lerp_(tensor, 1 - decay)
        return loss.item()

    def save(self, unheard: list[Tensors]) -> None:
        """Writes the checkpoint and the reader, and judges it on voices it has not heard."""
        learned = copied(self.reader)
        state = {
            "reader": learned,
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "step": self.progress.step,
            "minutes": self.progress.spent,
            "shape": self.reader.shape.name,
        }
        torch.save(state, self.checkpoint.with_suffix(".new"))
        self.checkpoint.with_suffix(".new").rename(self.checkpoint)
        write_ggml(self.reader.shape, self.average, self.out / f"{self.reader.shape.name}.bin")
        if unheard:
            self.reader.load_state_dict(self.average)
            self.tell(unheard=assess(self.reader, self.mel, unheard, self.device))
            self.reader.load_state_dict(learned)

    def tell(self, **facts: object) -> None:
        """Appends a line to the log."""
        line = {"step": self.progress.step, "minutes": round(self.progress.spent, 2), **facts}
        print(json.dumps(line), file=self.log, flush=True)


def copied(reader: Reader) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in reader.state_dict().items()}


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--shape", choices=SHAPES, default="reader")
    options.add_argument("--stock", type=Path, required=True, help="folder of OpenAI's networks")
    options.add_argument(
        "--begin-with", type=Path, metavar="FILE", help="ggml file of a network that was taught before"
    )
    options.add_argument(
        "--frozen", type=int, default=0, help="layers of the encoder that stay as they are"
    )
    options.add_argument("--recorded", type=Path, nargs="*", default=[], help="folders of voices")
    options.add_argument("--without", nargs="*", default=[], help="voices kept out, for testing")
    options.add_argument("--synthesised", type=Path, nargs="*", default=[], help="corpora")
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--steps", type=int, default=3_000)
    options.add_argument("--minutes", type=float, default=100.0)
    options.add_argument("--batch", type=int, default=16)
    options.add_argument("--peak", type=float, default=3e-4, help="learning rate")
    options.add_argument(
        "--encoder-share", type=float, default=1.0, help="of the learning rate, for the encoder"
    )
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=torch.get_num_threads())
    options.add_argument("--device", default="cpu", help="what PyTorch calls it, such as cuda")
    options.add_argument("--workers", type=int, default=1, help="processes that compose windows")
    options.add_argument("--compile", action="store_true", help="15 %% faster after a minute")
    options.add_argument("--save-every", type=int, default=100, metavar="STEPS")
    return options.parse_args()


def main() -> None:
    given = arguments()
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)
    without = frozenset(given.without)
    voices = [voice for folder in given.recorded for voice in recorded_voices(folder)]
    heard = [voice for voice in voices if voice.name not in without]
    kept_out = [voice for voice in voices if voice.name in without]

    training = Training(given)
    progress = training.progress
    def windows(voices: list[Voice], corpora: list[Path], seed: int) -> Windows:
        return Windows(voices, corpora, seed, given.batch)

    unheard = list(islice(windows(kept_out, [], given.seed + 1), UNHEARD)) if kept_out else []
    # Whoever goes on later hears other windows.
    taught = windows(heard, given.synthesised, given.seed + 1_000 * progress.step)
    batches = iter(DataLoader(taught, batch_size=None, num_workers=given.workers, prefetch_factor=6))
    losses: list[float] = []
    while progress.share < 1:
        losses.append(training.step(*next(batches)))
        if progress.step % REPORT == 0 or progress.share >= 1:
            training.tell(loss=round(float(np.mean(losses)), 4))
            losses.clear()
        if progress.step % given.save_every == 0 or progress.share >= 1:
            training.save(unheard)


if __name__ == "__main__":
    main()
