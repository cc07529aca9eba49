"""Run a command as a job: start it, and pass everything through while its account is kept.

Rule 1: the command starts first, before anything that only reporting needs is imported:
    reporting never holds it up, and the thread that reports is not there yet at the fork.
"""

from __future__ import annotations

from headway.host import pty

TYPE_CHECKING = False  # importing `typing` would hold the command up
if TYPE_CHECKING:
    from collections.abc import Sequence

    from headway.run.account import Account


def run(
    words: Sequence[str], *, name: str = "", kind: str = "command", keep_args: bool = False
) -> int:
    """Run the command; its exit code, 126 or 127 if it cannot be started, 128+n for signal n.

    The end may still be on its way when this returns: `headway.progress.flush` waits for it.
    Raises: OSError if it cannot be started; the job is told as failed by then.
    """
    try:
        running = pty.start(words)
    except OSError as error:
        _account(words, name, kind, keep_args=keep_args).not_started(error)
        raise
    account = _account(words, name, kind, keep_args=keep_args)
    account.started()
    code = running.passed(account.listener)
    account.ended(code, asked=running.asked)
    return code


def _account(words: Sequence[str], name: str, kind: str, *, keep_args: bool) -> Account:
    from headway.run.account import Account

    return Account(words, name=name, kind=kind, keep_args=keep_args)
