"""What is to be said: utterances of the four kinds, and which words of them are code digits.

Knows no engine and no sound. Everything follows from the generator that is passed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from synthesis.numerals import Lexicon, lexicon

CODE_LENGTH = 6
STYLES = ("row", "commas", "stops", "threes", "twos", "pairs", "repeats")
STYLE_WEIGHTS = (0.30, 0.16, 0.05, 0.19, 0.08, 0.14, 0.08)

_SLOT = re.compile(r"\{(code|part|n|d)\}")


@dataclass(frozen=True)
class Span:
    """The characters `start:end` of an utterance's text, and the digits that they say."""

    start: int
    end: int
    digits: tuple[int, ...]


@dataclass(frozen=True)
class Utterance:
    """One thing to say."""

    kind: str
    language: str
    text: str
    spans: tuple[Span, ...]
    readings: tuple[int, ...]
    """How many digits each reading of a code has; they add up to the digits of the spans."""
    rate: float
    """Speed of speech; 1 is the voice's usual one."""


@dataclass
class _Draft:
    """A text being put together."""

    text: str = ""
    spans: list[Span] = field(default_factory=list)
    readings: list[int] = field(default_factory=list)

    def digits(self, word: str, digits: tuple[int, ...]) -> None:
        start = len(self.text)
        if self.text.rstrip()[-1:] in ("", ".", "!", "?"):
            word = word[0].upper() + word[1:]
        self.text += word
        self.spans.append(Span(start, len(self.text), digits))


@dataclass(frozen=True)
class Counts:
    """How many utterances of each kind a voice is to say."""

    digit: int
    digits: int
    sentence: int
    phrase: int


def plan(language: str, counts: Counts, rng: np.random.Generator) -> list[Utterance]:
    """All utterances of one voice, shuffled so that any beginning of the list is a fair sample."""
    words = lexicon(language)
    single = [_digit(words, number % 10, rng) for number in range(counts.digit)]
    rows = [_row(words, rng) for _ in range(counts.digits)]
    codes, plain = _deal(words.codes, counts.sentence, rng), _deal(words.plain, counts.phrase, rng)
    sentences = [_sentence(words, template, rng) for template in codes]
    phrases = [_phrase(words, template, rng) for template in plain]
    utterances = single + rows + sentences + phrases
    return [utterances[place] for place in rng.permutation(len(utterances))]


