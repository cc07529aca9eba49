"""Where `headway` starts.

Rule 1: the fast way first; the parser and everything behind it only if that is not enough.
Rule 2: an error of ours is one line and a hint on stderr, and the code of its kind.
Rule 3: who closes the pipe has read enough: that is no error.
"""

import os
import sys

from headway.cli import fast

LONGEST_FLUSH = 1.0  # seconds that a command which has ended waits for its report to leave
INTERRUPTED = 130  # as in `codes`, which the fast way does not load


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code."""
    given = sys.argv[1:] if argv is None else argv
    try:
        _prepare()
        done = fast.run(given)
        if done is None and argv is None:
            _calm()
        code = _whole(given) if done is None else done
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    if argv is None and given[:1] == ["run"]:
        _leave(code)
    return code


def _calm() -> None:
    # What is imported stays: looking through it for garbage is a tenth of a short command.
    import gc

    gc.set_threshold(50_000)


def _leave(code: int) -> None:
    # What was to be told has left: the interpreter's own farewell is nothing to wait for.
    from headway.progress import flush

    try:
        left = flush(LONGEST_FLUSH)
    except KeyboardInterrupt:
        left = False  # then the usual way out keeps it on disk
    if left:
        sys.stderr.flush()
        os._exit(code)


def _whole(argv: list[str]) -> int:
    from headway.cli.commands import run

    return run(argv)


def _prepare() -> None:
    # A name that the console cannot print is shown escaped instead of ending the program.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def _forget_stdout() -> None:
    # Else the interpreter would try to flush it once more on its way out and complain.
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return
