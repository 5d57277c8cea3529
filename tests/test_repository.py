"""What must not be in the repository: large files, secrets, addresses of package registries."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MEGABYTE = 1_000_000
TEXT = {".cfg", ".conf", ".css", ".csv", ".html", ".js", ".json", ".md", ".po", ".py", ".sh"}
TEXT |= {".svg", ".toml", ".txt", ".yaml", ".yml", ""}


def tracked() -> list[Path]:
    """Return the files that git knows."""
    run = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if run.returncode:
        pytest.skip("not a git working tree")
    return [path for name in run.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_files_are_small() -> None:
    large = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > MEGABYTE]
    assert not large, "over 1 MB"


def test_constraints_are_exact_pins_without_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    for pin in pins:
        assert re.fullmatch(r"[A-Za-z0-9][\w.-]*==[\w.!+]+", pin), f"{pin} is not name==version"


def test_every_dependency_is_pinned() -> None:
    import tomllib

    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {plain(re.match(r"[\w.-]+", each)[0]) for each in wanted}
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {plain(name) for name in re.findall(r"^([\w.-]+)==", pins, re.MULTILINE)}
    assert names <= pinned, "run `make constraints`"


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        # Written apart, so that this file does not find itself.
        (
            "the address of a package registry",
            r"(index|extra-index)-url|find-" + "links|/simple" + "/",
        ),
        ("a private key", "BEGIN [A-Z ]*PRIVATE" + " KEY"),
        ("a path of one machine", "(^|[\\s\"'=(])/(home|root|Users" + ")/[a-z]"),
        ("the mark of a conflict", "^(<<<<<<<|>>>>>>>)" + " "),
    ],
)
def test_nothing_of_one_machine_is_in_the_files(what: str, pattern: str) -> None:
    wanted = re.compile(pattern, re.MULTILINE)
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix in TEXT and wanted.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not found, f"{what} stands in {found}"


def test_every_data_file_of_a_package_is_installed() -> None:
    """The container holds the built wheel: a file that it leaves out is missing there alone."""
    import tomllib

    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = configuration["tool"]["setuptools"]["package-data"]["*"]
    left_out = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.relative_to(ROOT).parts[0]
        in {"ingest", "twin", "analytics", "simulators", "dashboard"}
        and path.suffix != ".py"
        and not any(path.match(pattern) for pattern in patterns)
    ]
    assert not left_out, "add them to [tool.setuptools.package-data]"
