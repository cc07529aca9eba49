"""A simulated ComfyUI: `async with SimComfyUI(speed=20) as comfy: ...` serves at `comfy.url`.

Rule 1: every frame carries the keys, the order and the addressee that live servers were recorded to
    send.
Rule 2: its faults are its own: a stuck socket, a dying worker or a stolen client id come from the
    same mechanism as in the real server (one publish loop, one heap, one registry), not from a
    special case.
Rule 3: it computes nothing. Nodes take the seconds of a table; pictures are small and made by a
    formula.
"""

from headway.sim.comfyui.server import SimComfyUI

__all__ = ["SimComfyUI"]
