"""The goals of the reader, and where in the reports their figures stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Report = dict
"""What `zavud bench speech --json` prints."""
Reports = dict[str, Report]
"""By the name of the set, and `realtime` for forty calls at once."""

SINGLE_CONDITIONS = ("loss3", "burst8", "gsm", "fast", "once")
NOISY_CONDITIONS = ("babble10", "music10")


@dataclass(frozen=True)
class Goal:
    """A figure that is wanted."""

    what: str
    report: str
    """The report that holds it."""
    measure: Callable[[Report], tuple[float | None, int]]
    """The figure, and over how many calls; no figure where nothing was measured."""
    limit: float
    unit: str
    is_floor: bool = False
    """Whether the figure must not be below the limit, in place of above."""

    def is_met(self, figure: float) -> bool:
        return figure >= self.limit if self.is_floor else figure <= self.limit


def share(outcome: str, *conditions: str) -> Callable[[Report], tuple[float | None, int]]:
    """Per cent of the calls with a code in these conditions that came out so."""

    def measure(report: Report) -> tuple[float | None, int]:
        measured = report["by_condition"]
        groups = [measured[name] for name in conditions if name in measured]
        calls = sum(group["exact"] + group["wrong"] + group["none"] for group in groups)
        if not calls:
            return None, 0
        return 100 * sum(group[outcome] for group in groups) / calls, calls

    return measure


def figure(*keys: str) -> Callable[[Report], tuple[float | None, int]]:
    """A figure of the whole report."""

    def measure(report: Report) -> tuple[float | None, int]:
        found = report
        for key in keys:
            found = found[key]
        return found, report["calls"]

    return measure


def exact_and_wrong(
    what: str, report: str, exact: float, wrong: float | None, *conditions: str
) -> list[Goal]:
    """The pair of goals that most conditions have."""
    goals = [Goal(f"{what}: exact", report, share("exact", *conditions), exact, "%", is_floor=True)]
    if wrong is not None:
        goals.append(Goal(f"{what}: wrong", report, share("wrong", *conditions), wrong, "%"))
    return goals


def one_by_one(what: str, exact: float, wrong: float, conditions: tuple[str, ...]) -> list[Goal]:
    """Each condition has to be read well; wrong codes are too few to be counted one by one."""
    goals = [
        goal for name in conditions for goal in exact_and_wrong(name, "prompts", exact, None, name)
    ]
    return [*goals, Goal(f"{what}: wrong", "prompts", share("wrong", *conditions), wrong, "%")]


GOALS = [
    *exact_and_wrong("prompts, digit by digit", "prompts", 99.5, 0.1, "clean"),
    *exact_and_wrong("fluent sentences, groups and pairs", "fluent", 97, 0.3, "clean"),
    *exact_and_wrong("amateurs", "amateurs", 97, None, "clean"),
    *one_by_one("bad lines and manners", 98, 0.2, SINGLE_CONDITIONS),
    *one_by_one("noise of 10 dB", 90, 0.5, NOISY_CONDITIONS),
    Goal("codes in calls without one", "negative", figure("false_alarms"), 0, ""),
    Goal("last digit to decision, p50", "prompts", figure("latency_ms", "p50"), 300, "ms"),
    Goal("last digit to decision, p95", "prompts", figure("latency_ms", "p95"), 700, "ms"),
    Goal("digit to its partial, p95", "prompts", figure("partial_latency_ms", "p95"), 500, "ms"),
    Goal("processor, audio second", "prompts", figure("cpu_seconds_per_audio_second"), 0.05, "s"),
    Goal("one call, p95", "one", figure("latency_ms", "p95"), 700, "ms"),
    Goal("one call, memory", "one", figure("peak_memory_mb"), 150, "MB"),
    Goal("40 calls at once, p95", "forty", figure("latency_ms", "p95"), 1_000, "ms"),
]
