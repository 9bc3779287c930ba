"""Makes the synthetic part of the speech corpus: python -m synthesise --out DIR --engines espeak.

Engines that are not installed are named and left out. The same seed gives the same texts, and a
run that was stopped goes on where it was. What the engines need:

- espeak: Debian's `libespeak-ng1`.
- mbrola: Debian's `espeak-ng`, `mbrola` (contrib) and `mbrola-de1` ... (non-free).
- kokoro: the packages of `requirements-synthesise.txt` and `libespeak-ng1` for phonemes; for more
  than five voices also `npm pack kokoro-js@1.2.1`, unpacked, and KOKORO_VOICES=.../package/voices.
- flite, festival: Debian's `libflite1`, `festival`, `festvox-kallpc16k`, `festvox-kdlpc16k`,
  `festvox-us-slt-hts`, `festvox-italp16k`, `festvox-itapc16k`, `festvox-ru`.
- pico, rhvoice: Debian's `libttspico-utils` (non-free), `rhvoice`, `rhvoice-english`,
  `rhvoice-russian`, `rhvoice-brazilian-portuguese`. These two are kept for testing: give them
  another folder than the corpus that is trained on.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from synthesis.corpus import Shelf, open_shelf
from synthesis.engines import NAMES, Engine, Missing, load
from synthesis.plan import Counts

COUNTS = {
    "espeak": Counts(digit=20, digits=60, sentence=40, phrase=30),
    "mbrola": Counts(digit=60, digits=40, sentence=40, phrase=30),
    "kokoro": Counts(digit=10, digits=25, sentence=20, phrase=12),
    "flite": Counts(digit=0, digits=40, sentence=40, phrase=30),
    "festival": Counts(digit=0, digits=40, sentence=40, phrase=30),
    "pico": Counts(digit=0, digits=30, sentence=30, phrase=15),
    "rhvoice": Counts(digit=0, digits=15, sentence=15, phrase=8),
}


def main() -> int:
    """Runs the command; 1 when none of the engines is there."""
    options = _parser().parse_args()
    engines = [engine for name in options.engines.split(",") if (engine := _start(name))]
    if not engines:
        return 1
    for engine in engines:
        voices = [
            voice
            for voice in engine.voices()
            if not options.languages or voice.language in options.languages.split(",")
        ]
        counts = COUNTS[engine.name]
        shelves = [open_shelf(options.out, engine, voice, counts, options.seed) for voice in voices]
        _fill(shelves, options.limit, options.until)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="synthesise", description=__doc__.split(":")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--engines", default=",".join(NAMES), help="names, comma between them")
    parser.add_argument("--languages", default="", help="only these, comma between them")
    parser.add_argument("--limit", type=int, default=10**6, help="utterances a voice at most")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn")
    parser.add_argument("--until", default="", help="stop at this time of day, HH:MM")
    return parser


def _start(name: str) -> Engine | None:
    try:
        return load(name)
    except Missing as error:
        print(f"{name}: left out: {error}", file=sys.stderr)
        return None


def _fill(shelves: list[Shelf], limit: int, until: str) -> None:
    """Fills all shelves evenly, an utterance a voice in turn."""
    longest = max((len(shelf.utterances) for shelf in shelves), default=0)
    began = time.monotonic()
    for number in range(min(limit, longest)):
        for shelf in shelves:
            if until and time.strftime("%H:%M") >= until:
                return
            trouble = shelf.write(number)
            if trouble:
                print(trouble, file=sys.stderr)
        if number % 10 == 9:
            name, took = shelves[0].engine.name, time.monotonic() - began
            print(f"{name}: {number + 1} of each voice after {took:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
