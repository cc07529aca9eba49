"""Small real pictures made by a formula, without an imaging library.

Rule 1: the same seed gives the same bytes; different seeds give visibly different pictures.
Rule 2: PNG and JPEG can be opened by any viewer. Other media are their format's magic bytes and
    nothing more.
"""

import struct
import zlib
from collections.abc import Callable
from functools import lru_cache

Colour = tuple[int, int, int]

LARGEST = 64  # pixels on the longer side, whatever size was asked for
BLOCK = 8  # pixels on each side of a JPEG block


def picture(seed: int, *, detail: int = LARGEST) -> Callable[[float, float], Colour]:
    """A sun in a haze as a function of x and y in 0..1; less detail makes it coarser."""
    hue = seed * 2654435761 % 2**32  # spreads neighbouring seeds over all colours
    red, green, blue = hue & 255, hue >> 8 & 255, hue >> 16 & 255

    def colour(x: float, y: float) -> Colour:
        x, y = int(x * detail) / detail, int(y * detail) / detail
        away = ((x - 0.5) ** 2 + (y - 0.4) ** 2) ** 0.5
        sun = 100.0 - 300.0 * away if away < 1 / 3 else 0.0
        haze = 0.35 + 0.4 * y
        return (
            int(red * haze + sun) & 255,
            int(green * haze + sun) & 255,
            int(blue * haze + sun) & 255,
        )

    return colour


def fitted(width: int, height: int) -> tuple[int, int]:
    """The asked size, scaled down to at most LARGEST pixels."""
    scale = min(1.0, LARGEST / max(width, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


@lru_cache(maxsize=64)
def png(seed: int, *, width: int = LARGEST, height: int = LARGEST) -> bytes:
    width, height = fitted(width, height)
    colour = picture(seed)
    rows = (
        b"\0"
        + b"".join(
            bytes(colour(x / width, y / height)) for x in range(width)
        )  # 0: the row is not filtered
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    chunks = (
        _chunk(b"IHDR", header),
        _chunk(b"IDAT", zlib.compress(b"".join(rows))),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# A JPEG whose blocks are each of one colour needs the mean of every block and no frequencies. Its
# Huffman tables can then be the simplest there are: the twelve sizes of a mean as equal codes of
# 4 bits, and "nothing follows" as the bit 0.
_MEANS = struct.pack(">BBHB16B12B", 0xFF, 0xC4, 31, 0x00, *[0, 0, 0, 12] + [0] * 12, *range(12))
_NOTHING = struct.pack(">BBHB16BB", 0xFF, 0xC4, 20, 0x10, *[1] + [0] * 15, 0)
_QUANTS = struct.pack(">BBHB64B", 0xFF, 0xDB, 67, 0, *[8] * 64)
_JFIF = struct.pack(">BBH5sHBHHBB", 0xFF, 0xE0, 16, b"JFIF\0", 0x0101, 0, 1, 1, 0, 0)
_SCAN = struct.pack(">BBHB6BBBB", 0xFF, 0xDA, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0)


@lru_cache(maxsize=256)
def jpeg(seed: int, *, detail: int = 8, blocks: int = 8) -> bytes:
    """A mosaic of blocks by blocks squares."""
    side = blocks * BLOCK
    frame = struct.pack(
        ">BBHBHHB9B", 0xFF, 0xC0, 17, 8, side, side, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0
    )
    colour = picture(seed, detail=detail)
    squares = [
        _luma_chroma(colour(x / blocks, y / blocks)) for y in range(blocks) for x in range(blocks)
    ]
    return (
        b"\xff\xd8"
        + _JFIF
        + _QUANTS
        + frame
        + _MEANS
        + _NOTHING
        + _SCAN
        + _scan(squares)
        + b"\xff\xd9"
    )


def _luma_chroma(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(luma - 128), round((blue - luma) * 0.564), round((red - luma) * 0.713)


def _scan(squares: list[tuple[int, int, int]]) -> bytes:
    bits, before = [], (0, 0, 0)
    for square in squares:
        bits += [_difference(new - old) + "0" for new, old in zip(square, before, strict=True)]
        before = square
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def _difference(value: int) -> str:
    size = abs(value).bit_length()
    return f"{size:04b}" + (
        f"{value if value > 0 else value + 2**size - 1:0{size}b}" if size else ""
    )


#: extension -> the bytes by which a file of this kind is recognised
MAGIC = {
    "flac": b"fLaC\x80\0\0\x22" + bytes(34),
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "webm": b"\x1a\x45\xdf\xa3",
    "webp": b"RIFF\0\0\0\0WEBP",
}
