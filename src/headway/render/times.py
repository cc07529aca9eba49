"""Numbers, durations and clock times for people.

Rule 1: import-light, as the table: the fast command line prints with it.
Rule 2: None is unknown and reads "–", never 0.
"""

import time

UNKNOWN = "–"
DAY = 86_400.0


def count(number: float) -> str:
    """A number as people read it: never in powers of ten, also where it counts bytes."""
    return f"{number:g}" if abs(number) < 1e6 else f"{number:.0f}"


def duration(seconds: float | None) -> str:
    """ "4.2s", "42s", "2.5m", "1 h 05 m", "3 d 04 h"; "–" if it is not known."""
    if seconds is None:
        return UNKNOWN
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    if seconds < 59.5:
        return f"{seconds:.0f}s"
    if seconds < 3597:
        return f"{seconds / 60:.1f}m"
    minutes = round(seconds / 60)
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60:02d} m"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24:02d} h"


def clock(at: float | None, now: float) -> str:
    """The time of day, with the date if it is not near: "14:05", "3 Aug 14:05"."""
    if at is None:
        return UNKNOWN
    local, today = time.localtime(at), time.localtime(now)
    of_day = time.strftime("%H:%M", local)
    if local[:3] == today[:3]:
        return of_day
    if local[0] == today[0] or abs(at - now) < 90 * DAY:
        return f"{local[2]} {time.strftime('%b', local)} {of_day}"
    return time.strftime("%Y-%m-%d", local)


def to_the_second(at: float) -> str:
    """The time of day with seconds."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def span(low: float, high: float) -> str:
    """From one duration to another, short: "1.9–3.1m", "40s–2.5m"."""
    one, other = duration(low), duration(high)
    if one == other:
        return one
    same_unit = one[-1] == other[-1] and " " not in one + other
    return f"{one[:-1] if same_unit else one}–{other}"
