"""Every statement by its name; they are written in `store/sql/`.

Rule 1: no SQL in Python but pragmas and begin, commit, rollback.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"
_NAME = "-- name: "


def named(file: str) -> dict[str, str]:
    """The statements of `store/sql/<file>.sql` by name."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (_FOLDER / f"{file}.sql").read_text(encoding="utf-8").splitlines():
        if line.startswith(_NAME):
            lines = found.setdefault(line.removeprefix(_NAME).strip(), [])
        elif not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(body).strip().rstrip(";") for name, body in found.items()}


def migrations() -> dict[int, str]:
    """The scripts that make or change the tables, by number."""
    files = sorted(_FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return {int(file.name[:4]): file.read_text(encoding="utf-8") for file in files}
