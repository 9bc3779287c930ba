"""The text-to-speech engines, each in a module of its own behind one interface."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any, Protocol

from synthesis.plan import Utterance
from synthesis.sound import Speech

NAMES = ("espeak", "kokoro", "flite", "festival")


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
