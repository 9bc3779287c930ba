"""The text-to-speech engines, each in a module of its own behind one interface."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import Any, Protocol

from synthesis.plan import Utterance
from synthesis.sound import Speech, Times

NAMES = ("espeak", "mbrola", "kokoro", "flite", "festival", "pico", "rhvoice")


class Missing(Exception):
    """The engine, or what it needs, is not installed."""


@dataclass(frozen=True)
class Voice:
    """A voice speaking a language; `settings` are the engine's own."""

    name: str
    language: str
    settings: dict[str, Any] = field(default_factory=dict, hash=False)


class Engine(Protocol):
    """A text-to-speech engine."""

    name: str

    def voices(self) -> list[Voice]:
        """All its voices that the corpus uses."""

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        """Says the utterance; raises ValueError when it cannot."""


def load(name: str) -> Engine:
    """Starts the engine `name`, or raises `Missing`."""
    if name not in NAMES:
        raise ValueError(f"no engine is called {name}")
    return importlib.import_module(f"synthesis.engines.{name}").start()


def token_times(utterance: Utterance, tokens: list[Times]) -> list[Times]:
    """The times of an utterance's spans from those of its tokens, which blanks separate.

    Raises ValueError when the engine saw other tokens than the text has.
    """
    words = [(word.start(), word.end()) for word in re.finditer(r"\S+", utterance.text)]
    if len(words) != len(tokens):
        raise ValueError(f"{len(words)} words, but {len(tokens)} tokens")
    times = []
    for span in utterance.spans:
        said = [
            token
            for (start, end), token in zip(words, tokens, strict=True)
            if start < span.end and end > span.start
        ]
        times.append((said[0][0], said[-1][1]))
    return times
