"""What is said over the WebSocket: whom each kind is for, and how binary frames are laid out.

Rule 1: a kind that is for the owner alone is heard by nobody when the prompt came without a client
    id.
Rule 2: the others are heard by everybody in that case; that is how strangers see such a job's
    progress.
Rule 3: an owner whose socket is not open hears nothing, then or later. Nothing is ever replayed.
"""

import json
import struct
from typing import Any

#: kinds that everybody hears when the prompt has no client id; its other kinds go unheard then
HEARD_BY_ALL_WITHOUT_OWNER = frozenset({"progress", "progress_state", "execution_interrupted"})

PREVIEW = 1  # image only
TEXT = 3
PREVIEW_WITH_METADATA = 4  # for sockets that negotiated supports_preview_metadata

JPEG = 1  # image format inside a PREVIEW frame

Json = dict[str, Any]


def status(remaining: int) -> Json:
    return {"status": {"exec_info": {"queue_remaining": remaining}}}


def preview(image: bytes) -> bytes:
    return struct.pack(">II", PREVIEW, JPEG) + image


def preview_with_metadata(image: bytes, ids: Json) -> bytes:
    metadata = json.dumps({**ids, "image_type": "image/jpeg"}).encode()
    return struct.pack(">II", PREVIEW_WITH_METADATA, len(metadata)) + metadata + image


def text(node_id: str, words: str) -> bytes:
    node = node_id.encode()
    return struct.pack(">II", TEXT, len(node)) + node + words.encode()
