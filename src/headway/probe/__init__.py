"""One blocking look at back ends, for `status` where no server runs.

Rule 1: what is answered was said by the back ends just now; rows of the store are leads
and no more.
Rule 2: each back end has `PATIENCE` seconds for everything; all are asked at once.
Rule 3: looking changes nothing: no socket is opened, nothing is subscribed to, a finished
job's history is not asked for. A SwarmUI is asked under the one session that is kept.
Rule 4: nothing that a back end says makes it raise; what cannot be read is not known.
Rule 5: what a ComfyUI does for a SwarmUI that was looked at counts there alone.
"""

from headway.probe.looking import PATIENCE, Swarm, probe

__all__ = ["PATIENCE", "Swarm", "probe"]
