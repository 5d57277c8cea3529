"""Memory of each process of a running demo.

PSS counts a page that several processes share in equal parts, so that the sum is what the platform
takes from the machine; RSS counts it in each of them.
"""

from __future__ import annotations

import statistics
import time

import psutil
from _demo import running_demo
from _measure import Result, arguments, show

MIB = 2**20
BETWEEN_S = 2.0


def main() -> None:
    """Start a demo, or look at a running one, and print the memory of its processes."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--pid", type=int, help="first process of a demo that runs already")
    parser.add_argument("--after", type=float, default=60, help="play so long before [s]")
    given = parser.parse_args()
    if given.pid is None:
        with running_demo(given.after) as demo:
            results = measure(demo.pid, given.repeats)
    else:
        results = measure(given.pid, given.repeats)
    show(results, as_json=given.json)


def measure(pid: int, repeats: int) -> list[Result]:
    """Return PSS and RSS of each process of the tree, and their sums [MiB]."""
    pss: dict[str, list[float]] = {}
    rss: dict[str, list[float]] = {}
    for round_ in range(repeats):
        if round_:
            time.sleep(BETWEEN_S)
        first = psutil.Process(pid)
        total_pss = total_rss = 0.0
        for process in [first, *first.children(recursive=True)]:
            try:
                memory = process.memory_full_info()
                name = _name(process)
            except psutil.NoSuchProcess:
                continue
            # Only Linux knows PSS.
            shared = getattr(memory, "pss", memory.rss)
            pss.setdefault(name, []).append(shared / MIB)
            rss.setdefault(name, []).append(memory.rss / MIB)
            total_pss += shared / MIB
            total_rss += memory.rss / MIB
        pss.setdefault("all processes", []).append(total_pss)
        rss.setdefault("all processes", []).append(total_rss)
    return [
        Result(f"{name}, {kind}", statistics.median(runs), "MiB", len(runs))
        for kind, found in (("PSS", pss), ("RSS", rss))
        for name, runs in found.items()
    ]


def _name(process: psutil.Process) -> str:
    """Return the command that a person would type ("postmine twin"), or the program's name."""
    words = process.cmdline()
    for index, word in enumerate(words):
        if word.endswith(("/postmine", "dashboard.cli", "dashboard/cli.py")):
            return " ".join(["postmine", *words[index + 1 : index + 2]])
    modules = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "-m"]
    return modules[0] if modules else process.name()


if __name__ == "__main__":
    main()
