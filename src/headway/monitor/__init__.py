"""`StatusMonitor`: jobs of a ComfyUI by one's own job numbers, inside a program.

    async with StatusMonitor(comfyui_url="http://127.0.0.1:8188") as monitor:
        monitor.monitor_job(123, prompt_id, "video")
        progress = await monitor.get_progress(123)

Rule 1: it asks and listens to a Headway server: the one that holds the port, else one that
it runs itself, in a thread of its own, so that nothing the program does holds that up.
Rule 2: what is not known is None; no percent and no time comes from elapsed time.
Rule 3: a job ends once; each number in the statistics belongs to one job and one end.
Rule 4: callbacks run in the program's event loop, one call of each at a time. What comes
meanwhile waits, one value a job: the newest. An end is always the newest.
Rule 5: a server that goes away is come back to; where it stays away, it is replaced.
"""

from headway.monitor.monitor import StatusMonitor
from headway.monitor.update import ProgressStatus, ProgressUpdate

__all__ = ["ProgressStatus", "ProgressUpdate", "StatusMonitor"]
