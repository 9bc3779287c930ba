"""Number words of the seven languages, up to ninety-nine. Knows nothing of codes or sentences."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "es", "pt-BR", "fr", "it", "de", "ru")

TEXTS = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class Lexicon:
    """The words and phrases of one language, as its file under `texts/` gives them."""

    language: str
    digits: tuple[str, ...]
    also: dict[int, str]
    """Another word for a digit, like "oh" for 0."""
    repeats: dict[int, str]
    """How a digit said twice or three times is put, like "double {}"."""
    teens: tuple[str, ...]
    """The words from ten on that follow no rule."""
    tens: tuple[str, ...]
    """The tens after the teens."""
    codes: tuple[str, ...]
    plain: tuple[str, ...]

    def number(self, value: int) -> str:
        """The words for `value`, 0 to 99."""
        if not 0 <= value <= 99:
            raise ValueError(f"no words for {value}")
        if value < 10:
            return self.digits[value]
        if value - 10 < len(self.teens):
            return self.teens[value - 10]
        return _COMPOSE[self.language](self, value // 10, value % 10)

    def ten(self, tens: int) -> str:
        """The word for `tens` times ten."""
        first = 1 + len(self.teens) // 10
        return self.tens[tens - first]


@cache
def lexicon(language: str) -> Lexicon:
    """Reads the lexicon of one of `LANGUAGES`."""
    raw = tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))
    return Lexicon(
        language=language,
        digits=tuple(raw["digits"]),
        also={int(digit): word for digit, word in raw["also"].items()},
        repeats={int(times): words for times, words in raw["repeats"].items()},
        teens=tuple(raw["teens"]),
        tens=tuple(raw["tens"]),
        codes=tuple(raw["codes"]),
        plain=tuple(raw["plain"]),
    )


def _joined(link: str):
    """Composes tens and unit with `link` between them."""

    def compose(words: Lexicon, tens: int, unit: int) -> str:
        return words.ten(tens) + (link + words.digits[unit] if unit else "")

    return compose


def _french(words: Lexicon, tens: int, unit: int) -> str:
    if tens in (7, 9):
        rest = words.teens[unit]
        if tens == 7:
            return words.ten(6) + (" et " if unit == 1 else "-") + rest
        return "quatre-vingt-" + rest
    if tens == 8:
        return "quatre-vingt-" + words.digits[unit] if unit else "quatre-vingts"
    if unit == 1:
        return words.ten(tens) + " et un"
    return words.ten(tens) + ("-" + words.digits[unit] if unit else "")


def _italian(words: Lexicon, tens: int, unit: int) -> str:
    stem = words.ten(tens)
    if unit in (1, 8):
        stem = stem[:-1]
    return stem + (("tré" if unit == 3 else words.digits[unit]) if unit else "")


def _german(words: Lexicon, tens: int, unit: int) -> str:
    if not unit:
        return words.ten(tens)
    return ("ein" if unit == 1 else words.digits[unit]) + "und" + words.ten(tens)


_COMPOSE = {
    "en": _joined("-"),
    "es": _joined(" y "),
    "pt-BR": _joined(" e "),
    "fr": _french,
    "it": _italian,
    "de": _german,
    "ru": _joined(" "),
}
