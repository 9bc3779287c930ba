"""Calls out of whole utterances: a text-to-speech engine says code and sentence at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.calls import CODE_LENGTH, Call
from sources import read


@dataclass
class Spoken:
    """An utterance of a text-to-speech corpus."""

    path: Path
    voice: str
    language: str
    kind: str
    digits: list[tuple[int, float | None, float | None]]
    """Value, start and end in seconds."""
    readings: list[int]
    """How many of the digits belong to each."""

    def code(self) -> str | None:
        """The six digits of its whole readings, if they agree."""
        codes = {"".join(str(digit[0]) for digit in row) for row in self._whole_readings()}
        return codes.pop() if len(codes) == 1 else None

    def digit_ends(self) -> list[list[float]]:
        """Of each whole reading, or nothing where the engine told no times."""
        rows = [[end for _, _, end in row] for row in self._whole_readings()]
        return rows if all(end is not None for row in rows for end in row) else []

    def _whole_readings(self) -> list[list[tuple[int, float | None, float | None]]]:
        rows, start = [], 0
        for length in self.readings:
            rows.append(self.digits[start : start + length])
            start += length
        return [row for row in rows if len(row) == CODE_LENGTH]


def corpus(folder: Path) -> list[Spoken]:
    """All utterances below `folder`, which holds `<engine>/<voice>_<language>/manifest.jsonl`."""
    utterances = []
    for manifest in sorted(folder.glob("*/*/manifest.jsonl")):
        for line in manifest.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            utterances.append(
                Spoken(
                    path=manifest.parent / item["file"],
                    voice=f"{item['engine']}/{manifest.parent.name}",
                    language=item["language"][:2],
                    kind=item["kind"],
                    digits=[tuple(digit) for digit in item["digits"]],
                    readings=item.get("readings", [len(item["digits"])]),
                )
            )
    return utterances


def whole_call(spoken: Spoken, rng: np.random.Generator) -> Call:
    """A call in which the utterance is all that is said."""
    call = Call(spoken.voice, spoken.language, spoken.code())
    call.wait(rng.uniform(0.3, 1.5))
    offset = call.seconds
    if call.code:
        call.digit_ends = [[end + offset for end in row] for row in spoken.digit_ends()]
    call.say(read(spoken.path))
    call.wait(rng.uniform(1.5, 2.5))
    return call
