"""The whole way from nothing to a reader, or to a judge: python recipe.py --work DIR [--shape judge]

Fetches OpenAI's network, makes the synthetic corpus, teaches and writes `DIR/reader/reader.bin`, or
`DIR/judge/judge.bin`. Whatever is there already is kept, so it goes on where it was stopped. `--smoke`
does all of it in small, to show that each step works; what it teaches reads nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
KEPT_OUT = "debian_es debian_fr bero_de cisco_en fsdd_theo_en fsdd_nicolas_en".split()
"""Voices that the reader never hears, so that it can be judged on them."""


@dataclass
class Scale:
    """How much of each step is done."""

    engines: str
    utterances: int
    revoiced: int
    """Voices made of each recorded one."""
    training: list[str]


FULL = Scale(
    "espeak,mbrola,kokoro,flite,festival",
    10**6,
    8,
    ["--minutes", "260", "--steps", "100000", "--compile"],
)
SMOKE = Scale("espeak", 1, 1, ["--steps", "6", "--batch", "4", "--save-every", "3"])
FROZEN = {"reader": 0, "judge": 3}
"""Layers of the encoder that stay as OpenAI taught them: what base knows of many voices and languages."""
ENCODER_SHARE = {"reader": 1.0, "judge": 0.3}
"""Of the learning rate: what base knows is changed slowly."""


def python(*arguments: object) -> None:
    subprocess.run([sys.executable, *map(str, arguments)], cwd=HERE, check=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--work", type=Path, required=True, help="where everything is kept")
    options.add_argument("--recorded", type=Path, nargs="*", default=[], help="folders of voices")
    options.add_argument("--shape", choices=FROZEN, default="reader")
    options.add_argument("--device", default="cpu", help="what PyTorch calls it, such as cuda")
    options.add_argument("--smoke", action="store_true")
    given = options.parse_args()
    scale = SMOKE if given.smoke else FULL
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)

    if not given.smoke:
        python("-m", "pip", "install", "-q", "-r", "requirements-synthesise.txt")
    corpus = work / "corpus"
    python("synthesise.py", "--out", corpus, "--engines", scale.engines, "--limit", scale.utterances)
    # The demo's voices come from an engine that is kept out of the real training.
    demo = HERE.parents[1] / "assets" / "voices"
    recorded = [demo] if given.smoke else [folder.resolve() for folder in given.recorded]
    revoiced = work / "revoiced"
    python(
        "revoice.py", "--recorded", *recorded, "--without", *KEPT_OUT, "--out", revoiced,
        "--voices", scale.revoiced,
    )  # fmt: skip
    run = work / given.shape
    python(
        "train.py", "--shape", given.shape, "--frozen", FROZEN[given.shape],
        "--encoder-share", ENCODER_SHARE[given.shape], "--stock", work / "stock",
        "--recorded", *recorded, revoiced, "--without", *KEPT_OUT, "--synthesised", corpus,
        "--out", run, "--device", given.device, *scale.training,
    )  # fmt: skip
    print((run / "log.jsonl").read_text().splitlines()[-1])
    print(f"The {given.shape}: {run / given.shape}.bin")


if __name__ == "__main__":
    main()
