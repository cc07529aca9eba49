"""The output and temp folders: numbered names, real files, and no way out.

Rule 1: `prefix` makes `prefix_00001_.png`, then `prefix_00002_.png`; a folder in the prefix becomes
    the subfolder. Sound has no underscore at the end since 0.25.
Rule 2: files outlive a restart of the server, as they lie on disk.
Rule 3: nothing is written to or read from outside the two folders.
"""

from pathlib import Path

FOLDERS = ("output", "temp", "input")


class Outside(Exception):
    """The path leads out of the folder it belongs to."""


class Files:
    """The folders below `root`, one for each type of file."""

    def __init__(self, root: Path) -> None:
        self._root = root
        for folder in FOLDERS:
            (root / folder).mkdir(exist_ok=True)

    def save(
        self,
        prefix: str,
        extension: str,
        content: bytes,
        *,
        folder: str = "output",
        tail: str = "_.",
    ) -> dict[str, str]:
        """Write a file and return how outputs name it.

        Raises Outside for a prefix that leads out.
        """
        subfolder, _, name = prefix.rpartition("/")
        place = self._inside(folder, subfolder, prefix)
        place.mkdir(parents=True, exist_ok=True)
        number = 1 + max((_number(file.name, name) for file in place.glob(f"{name}_*")), default=0)
        filename = f"{name}_{number:05}{tail}{extension}"
        (place / filename).write_bytes(content)
        return {"filename": filename, "subfolder": subfolder, "type": folder}

    def find(self, filename: str, *, subfolder: str, folder: str) -> Path | None:
        """The file that /view serves, or None if there is none.

        Raises Outside for `..` and absolute paths.
        """
        path = self._inside(folder, subfolder, subfolder) / filename
        if ".." in filename or filename.startswith("/"):
            raise Outside(filename)
        return path if path.is_file() else None

    def _inside(self, folder: str, subfolder: str, asked: str) -> Path:
        top = (self._root / folder).resolve()
        path = (top / subfolder).resolve()
        if not path.is_relative_to(top):
            raise Outside(f"saving image outside the output folder is not allowed: {asked}")
        return path


def _number(filename: str, prefix: str) -> int:
    digits = filename.removeprefix(prefix + "_").partition(".")[0].removesuffix("_")
    return int(digits) if digits.isdigit() else 0
