"""A bar in words: `34%|███▍      | 34/100 [00:05<00:09, 7.00it/s]`.

Rule 1: what is not known is "?"; the remaining time is that of this rate, if there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WIDE = 10  # columns of the bar where no width is given
BLOCKS, ASCII = " ▏▎▍▌▋▊▉█", " 123456789#"


def sizeof(num: float, suffix: str = "", divisor: float = 1000) -> str:
    """12.3k: three digits and a prefix."""
    for unit in ("", "k", "M", "G", "T", "P", "E", "Z"):
        if abs(num) < 999.5:
            digits = 2 if abs(num) < 9.995 else 1 if abs(num) < 99.95 else 0
            return f"{num:.{digits}f}{unit}{suffix}"
        num /= divisor
    return f"{num:3.1f}Y{suffix}"


def interval(t: float) -> str:
    """1:02:03, or 02:03."""
    sign, whole = ("-", -int(t)) if t < 0 else ("", int(t))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return sign + (f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}")


def number(n: float) -> str:
    """The shorter of 3 digits in scientific notation and the number itself."""
    short = f"{n:.3g}".replace("e+0", "e+").replace("e-0", "e-")
    return short if len(short) < len(str(n)) else str(n)


def meter(
    n: float,
    total: float | None,
    elapsed: float,
    *,
    ncols: int | None = None,
    prefix: str = "",
    ascii: bool | str = False,  # noqa: A002 (tqdm's word)
    unit: str = "it",
    unit_scale: bool | float = False,
    rate: float | None = None,
    bar_format: str | None = None,
    postfix: Any = None,
    unit_divisor: float = 1000,
    initial: float = 0,
    extra: Mapping[str, Any] | None = None,
) -> str:
    """One line, at most `ncols` columns wide where that is given."""
    if total and n >= total + 0.5:
        total = None  # more was done than there was: how much there is is not known
    if unit_scale and unit_scale not in (True, 1):
        factor = float(unit_scale)
        n, initial = n * factor, initial * factor
        total = total * factor if total else total
        rate = rate * factor if rate else rate
        unit_scale = False
    rate = rate or ((n - initial) / elapsed if elapsed else None)
    said = _said(n, total, elapsed, rate, unit, bool(unit_scale), unit_divisor, prefix, postfix)
    return _joined(said, bar_format, ncols, ascii, n / total if total else None, extra or {})


def _said(
    n: float,
    total: float | None,
    elapsed: float,
    rate: float | None,
    unit: str,
    scaled: bool,
    divisor: float,
    prefix: str,
    postfix: Any,
) -> dict[str, Any]:
    size = (lambda value: sizeof(value, divisor=divisor)) if scaled else str
    per = (sizeof(rate) if scaled else f"{rate:5.2f}") if rate else "?"
    back = 1 / rate if rate else None
    inverse = (sizeof(back) if scaled else f"{back:5.2f}") if back else "?"
    slow = bool(back and back > 1)
    left = (total - n) / rate if rate and total else 0
    after = f", {postfix}" if postfix else ""
    fmt = {
        "n": n,
        "total": total,
        "n_fmt": size(n),
        "total_fmt": size(total) if total is not None else "?",
        "elapsed": interval(elapsed),
        "elapsed_s": elapsed,
        "remaining": interval(left) if rate and total else "?",
        "remaining_s": left,
        "rate": rate,
        "rate_noinv": rate,
        "rate_noinv_fmt": f"{per}{unit}/s",
        "rate_inv": back,
        "rate_inv_fmt": f"{inverse}s/{unit}",
        "rate_fmt": f"{inverse}s/{unit}" if slow else f"{per}{unit}/s",
        "desc": prefix,
        "prefix": prefix,
        "postfix": after,
        "unit": unit,
        "percentage": 100.0 * n / total if total else 0.0,
    }
    head = f"{prefix.removesuffix(': ')}: " if prefix else ""
    fmt["l_bar"] = f"{head}{fmt['percentage']:3.0f}%|" if total else head
    counts, times = f"{fmt['n_fmt']}/{fmt['total_fmt']}", f"{fmt['elapsed']}<{fmt['remaining']}"
    fmt["r_bar"] = f"| {counts} [{times}, {fmt['rate_fmt']}{after}]"
    plain = f"{head}{fmt['n_fmt']}{unit} [{fmt['elapsed']}, {fmt['rate_fmt']}{after}]"
    return fmt | {"plain": plain}


def _joined(
    said: dict[str, Any],
    bar_format: str | None,
    ncols: int | None,
    ascii: bool | str,  # noqa: A002
    fraction: float | None,
    extra: Mapping[str, Any],
) -> str:
    if bar_format is None and fraction is None:
        return _cut(str(said["plain"]), ncols)
    form = bar_format or "{l_bar}{bar}{r_bar}"
    bare = form.format(**{**extra, **said, "bar": ""})
    if "{bar" not in form:
        return _cut(bare, ncols)
    width = WIDE if ncols is None else max(ncols - len(bare), 1) if ncols else 0
    drawn = _bar(fraction or 0.0, width, ascii)
    return _cut(form.format(**{**extra, **said, "bar": drawn}), ncols)


def _bar(fraction: float, width: int, ascii: bool | str) -> str:  # noqa: A002
    marks = ascii if isinstance(ascii, str) and len(ascii) > 1 else ASCII if ascii else BLOCKS
    full, part = divmod(
        int(min(max(fraction, 0.0), 1.0) * width * (len(marks) - 1)), len(marks) - 1
    )
    bar = marks[-1] * full
    return bar if full >= width else bar + marks[part] + marks[0] * (width - full - 1)


def _cut(line: str, ncols: int | None) -> str:
    return line[:ncols] if ncols else line
