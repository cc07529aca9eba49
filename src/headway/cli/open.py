"""`headway open`: the page in the user's browser, with the user's rights."""

from __future__ import annotations

import os
from argparse import Namespace

from headway.cli import codes, wire
from headway.cli.output import say
from headway.errors import Unreachable
from headway.host import paths, runfile
from headway.host.browser import show, write_redirect


def run(args: Namespace) -> int:
    """Write the file that leads there, and show it. Raises: Unreachable if no server runs."""
    directory = paths.state_dir()
    found = runfile.live(paths.run_file(directory))
    if found is None or not wire.answers(found):
        raise Unreachable("no server runs on this machine", "start one with `headway serve`")
    page = os.path.join(directory, paths.OPEN_FILE)
    address = write_redirect(page, f"{found.url}/?token={found.token}")
    if args.only_print or not show(address):
        say("open this file in a browser")
        print(address)
    return codes.DONE
