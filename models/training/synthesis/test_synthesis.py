"""What the corpus rests on: number words, plans, spans. Run: python -m unittest discover"""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from synthesis.corpus import open_shelf, share
from synthesis.engines import Voice, token_times
from synthesis.engines.mbrola import phonemes, span_times
from synthesis.numerals import LANGUAGES, lexicon
from synthesis.plan import Counts, Span, Utterance, draw_code, plan
from synthesis.sound import MARGIN, PEAK, RATE, Speech, finish

COUNTS = Counts(digit=20, digits=60, sentence=40, phrase=40)


def tone(*stretches: tuple[float, float]) -> np.ndarray:
    """Seconds and amplitude of one stretch after the other, of a tone of 400 Hz."""
    parts = [np.full(round(seconds * RATE), level) for seconds, level in stretches]
    level = np.concatenate(parts)
    return level * np.sin(2 * np.pi * 400 * np.arange(len(level)) / RATE)


class Numerals(unittest.TestCase):
    def test_numbers_are_spelled_as_each_language_does(self) -> None:
        said = {language: lexicon(language).number for language in LANGUAGES}
        self.assertEqual(
            [said[language](48) for language in LANGUAGES],
            [
                "forty-eight", "cuarenta y ocho", "quarenta e oito", "quarante-huit",
                "quarantotto", "achtundvierzig", "сорок восемь",
            ],
        )  # fmt: skip
        self.assertEqual([said["fr"](value) for value in (71, 80, 81, 99)], [
            "soixante et onze", "quatre-vingts", "quatre-vingt-un", "quatre-vingt-dix-neuf",
        ])  # fmt: skip
        self.assertEqual([said["it"](value) for value in (21, 23, 90)], [
            "ventuno", "ventitré", "novanta",
        ])  # fmt: skip
        self.assertEqual([said["es"](value) for value in (9, 22, 30)], [
            "nueve", "veintidós", "treinta",
        ])  # fmt: skip
        self.assertEqual(said["de"](21), "einundzwanzig")

    def test_a_hundred_has_no_words(self) -> None:
        with self.assertRaises(ValueError):
            lexicon("en").number(100)

    def test_no_two_numbers_of_a_language_sound_alike(self) -> None:
        for language in LANGUAGES:
            words = {lexicon(language).number(value) for value in range(100)}
            self.assertEqual(len(words), 100, language)


class Plans(unittest.TestCase):
    def test_the_same_seed_plans_the_same_utterances(self) -> None:
        first, second = (plan("en", COUNTS, np.random.default_rng(4)) for _ in range(2))
        self.assertEqual(first, second)
        self.assertNotEqual(first, plan("en", COUNTS, np.random.default_rng(5)))

    def test_spans_say_the_digits_of_the_readings(self) -> None:
        for language in LANGUAGES:
            words = lexicon(language)
            known = {words.digits[digit]: digit for digit in range(10)}
            known |= {word: digit for digit, word in words.also.items()}
            for utterance in plan(language, COUNTS, np.random.default_rng(4)):
                said = [digit for span in utterance.spans for digit in span.digits]
                self.assertEqual(len(said), sum(utterance.readings))
                for span in utterance.spans:
                    word = utterance.text[span.start : span.end]
                    if len(span.digits) == 1:
                        self.assertEqual(known[word.lower()], span.digits[0])

    def test_phrases_hold_no_digit_to_read(self) -> None:
        utterances = plan("ru", COUNTS, np.random.default_rng(4))
        phrases = [utterance for utterance in utterances if utterance.kind == "phrase"]
        self.assertEqual([utterance.spans for utterance in phrases], [()] * COUNTS.phrase)

    def test_no_slot_is_left_open(self) -> None:
        for language in LANGUAGES:
            for utterance in plan(language, COUNTS, np.random.default_rng(4)):
                self.assertNotRegex(utterance.text, r"[{}]")

    def test_codes_repeat_digits_more_often_than_chance(self) -> None:
        rng = np.random.default_rng(4)
        codes = [draw_code(rng) for _ in range(2000)]
        runs = [any(one == two for one, two in zip(code, code[1:])) for code in codes]
        self.assertGreater(np.mean(runs), 0.5)
        self.assertLess(np.mean(runs), 0.6)


