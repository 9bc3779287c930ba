"""Sets what `zavud bench speech --json` printed against the goals: python bench_table.py FOLDER.

FOLDER holds the reports: `prompts.json`, `amateurs.json`, `fluent.json`, `negative.json`;
`one.json` and `forty.json` in real time; and, to compare, `SET-READER.json` for the same few calls
read by each reader. What is missing is shown as not measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmark.goals import GOALS, Goal, Report, Reports

FURTHER_CALL_MB = 4.0
"""Memory that each call but the first may take."""


def main() -> int:
    """Prints the tables."""
    arguments = argparse.ArgumentParser(prog="bench_table", description=__doc__)
    arguments.add_argument("folder", type=Path, help="folder of the reports")
    folder = arguments.parse_args().folder
    reports = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    print(f"\n{'goal':<46} {'wanted':>12} {'measured':>12} {'calls':>6}")
    for goal in GOALS:
        print(goal_line(goal, reports.get(goal.report)))
    print(memory_line(reports))
    print_comparison(reports)
    return 0


def goal_line(goal: Goal, report: Report | None) -> str:
    """One goal, what was measured, and whether it is met."""
    sign = ">=" if goal.is_floor else "<="
    wanted = f"{sign} {goal.limit:g} {goal.unit}".rstrip()
    figure, calls = goal.measure(report) if report else (None, 0)
    if figure is None:
        return f"{goal.what:<46} {wanted:>12} {'-':>12} {calls:>6}  not measured"
    measured = f"{figure:.3g} {goal.unit}" if goal.unit == "s" else f"{figure:.2f} {goal.unit}"
    verdict = "met" if goal.is_met(figure) else "MISSED"
    return f"{goal.what:<46} {wanted:>12} {measured.rstrip():>12} {calls:>6}  {verdict}"


def memory_line(reports: Reports) -> str:
    """What each further call takes: from one call at a time to forty."""
    what, wanted = "each further call, memory", f"<= {FURTHER_CALL_MB:g} MB"
    if not {"one", "forty"} <= reports.keys():
        return f"{what:<46} {wanted:>12} {'-':>12} {0:>6}  not measured"
    more = (reports["forty"]["peak_memory_mb"] - reports["one"]["peak_memory_mb"]) / 39
    verdict = "met" if more <= FURTHER_CALL_MB else "MISSED"
    return f"{what:<46} {wanted:>12} {f'{more:.2f} MB':>12} {40:>6}  {verdict}"


def print_comparison(reports: Reports) -> None:
    """The same calls, read by each reader."""
    compared = {name: report for name, report in reports.items() if "-" in name}
    if not compared:
        return
    outcomes = ("exact", "wrong", "none")
    heads = " ".join(f"{outcome:>8}" for outcome in outcomes)
    print(f"\n{'the same calls':<28} {'calls':>6} {heads} {'s a call':>9}")
    for name, report in compared.items():
        with_code = max(report["with_code"], 1)
        shares = [f"{100 * report[key] / with_code:.1f} %" for key in outcomes]
        cells = " ".join(f"{share:>8}" for share in shares)
        seconds = report["cpu_seconds_per_call"]
        print(f"{name.replace('-', ': ', 1):<28} {report['calls']:>6} {cells} {seconds:>9.2f}")
        print_languages(report)


def print_languages(report: Report) -> None:
    for language, counts in report["by_language"].items():
        with_code = counts["exact"] + counts["wrong"] + counts["none"]
        if with_code:
            share = f"{100 * counts['exact'] / with_code:.1f} %"
            print(f"  {language:<26} {with_code:>6} {share:>8}")


if __name__ == "__main__":
    sys.exit(main())
