"""Composes the calls of a benchmark: python bench_calls.py OUT --voices FOLDER... --fluent FOLDER.

Writes four sets, each a folder with recordings and the `manifest.jsonl` that `zavud bench speech`
reads: `prompts` (digits by digit, all conditions), `amateurs`, `fluent` and `negative`. The same
seed and the same recordings give the same calls. What is missing is named and left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmark import calls, fluent, tones
from benchmark.calls import Call
from benchmark.conditions import CONDITIONS, PLAIN, through
from channel import RATE
from sources import Voice, recorded_voices

PROMPTS = ("debian_es", "debian_fr", "bero_de", "cisco_en")
AMATEURS = ("fsdd_theo_en", "fsdd_nicolas_en")
"""Voices that the reader was not taught with (`KEPT_OUT` in recipe.py)."""

CLEAN_CALLS = 100
"""Of each voice; of each other condition:"""
OTHER_CALLS = 25
NEGATIVE_CALLS = 1_000


@dataclass
class Sources:
    """What calls are composed of."""

    voices: dict[str, Voice]
    fluent: list[fluent.Spoken]

    def kept_out(self, names: tuple[str, ...]) -> list[Voice]:
        """Those of `names` that are there and can say all digits."""
        found = [self.voices[name] for name in names if name in self.voices]
        for name in sorted(set(names) - {voice.name for voice in found}):
            print(f"bench_calls: {name} is not there and left out", file=sys.stderr)
        return [voice for voice in found if voice.has_all_digits()]

    def phrases(self, voice: Voice) -> list[np.ndarray]:
        """Its own, or else those of others who speak its language."""
        if voice.phrases:
            return voice.phrases
        others = [v for v in self.voices.values() if v.language == voice.language]
        return [phrase for other in others for phrase in other.phrases]

    def others(self, call: Call) -> list[Voice]:
        """Who may be heard in the background of a call."""
        return [voice for voice in self.voices.values() if voice.name != call.voice]


Composed = Iterator[tuple[str, Call, np.ndarray]]
"""Condition, call, and what arrives of it."""


def main() -> int:
    """Runs the command; 1 when there is nothing to compose calls of."""
    options = parser().parse_args()
    sources = Sources(voices_in(options.voices), fluent_in(options.fluent))
    sets = {
        "prompts": prompts(sources, options.scale, np.random.default_rng([options.seed, 1])),
        "amateurs": amateurs(sources, options.scale, np.random.default_rng([options.seed, 2])),
        "fluent": utterances(sources, options.scale, np.random.default_rng([options.seed, 3])),
        "negative": negative(sources, options.scale, np.random.default_rng([options.seed, 4])),
    }
    written = [write_set(options.out / name, composed) for name, composed in sets.items()]
    return 0 if any(written) else 1


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="bench_calls", description=__doc__)
    arguments.add_argument("out", type=Path, help="folder of the sets")
    arguments.add_argument("--voices", type=Path, nargs="*", default=[], help="recorded voices")
    arguments.add_argument("--fluent", type=Path, help="corpus of engines that were kept out")
    arguments.add_argument("--seed", type=int, default=1, help="of all that is drawn")
    arguments.add_argument("--scale", type=float, default=1.0, help="how many of the calls")
    return arguments


def voices_in(folders: list[Path]) -> dict[str, Voice]:
    """The recorded voices of all folders that are there."""
    voices = {}
    for folder in folders:
        if folder.is_dir():
            voices |= {voice.name: voice for voice in recorded_voices(folder)}
        else:
            print(f"bench_calls: SKIPPED: there are no voices in {folder}", file=sys.stderr)
    return voices


def fluent_in(folder: Path | None) -> list[fluent.Spoken]:
    """The utterances of the corpus, if it is there."""
    if folder and folder.is_dir():
        return fluent.corpus(folder)
    print("bench_calls: SKIPPED: fluent sentences, no corpus of them is there", file=sys.stderr)
    return []


def prompts(sources: Sources, scale: float, rng: np.random.Generator) -> Composed:
    """Codes digit by digit, in all conditions."""
    for condition in CONDITIONS.values():
        count = CLEAN_CALLS if condition is PLAIN else OTHER_CALLS
        for voice in sources.kept_out(PROMPTS):
            for _ in range(scaled(count, scale)):
                call = calls.spoken_code(voice, sources.phrases(voice), condition.manner, rng)
                line = through(call.samples, condition.line, sources.others(call), rng)
                yield condition.name, call, line


def amateurs(sources: Sources, scale: float, rng: np.random.Generator) -> Composed:
    """People who are no speakers, with any of their takes for each digit."""
    for voice in sources.kept_out(AMATEURS):
        for _ in range(scaled(CLEAN_CALLS, scale)):
            call = calls.spoken_code(voice, sources.phrases(voice), PLAIN.manner, rng)
            yield PLAIN.name, call, through(call.samples, PLAIN.line, [], rng)


def utterances(sources: Sources, scale: float, rng: np.random.Generator) -> Composed:
    """Sentences and groups of digits with a code in them."""
    spoken = [s for s in sources.fluent if s.kind in ("sentence", "digits") and s.code()]
    for one in spoken[:: max(1, round(1 / scale))]:
        call = fluent.whole_call(one, rng)
        yield PLAIN.name, call, through(call.samples, PLAIN.line, [], rng)


def negative(sources: Sources, scale: float, rng: np.random.Generator) -> Composed:
    """Calls without a code: phrases, digits that are too few or too many, machines."""
    speakers = sources.kept_out(PROMPTS + AMATEURS)
    for number in range(scaled(NEGATIVE_CALLS, scale) if speakers else 0):
        kind = NEGATIVES[number % len(NEGATIVES)]
        voice = speakers[int(rng.integers(len(speakers)))]
        call = without_code(kind, voice, sources, rng)
        yield kind, call, through(call.samples, PLAIN.line, [], rng)


NEGATIVES = (
    *("negative", "speech", "negative", "speech", "negative", "speech"),
    *("five", "seven", "three", "tail"),
    *tones.MACHINES,
)
"""Kinds of calls without a code, in turn."""


def without_code(kind: str, voice: Voice, sources: Sources, rng: np.random.Generator) -> Call:
    """A call of one of the kinds in `NEGATIVES`."""
    phrases = sources.phrases(voice)
    match kind:
        case "negative":
            return calls.phrases_only(voice.name, voice.language, phrases, rng)
        case "speech":
            return talk(voice, sources, rng)
        case "five":
            return calls.other_digits(voice, phrases, 5, 2, rng)
        case "seven":
            return calls.other_digits(voice, phrases, 7, 2, rng)
        case "three":
            return calls.other_digits(voice, phrases, 3, 1, rng)
        case "tail":
            return calls.tail_of_another(voice, phrases, rng)
        case _:
            call = Call("machine", voice.language)
            call.say(tones.MACHINES[kind](rng))
            return call


def talk(voice: Voice, sources: Sources, rng: np.random.Generator) -> Call:
    """Sentences of a text-to-speech voice, numbers among them; else phrases."""
    sentences = [spoken for spoken in sources.fluent if spoken.kind == "phrase"]
    if not sentences:
        return calls.phrases_only(voice.name, voice.language, sources.phrases(voice), rng)
    speaker = sentences[int(rng.integers(len(sentences)))]
    own = [spoken for spoken in sentences if spoken.voice == speaker.voice]
    chosen = rng.choice(len(own), min(len(own), 6), replace=False)
    said = [fluent.read(own[int(index)].path) for index in chosen]
    return calls.phrases_only(speaker.voice, speaker.language, said, rng)


def scaled(count: int, scale: float) -> int:
    return max(1, round(count * scale))


def write_set(folder: Path, composed: Composed) -> int:
    """Writes the calls into `folder`, in place of what was there; returns how many."""
    shutil.rmtree(folder, ignore_errors=True)
    lines = []
    for number, (condition, call, samples) in enumerate(composed, 1):
        folder.mkdir(parents=True, exist_ok=True)
        file = f"{number:05}.flac"
        soundfile.write(folder / file, np.clip(samples, -1, 1), RATE, subtype="PCM_16")
        lines.append(json.dumps(entry(file, condition, call), ensure_ascii=False) + "\n")
    if lines:
        (folder / "manifest.jsonl").write_text("".join(lines), encoding="utf-8")
        print(f"bench_calls: {len(lines)} calls in {folder}")
    return len(lines)


def entry(file: str, condition: str, call: Call) -> dict:
    """The manifest's object for a call."""
    rows = [[round(1_000 * end) for end in row] for row in call.digit_ends]
    return {
        "file": file,
        "code": call.code,
        "language": call.language,
        "voice": call.voice,
        "condition": condition,
        "code_ends_ms": [row[-1] for row in rows],
        "digit_ends_ms": rows,
    }


if __name__ == "__main__":
    sys.exit(main())
