"""Opening the page in the user's browser, as Jupyter does.

Rule 1: the token goes through a file that its user alone can read, never through an
argument: everybody sees the process list.
"""

import html

from headway.host.paths import write_private

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={url}">
<meta name="referrer" content="no-referrer"><title>Headway</title></head>
<body><p><a href="{url}">Open Headway</a></p></body></html>
"""


def redirect(url: str) -> str:
    """A page that leads to `url`."""
    return _PAGE.format(url=html.escape(url, quote=True))


def write_redirect(path: str, url: str) -> str:
    """Write the page that leads to `url`, for the user alone; its file URL."""
    from pathlib import Path

    write_private(path, redirect(url))
    return Path(path).resolve().as_uri()


def show(address: str) -> bool:
    """Ask the user's browser for the address; False if there is none."""
    import webbrowser

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