def draw_code(rng: np.random.Generator) -> list[int]:
    """A code; a quarter of them have runs of one digit, which readers lose most easily."""
    code = [int(digit) for digit in rng.integers(0, 10, CODE_LENGTH)]
    if rng.random() >= 0.25:
        return code
    shape = rng.choice(["all", "pairs", "triples", "some"], p=[0.1, 0.25, 0.15, 0.5])
    if shape == "some":
        start = int(rng.integers(0, CODE_LENGTH - 1))
        end = min(CODE_LENGTH, start + int(rng.integers(2, 4)))
        code[start:end] = [code[start]] * (end - start)
        return code
    run = {"all": 6, "pairs": 2, "triples": 3}[shape]
    return [code[place // run] for place in range(CODE_LENGTH)]


def _deal(templates: tuple[str, ...], count: int, rng: np.random.Generator) -> list[str]:
    """`count` templates, each as often as the others as far as that goes."""
    dealt: list[str] = []
    while len(dealt) < count:
        dealt += [templates[place] for place in rng.permutation(len(templates))]
    return dealt[:count]


def _digit(words: Lexicon, digit: int, rng: np.random.Generator) -> Utterance:
    draft = _Draft()
    draft.digits(_say(words, digit, rng.random() < 0.3), (digit,))
    draft.readings.append(1)
    draft.text += str(rng.choice([".", ",", "?"], p=[0.6, 0.3, 0.1]))
    return _finish(draft, "digit", words, rng.uniform(0.75, 1.5))


def _row(words: Lexicon, rng: np.random.Generator) -> Utterance:
    draft = _Draft()
    style = str(rng.choice(STYLES, p=STYLE_WEIGHTS))
    _read_out(draft, words, draw_code(rng), style, rng)
    draft.text += "."
    fastest = 1.7 if style in ("row", "threes") else 1.4
    return _finish(draft, "digits", words, rng.uniform(0.8, fastest))


def _sentence(words: Lexicon, template: str, rng: np.random.Generator) -> Utterance:
    draft = _fill(words, template, rng)
    return _finish(draft, "sentence", words, rng.uniform(0.9, 1.4))


def _phrase(words: Lexicon, template: str, rng: np.random.Generator) -> Utterance:
    draft = _fill(words, template, rng)
    return _finish(draft, "phrase", words, rng.uniform(0.8, 1.4))


def _fill(words: Lexicon, template: str, rng: np.random.Generator) -> _Draft:
    """The template with its slots filled; all its codes are one and the same."""
    draft = _Draft()
    code = draw_code(rng)
    style = str(rng.choice(STYLES, p=STYLE_WEIGHTS))
    for place, piece in enumerate(_SLOT.split(template)):
        if place % 2 == 0:
            draft.text += piece
        elif piece == "code":
            _read_out(draft, words, code, style, rng)
        elif piece == "part":
            _read_out(draft, words, code[: int(rng.integers(2, CODE_LENGTH))], "row", rng)
        elif piece == "n":
            draft.text += words.number(int(rng.choice([5, 10, 15, 20, 30, 45])))
        else:
            draft.text += words.number(int(rng.integers(2, 10)))
    return draft


def _finish(draft: _Draft, kind: str, words: Lexicon, rate: float) -> Utterance:
    return Utterance(
        kind=kind,
        language=words.language,
        text=draft.text,
        spans=tuple(draft.spans),
        readings=tuple(draft.readings),
        rate=round(float(rate), 3),
    )


def _read_out(
    draft: _Draft, words: Lexicon, code: list[int], style: str, rng: np.random.Generator
) -> None:
    """Appends one reading of `code`; words of two digits follow only from the style."""
    draft.readings.append(len(code))
    also = bool(rng.random() < 0.4)
    groups = _groups(words, code, style)
    marks = _marks(len(code), style, rng)
    said = 0
    for group in groups:
        draft.digits(_word(words, group, style, also), group)
        said += len(group)
        if said < len(code):
            draft.text += marks.get(said, "") + " "


def _groups(words: Lexicon, code: list[int], style: str) -> list[tuple[int, ...]]:
    """The digits that are said by one word or expression."""
    if style == "pairs" and words.language != "ru":
        pairs = [tuple(code[place : place + 2]) for place in range(0, len(code), 2)]
        return [
            group
            for pair in pairs
            for group in ([pair] if len(pair) == 2 and pair[0] else [(digit,) for digit in pair])
        ]
    if style == "repeats":
        return _runs(code, max(words.repeats, default=1))
    return [(digit,) for digit in code]


def _runs(code: list[int], longest: int) -> list[tuple[int, ...]]:
    """Equal neighbours together, `longest` at most."""
    runs: list[tuple[int, ...]] = []
    for digit in code:
        if runs and runs[-1][0] == digit and len(runs[-1]) < longest:
            runs[-1] += (digit,)
        else:
            runs.append((digit,))
    return runs


def _word(words: Lexicon, group: tuple[int, ...], style: str, also: bool) -> str:
    if len(group) == 1:
        return _say(words, group[0], also)
    if style == "pairs":
        return words.number(group[0] * 10 + group[1])
    return words.repeats[len(group)].format(_say(words, group[0], also))


def _say(words: Lexicon, digit: int, also: bool) -> str:
    return words.also.get(digit, words.digits[digit]) if also else words.digits[digit]


def _marks(length: int, style: str, rng: np.random.Generator) -> dict[int, str]:
    """The punctuation after so many digits."""
    if style == "commas":
        return {place: "," for place in range(1, length)}
    if style == "stops":
        return {place: "." for place in range(1, length)}
    if style == "threes":
        return {place: "," for place in range(3, length, 3)}
    if style == "twos" or (style == "pairs" and rng.random() < 0.5):
        return {place: "," for place in range(2, length, 2)}
    return {}
