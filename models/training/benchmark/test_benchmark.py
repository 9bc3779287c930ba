"""python -m unittest discover -s models/training"""

from __future__ import annotations

import unittest
from pathlib import Path

import numpy as np

import recipe
from bench_calls import AMATEURS, PROMPTS
from benchmark import calls, tones
from benchmark.conditions import CONDITIONS, through
from benchmark.fluent import Spoken
from benchmark.goals import GOALS, share
from channel import RATE
from sources import Voice


def voice() -> Voice:
    """Each digit is a tone of a tenth of a second, and so is the one phrase."""
    tone = np.sin(np.arange(RATE // 10) * 0.5).astype(np.float32)
    digits = {digit: [tone] for digit in range(10)}
    return Voice("tone_en", "en", digits=digits, phrases=[tone])


class Calls(unittest.TestCase):
    def test_each_digit_ends_where_its_sound_ends(self) -> None:
        for condition in CONDITIONS.values():
            rng = np.random.default_rng(1)
            call = calls.spoken_code(voice(), voice().phrases, condition.manner, rng)
            self.assertEqual(len(call.digit_ends), condition.manner.readings)
            for end in (end for row in call.digit_ends for end in row):
                place = round(end * RATE)
                self.assertGreater(np.abs(call.samples[place - 20 : place]).max(), 0.1)
                self.assertEqual(np.abs(call.samples[place : place + 200]).max(), 0)

    def test_the_same_seed_gives_the_same_call(self) -> None:
        def line(seed: int) -> np.ndarray:
            rng = np.random.default_rng(seed)
            hard = CONDITIONS["hard"]
            call = calls.spoken_code(voice(), voice().phrases, hard.manner, rng)
            return through(call.samples, hard.line, [voice()], rng)

        np.testing.assert_array_equal(line(7), line(7))
        self.assertFalse(np.array_equal(line(7), line(8)))

    def test_no_call_of_a_machine_is_longer_than_a_real_one(self) -> None:
        for machine in tones.MACHINES.values():
            samples = machine(np.random.default_rng(1))
            self.assertTrue(RATE * 2 < len(samples) < RATE * 60)
            self.assertLessEqual(np.abs(samples).max(), 1)


class Fluent(unittest.TestCase):
    def spoken(self, digits: str, readings: list[int]) -> Spoken:
        timed = [(int(digit), at / 2, at / 2 + 0.4) for at, digit in enumerate(digits)]
        return Spoken(Path("f"), "v", "en", "sentence", timed, readings)

    def test_the_code_is_that_of_whole_readings(self) -> None:
        interrupted = self.spoken("481481529", [3, 6])
        self.assertEqual(interrupted.code(), "481529")
        self.assertEqual(interrupted.digit_ends(), [[1.9, 2.4, 2.9, 3.4, 3.9, 4.4]])
        self.assertEqual(self.spoken("481529481529", [6, 6]).code(), "481529")
        self.assertIsNone(self.spoken("4815", [4]).code())
        self.assertIsNone(self.spoken("481529481520", [6, 6]).code())


class Voices(unittest.TestCase):
    def test_the_reader_was_not_taught_with_the_voices_it_is_judged_on(self) -> None:
        self.assertEqual(set(PROMPTS + AMATEURS), set(recipe.KEPT_OUT))


class Goals(unittest.TestCase):
    def test_a_share_is_of_the_calls_with_a_code(self) -> None:
        counts = {"exact": 3, "wrong": 1, "none": 0, "calls": 9, "false_alarms": 0}
        report = {"by_condition": {"gsm": counts}}
        self.assertEqual(share("exact", "gsm")(report), (75.0, 4))
        self.assertEqual(share("exact", "fast")(report), (None, 0))

    def test_a_goal_is_a_floor_or_a_ceiling(self) -> None:
        exact, wrong = GOALS[:2]
        self.assertEqual([exact.is_met(99.5), exact.is_met(99.4)], [True, False])
        self.assertEqual([wrong.is_met(0.1), wrong.is_met(0.2)], [True, False])


if __name__ == "__main__":
    unittest.main()