class Sound(unittest.TestCase):
    def test_silence_is_trimmed_and_times_move_with_it(self) -> None:
        said = tone((0.5, 0.0), (0.3, 0.2), (0.2, 0.0), (0.3, 0.2), (0.4, 0.0))
        speech = finish(Speech(said, RATE, [(0.5, 1.0), (1.0, 1.7), None]))
        self.assertEqual(speech.times, [(0.05, 0.35), (0.55, 0.85), None])
        self.assertEqual(len(speech.samples), round((2 * MARGIN + 0.8) * RATE))
        self.assertAlmostEqual(np.abs(speech.samples).max(), PEAK)

    def test_words_without_a_pause_meet_where_the_engine_says(self) -> None:
        speech = finish(Speech(tone((0.6, 0.2)), RATE, [(0.0, 0.27), (0.27, 0.6)]))
        self.assertEqual(speech.times, [(0.05, 0.32), (0.32, 0.65)])

    def test_the_onset_of_the_next_word_does_not_stretch_a_word(self) -> None:
        said = tone((0.3, 0.2), (0.2, 0.0), (0.3, 0.2))
        speech = finish(Speech(said, RATE, [(0.0, 0.508), (0.508, 0.8)]))
        self.assertEqual(speech.times[0], (0.05, 0.35))

    def test_an_engine_that_says_nothing_is_an_error(self) -> None:
        with self.assertRaises(ValueError):
            finish(Speech(np.zeros(RATE), RATE, []))

    def test_a_word_of_two_digits_is_shared_in_halves(self) -> None:
        self.assertEqual(share((4, 8), (1.0, 1.5)), [[4, 1.0, 1.25], [8, 1.25, 1.5]])
        self.assertEqual(share((4,), None), [[4, None, None]])


class Tokens(unittest.TestCase):
    def test_a_span_of_two_words_takes_the_time_of_both(self) -> None:
        spans = (Span(6, 17, (5, 5)), Span(18, 20, (0,)))
        utterance = Utterance("digits", "en", "Code: double five oh.", spans, (3,), 1.0)
        tokens = [(0.1, 0.4), (0.5, 0.8), (0.8, 1.1), (1.1, 1.3)]
        self.assertEqual(token_times(utterance, tokens), [(0.5, 1.1), (1.1, 1.3)])
        with self.assertRaises(ValueError):
            token_times(utterance, tokens[1:])


class Phonemes(unittest.TestCase):
    """"Six un": what was mute at the end of the first word is spoken before the second."""

    def test_a_word_is_where_the_text_up_to_its_end_ends(self) -> None:
        whole = phonemes("_ 50\ns 100 0 200 100 180\ni 80\nz 70\n\n_ 25\n9~ 120\n_ 300")
        six = phonemes("_ 50\ns 90\ni 80\ns 70\n_ 300")
        start, end = span_times(whole, [], six)
        self.assertAlmostEqual(start, 0.05)
        self.assertAlmostEqual(end, 0.23)
        start, end = span_times(whole, six, phonemes("_ 50\ns 1\ni 1\nz 1\n_ 25\n9~ 1\n_ 300"))
        self.assertAlmostEqual(start, 0.23)
        self.assertAlmostEqual(end, 0.445)

    def test_a_text_that_is_pronounced_otherwise_tells_no_times(self) -> None:
        whole = phonemes("s 100\ni 80\ns 70\n9~ 120")
        self.assertIsNone(span_times(whole, [], phonemes("t 100\nR 80\nw 50\na 60")))
        self.assertIsNone(span_times(whole, phonemes("s 100"), phonemes("s 100")))


class Beeper:
    """An engine that beeps, and counts how often."""

    name = "beeper"

    def __init__(self) -> None:
        self.beeps = 0

    def voices(self) -> list[Voice]:
        return [Voice("only", "it")]

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        self.beeps += 1
        return Speech(tone((0.3, 0.5)), RATE, [None] * len(utterance.spans))


class Shelves(unittest.TestCase):
    def test_a_second_run_says_only_what_is_missing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            engine = Beeper()
            for upto in (3, 5):
                shelf = open_shelf(Path(folder), engine, engine.voices()[0], COUNTS, seed=1)
                troubles = [shelf.write(number) for number in range(upto)]
                self.assertEqual(troubles, [None] * upto)
            self.assertEqual(engine.beeps, 5)
            manifest = shelf.folder / "manifest.jsonl"
            lines = manifest.read_text(encoding="utf-8").splitlines()
            self.assertEqual(len(lines), 5)
            self.assertTrue((shelf.folder / "00005.flac").exists())


if __name__ == "__main__":
    unittest.main()
