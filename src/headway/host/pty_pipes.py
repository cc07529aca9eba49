"""A command with pipes in place of a terminal, for systems that have no pseudo-terminal.

Rule 1: input is ours, untouched; output and errors come through pipes, one thread each.
Rule 2: Ctrl-C reaches the command by itself (it is in our console's group); we wait for
    what it makes of it.
A program that draws bars only at a terminal draws none here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import BinaryIO

from headway.host.tap import Tap

CHUNK = 65_536  # bytes of one read
TICK = 0.1  # seconds
LEFT_BEHIND = 1.0  # seconds for the last output; longer only what the command left behind takes
JUST_NOW = 10.0  # seconds between being asked and having stopped


def start(argv: Sequence[str]) -> PipedRun:
    """Start the command. Raises: OSError if it cannot be started."""
    found = shutil.which(argv[0]) or argv[0]  # with the endings that Windows tries (.cmd)
    return PipedRun([found, *argv[1:]])


class PipedRun:
    """The command and the two threads that pass on what it prints."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._asked_at = float("-inf")
        self._lock = threading.Lock()  # the tap is for one thread at a time
        self._process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        self.pid = self._process.pid

    @property
    def asked(self) -> bool:
        """As `headway.host.tap.Running`."""
        return time.monotonic() - self._asked_at < JUST_NOW

    def passed(self, tap: Tap) -> int:
        """As `headway.host.tap.Running`."""
        before = signal.signal(signal.SIGINT, self._interrupted)
        pipes = ((1, self._process.stdout), (2, self._process.stderr))
        threads = [
            threading.Thread(target=self._pass_on, args=(stream, pipe, tap), daemon=True)
            for stream, pipe in pipes
            if pipe is not None
        ]
        try:
            for thread in threads:
                thread.start()
            code = self._wait(tap)
            deadline = time.monotonic() + LEFT_BEHIND
            for thread in threads:
                thread.join(max(deadline - time.monotonic(), 0.0))
        finally:
            signal.signal(signal.SIGINT, before)
        with self._lock:
            tap.tick()
        return code if code >= 0 else 128 - code

    def _wait(self, tap: Tap) -> int:
        while True:
            try:
                return self._process.wait(TICK)
            except subprocess.TimeoutExpired:
                with self._lock:
                    tap.tick()

    def _pass_on(self, stream: int, pipe: BinaryIO, tap: Tap) -> None:
        with pipe:
            while data := os.read(pipe.fileno(), CHUNK):
                with self._lock:
                    tap.heard(stream, data)
                if not _written(stream, data):
                    return

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        self._asked_at = time.monotonic()


def _written(fd: int, data: bytes) -> bool:
    while data:
        try:
            data = data[os.write(fd, data) :]
        except OSError:
            return False
    return True
