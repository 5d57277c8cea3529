"""What the benchmarks share: repeat, take the median, give a ratio, say on which machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One line of a benchmark's table.

    Parameters
    ----------
    name
        What was measured.
    value
        Median of the runs, in `unit`.
    unit
        Unit of `value` ("s", "messages/s", "MiB", "kB").
    runs
        How many runs the median is of.
    spread
        Half the distance between the quartiles of the runs, as a part of the median [1]; None for
        fewer than four runs.
    ratio
        `value` against the plain way of the same run [1]; None where nothing was compared.
    target
        What the ratio or the value has to keep to, in words.
    """

    name: str
    value: float
    unit: str
    runs: int = 1
    spread: float | None = None
    ratio: float | None = None
    target: str = ""


def arguments(description: str, *, repeats: int = 5) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has: `--repeats` and `--json`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=repeats, help="runs of each measurement")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call took [s]."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(
    ways: Mapping[str, Callable[[], float]], repeats: int, *, warm_up: bool = True
) -> dict[str, list[float]]:
    """Return what each way measured in each round (way -> value per round).

    The ways take turns, so that a machine that slows down slows all of them: trust the ratios.

    Parameters
    ----------
    ways
        Name -> function that does the work once and returns what it measured (a time [s], a
        rate); `lambda: seconds(work)` measures the time of any function.
    repeats
        Number of rounds.
    warm_up
        Whether each way runs once before, uncounted.
    """
    if warm_up:
        for measure in ways.values():
            measure()
    values: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, measure in ways.items():
            values[name].append(measure())
    return values


def median_of(
    name: str,
    runs: Sequence[float],
    unit: str,
    *,
    against: Sequence[float] | None = None,
    target: str = "",
) -> Result:
    """Return the median of some runs as a line of the table.

    Parameters
    ----------
    runs
        One value per run, in `unit`.
    against
        The values of the plain way in the same rounds; the ratio is the median of the ratios of
        the rounds.
    """
    value = statistics.median(runs)
    spread = None
    if len(runs) >= 4 and value:
        low, _, high = statistics.quantiles(runs, n=4)
        spread = (high - low) / 2 / value
    ratio = None
    if against is not None:
        ratio = statistics.median(ours / plain for ours, plain in zip(runs, against, strict=True))
    return Result(name, value, unit, len(runs), spread, ratio, target)


def machine() -> str:
    """Return the machine in one line: processor, cores, memory, system, Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [_processor(), f"{cores} cores"]
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        parts.append(f"{memory / 2**30:.0f} GiB")
    parts += [f"{platform.system()} {platform.machine()}", f"Python {platform.python_version()}"]
    return ", ".join(parts)


def show(results: Sequence[Result], *, as_json: bool) -> None:
    """Print the results, as a Markdown table or as JSON, with the machine and the command."""
    command = " ".join(["python", *sys.argv])
    if as_json:
        document = {
            "command": command,
            "machine": machine(),
            "results": [asdict(result) for result in results],
        }
        print(json.dumps(document, indent=2))
        return
    print("| measured | value | unit | runs | spread | ratio | target |")
    print("| --- | ---: | --- | ---: | ---: | ---: | --- |")
    for result in results:
        spread = "" if result.spread is None else f"{result.spread:.0%}"
        ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
        print(
            f"| {result.name} | {_number(result.value)} | {result.unit} | {result.runs} "
            f"| {spread} | {ratio} | {result.target} |"
        )
    print(f"\n{command}, on {machine()}")


def _number(value: float) -> str:
    """Return three significant digits, without an exponent."""
    if value and abs(value) < 100:
        return f"{value:.3g}"
    return f"{value:,.0f}".replace(",", " ")


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"
