"""Sessions at other servers, kept between runs for this user alone.

Rule 1: for each place there is one that stands, however many processes look for it at once:
the first to write number n wins, the others take what it wrote.
Rule 2: a session is a password for its own work: files of mode 0600 in a directory of 0700,
named by a digest.
Rule 3: what cannot be read was never there; what cannot be written is used all the same.
"""

from __future__ import annotations

import hashlib
import os

from headway.host import paths

FOLDER = "sessions"
MOST = 1_000_000  # renewals


class Kept:
    """The `number`-th session of a place, as text. Number 0 with text "": there is none."""

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.text = text


class Sessions:
    """All of them, below that state directory."""

    def __init__(self, directory: str) -> None:
        self._directory = os.path.join(directory, FOLDER)

    def get(self, place: str) -> Kept:
        """The session of a place; `place` may hold secrets, it is only ever digested."""
        number, name = self._newest(place)
        try:
            with open(os.path.join(self._directory, name), encoding="utf-8") as file:
                return Kept(number, file.read())
        except (OSError, UnicodeDecodeError):
            return Kept(number, "")

    def put(self, place: str, text: str, *, after: int) -> Kept:
        """Keep it as the one that follows number `after`; answers with the one that stands."""
        stem, number = _stem(place), after + 1
        try:
            paths.make_private(self._directory)
        except OSError:
            return Kept(number, text)
        try:
            self._write(os.path.join(self._directory, f"{stem}.{number}"), text)
            self._drop(stem, number)
        except FileExistsError:
            return self.get(place)
        except OSError:
            return Kept(number, text)
        return Kept(number, text)

    def replace(self, place: str, text: str) -> None:
        """Write more about the one that stands, under its number."""
        _, name = self._newest(place)
        if name:
            try:
                paths.write_private(os.path.join(self._directory, name), text)
            except OSError:
                return  # it is used as it was

    def _newest(self, place: str) -> tuple[int, str]:
        stem = _stem(place)
        newest = max(self._numbers(stem), default=0)
        return newest, f"{stem}.{newest}" if newest else ""

    def _numbers(self, stem: str) -> list[int]:
        try:
            names = os.listdir(self._directory)
        except OSError:
            return []
        tails = [name.removeprefix(f"{stem}.") for name in names if name.startswith(f"{stem}.")]
        return [int(tail) for tail in tails if tail.isdigit() and int(tail) < MOST]

    def _write(self, path: str, text: str) -> None:
        # A link appears with its whole text, and only where there was nothing.
        partial = f"{path}.{os.urandom(6).hex()}.part"
        paths.write_private(partial, text)
        try:
            os.link(partial, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        finally:
            os.unlink(partial)

    def _drop(self, stem: str, number: int) -> None:
        for old in self._numbers(stem):
            if old < number:
                os.unlink(os.path.join(self._directory, f"{stem}.{old}"))


def _stem(place: str) -> str:
    return hashlib.blake2b(place.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
