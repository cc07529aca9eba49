"""A file that somebody named on the command line."""

from __future__ import annotations

from pathlib import Path

from headway.errors import UsageError


def text_of(path: str, *, largest: int) -> str:
    """Its text, of at most `largest` bytes. Raises: UsageError that says why not."""
    try:
        file = Path(path)
        if file.stat().st_size > largest:
            raise UsageError(f"{path} is larger than {largest} bytes")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
