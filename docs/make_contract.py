"""Write docs/contract/ from the code: `make docs`.

tests/test_docs.py fails while a file is out of date.
"""

from __future__ import annotations

from pathlib import Path

from dashboard.contract import DOCUMENTS, rendered

FOLDER = Path(__file__).parent / "contract"


def main() -> None:
    """Write every document."""
    FOLDER.mkdir(exist_ok=True)
    for name in DOCUMENTS:
        (FOLDER / name).write_text(rendered(name), encoding="utf-8")


if __name__ == "__main__":
    main()
