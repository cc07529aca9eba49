"""A simulated SwarmUI: `async with SimSwarmUI(speed=20) as swarm: ...` serves at `swarm.url`.

Rule 1: every answer carries the keys, the order and the HTTP status that the real server's
    source gives; it tempts as the real one does: a back end is `running` while it idles, and
    `overall_percent` jitters.
Rule 2: closing a connection stops nothing; only an interrupt does.
Rule 3: it computes nothing. With a ComfyUI behind it, that one does the work and this one
    speaks to it as a client, under client ids of its own.
"""

from headway.sim.swarmui.backends import Backend
from headway.sim.swarmui.server import SimSwarmUI

__all__ = ["Backend", "SimSwarmUI"]
