"""The corpus on disk: a folder a voice, with FLAC files and a manifest of one JSON line each.

A line is written after its file, so what the manifest names is there, and a run goes on where the
last one stopped.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from synthesis.engines import Engine, Voice
from synthesis.plan import Counts, Utterance, plan
from synthesis.sound import Speech, finish


@dataclass
class Shelf:
    """One voice's part of the corpus, written utterance by utterance."""

    engine: Engine
    voice: Voice
    utterances: list[Utterance]
    folder: Path
    done: set[int]

    def write(self, number: int) -> str | None:
        """Says the utterance `number` unless it is there; returns why not if the engine cannot."""
        if number >= len(self.utterances) or number in self.done:
            return None
        utterance = self.utterances[number]
        self.done.add(number)
        try:
            speech = finish(self.engine.speak(utterance, self.voice))
        except ValueError as error:
            return f"{self.engine.name} {self.voice.name}: {utterance.text!r}: {error}"
        file = f"{number + 1:05}.flac"
        soundfile.write(self.folder / file, speech.samples, speech.rate, subtype="PCM_16")
        line = entry(file, self.engine.name, self.voice, utterance, speech)
        with (self.folder / "manifest.jsonl").open("a", encoding="utf-8") as manifest:
            manifest.write(json.dumps(line, ensure_ascii=False) + "\n")
        return None


def open_shelf(out: Path, engine: Engine, voice: Voice, counts: Counts, seed: int) -> Shelf:
    """The shelf of a voice, with what an earlier run has done."""
    folder = out / engine.name / f"{voice.name}_{voice.language}"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{engine.name}/{voice.name}/{voice.language}"
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    manifest = folder / "manifest.jsonl"
    lines = manifest.read_text(encoding="utf-8").splitlines() if manifest.exists() else []
    done = {int(json.loads(line)["file"].split(".")[0]) - 1 for line in lines}
    return Shelf(engine, voice, plan(voice.language, counts, rng), folder, done)


def entry(file: str, engine: str, voice: Voice, utterance: Utterance, speech: Speech) -> dict:
    """The manifest's object for one file; times in seconds, null where the engine told none."""
    digits = [
        timed
        for span, times in zip(utterance.spans, speech.times, strict=True)
        for timed in share(span.digits, times)
    ]
    return {
        "file": file,
        "engine": engine,
        "voice": voice.name,
        "language": voice.language,
        "kind": utterance.kind,
        "text": utterance.text,
        "digits": digits,
        "readings": list(utterance.readings),
        "rate": utterance.rate,
        "seconds": round(len(speech.samples) / speech.rate, 4),
    }


def share(digits: tuple[int, ...], times: tuple[float, float] | None) -> list[list]:
    """Shares a span equally among the digits that it says."""
    if times is None:
        return [[digit, None, None] for digit in digits]
    edges = np.linspace(times[0], times[1], len(digits) + 1).round(4).tolist()
    return [[digit, edges[place], edges[place + 1]] for place, digit in enumerate(digits)]
