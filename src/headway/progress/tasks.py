"""Counting the tasks of a message: the progress manager's names over groups and jobs.

    manager = ProgressManager()
    manager.on("progress-complete", hide)
    manager.register_task(42)                 # one more, nobody says which
    manager.register_task(42, task="cover", prompt="a castle")
    manager.complete_task(42, task="cover")

Rule 1: each message is a group, each task a job; what is counted here is what they say.
Rule 2: nothing can come too early: an end that nobody registered waits as `early`, is in no
count, and is absorbed by the next registration. Of one task the first end counts.
Rule 3: *settled* is: some are known and all of those have ended. It may be unsettled by a
greater total; only `clear` forgets a message.
Rule 4: a prompt stays in this process; only `seal` says that no task will follow.
"""

from __future__ import annotations

import threading
import time

from headway.progress.groups import Group
from headway.progress.messages import OUTCOMES, Message, Task
from headway.progress.voice import voice, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    Callback = Callable[..., Any]

EVENTS = (
    "started",
    "updated",
    "image-completed",
    "all-tasks-complete",
    "progress-complete",
    "overdue",
    "cleared",
)
PREVIEW = 60  # characters of a prompt that a preview shows
MOST = 100_000  # tasks of one message
NAP = 0.05  # seconds between two looks at a wish to cancel


class ProgressManager:
    """Counts tasks by message id. Safe in threads; callbacks run where the change was made.

    `name`: messages of the same name and id are one group, in every process and after a
    restart (`restore`); without it each registration begins a group of its own.
    """

    def __init__(self, name: str = "", *, clock: Callable[[], float] = time.time) -> None:
        self._name = name
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        self._messages: dict[Hashable, Message] = {}
        self._callbacks: dict[str, list[Callback]] = {event: [] for event in EVENTS}

    def on(self, event: str, callback: Callback) -> Callable[[], None]:
        """Call back with the event's facts, a dict; call the answer to stop that.

        Raises: ValueError if there is no such event.
        """
        if event not in self._callbacks:
            raise ValueError(f"no such event: {event!r}; one of {', '.join(EVENTS)}")
        heard = self._callbacks[event]
        heard.append(callback)
        return lambda: heard.remove(callback) if callback in heard else None

    # -- what is to be done

    def register_task(
        self,
        message_id: Hashable,
        n: int = 1,
        *,
        task: str | None = None,
        prompt: str = "",
        timeout: float | None = None,
        **metadata: Any,
    ) -> int:
        """One more task, or `n` more; the total. With 0 the message is tracked, silently.

        `task` gives it an id; the same id twice is one task. After `timeout` seconds without
        an end it is "overdue", which is told and ends nothing.
        """
        with self._changed:
            message = self._messages.get(message_id) or self._begin(message_id)
            before, absorbed = message.total, message.completed
            if task is None:
                message.register_many(min(n, MOST - before), self._due(timeout), metadata)
            else:
                message.register(task, prompt, self._due(timeout), metadata)
            if message.total == before:
                return before
            told = [self._grown(message_id, message, before)]
            if before and message.completed == absorbed:
                return self._tell(message_id, message, told)
            if message.completed != absorbed:
                told.append(("updated", self._counts(message_id, message)))
            return self._tell(message_id, message, told)

    def register_tasks(self, message_id: Hashable, n: int, timeout: float | None = None) -> int:
        """`n` more tasks; the total."""
        return self.register_task(message_id, n, timeout=timeout)

    def update_total(self, message_id: Hashable, total: int) -> int:
        """So many tasks in all, but never fewer than have ended; the total."""
        with self._changed:
            message = self._messages.get(message_id)
            if message is None:
                warn("the total of a message that is not tracked was set: nothing is done")
                return 0
            before = message.total
            if total > before:
                message.register_many(min(total, MOST) - before, None, {})
                return self._tell(message_id, message, [self._grown(message_id, message, before)])
            return self._shrink(message_id, message, before - max(total, 0))

    def decrement_total(self, message_id: Hashable, n: int = 1) -> int:
        """So many tasks fewer: some that have not ended are withdrawn; the total."""
        with self._changed:
            message = self._messages.get(message_id)
            return 0 if message is None else self._shrink(message_id, message, n)

    # -- how it goes

    def start_task(self, message_id: Hashable, task: str | None = None) -> None:
        """Work on it begins."""
        with self._changed:
            message = self._messages.get(message_id)
            found = message.pending(task) if message else None
            if message is not None and found is not None:
                message.start(found, self._clock())

    def complete_task(self, message_id: Hashable, task: str | None = None) -> bool:
        """It succeeded. True if that is counted now; False if it waits, or was known."""
        return self.end_task(message_id, "succeeded", task=task)

    def fail_task(
        self, message_id: Hashable, task: str | None = None, *, why: str = "", final: bool = True
    ) -> bool:
        """It failed. Not `final`: it is tried again, as another attempt."""
        if final:
            return self.end_task(message_id, "failed", task=task, why=why)
        with self._changed:
            message = self._messages.get(message_id)
            found = message.pending(task) if message else None
            if message is not None and found is not None:
                message.retry(found, why)
        return False

    def end_task(
        self, message_id: Hashable, outcome: str, *, task: str | None = None, why: str = ""
    ) -> bool:
        """It ended: succeeded, failed, cancelled, lost or unknown."""
        if outcome not in OUTCOMES:
            warn(f"no such outcome: {outcome!r}; it counts as unknown")
            outcome = "unknown"
        with self._changed:
            message = self._messages.get(message_id) or self._begin(message_id)
            if not message.end(task, outcome, why, self._clock()):
                return False
            self._tell(message_id, message, [("updated", self._counts(message_id, message))])
            return True

    def emit_image_completed(
        self, message_id: Hashable, url: str, prompt: str = "", preview: str | None = None
    ) -> None:
        """A picture is there. Changes no count; the message need not be tracked."""
        shown = prompt if preview is None else preview
        cut = shown if len(shown) <= PREVIEW else f"{shown[: PREVIEW - 1]}…"
        facts: dict[str, Any] = {"image_url": url, "prompt_text": prompt, "prompt_preview": cut}
        facts["completed_at"] = self._clock()
        self._fire([("image-completed", {"message_id": message_id, **facts})])

    # -- the end of an operation

    def seal(self, message_id: Hashable) -> None:
        """No task will follow: its group can be complete now."""
        with self._changed:
            message = self._messages.get(message_id)
            if message is not None:
                message.seal()

    def clear(self, message_id: Hashable) -> None:
        """Forget the message; what has not ended of it ends as unknown."""
        with self._changed:
            message = self._messages.pop(message_id, None)
            if message is None:
                return
            message.leave()
            self._changed.notify_all()
            self._fire([("cleared", {"message_id": message_id})])

    def restore(self, message_id: Hashable) -> bool:
        """Take up a message of this name where another process left it; True if there was one.

        What had not ended is pending again, as a new job. Raises: HeadwayError if nobody
        can be asked.
        """
        from headway.transport.asking import jobs

        with self._changed:
            if not self._name or message_id in self._messages:
                return False
            found = jobs(str(self._group_id(message_id)))
            if found:
                self._begin(message_id).restore(found)
                self._settle(message_id)
            return bool(found)

    # -- what is known

    def is_tracking(self, message_id: Hashable) -> bool:
        """Whether anything was registered, and not cleared since."""
        message = self._messages.get(message_id)
        return message is not None and message.registered

    def tracked(self) -> list[Hashable]:
        """The ids of all messages that are tracked."""
        return [key for key in list(self._messages) if self.is_tracking(key)]

    def is_complete(self, message_id: Hashable) -> bool:
        """Whether it is settled: some tasks are known, and all of those have ended."""
        message = self._messages.get(message_id)
        return message is not None and message.settled

    def get_state(self, message_id: Hashable) -> dict[str, int] | None:
        """pending, completed and total; succeeded, failed, cancelled, lost, unknown; early
        and overdue. None if it is not tracked."""
        with self._changed:
            message = self._messages.get(message_id)
            return None if message is None or not message.registered else message.state()

    def get_progress(self, message_id: Hashable) -> float | None:
        """The percentage of known tasks that have ended; None while none is known."""
        state = self.get_state(message_id)
        return 100.0 * state["completed"] / state["total"] if state and state["total"] else None

    def get_tasks(self, message_id: Hashable) -> list[Task]:
        """The tasks in order of their registration."""
        with self._changed:
            message = self._messages.get(message_id)
            return list(message.tasks.values()) if message else []

    def group_id(self, message_id: Hashable) -> str | None:
        """The id of the message's group on the plane."""
        message = self._messages.get(message_id)
        return message.group.id if message else None

    # -- waiting

    def wait_all_complete(
        self,
        message_id: Hashable,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        """Return once it is settled, cleared or emptied; at once if it is not tracked.

        Raises: TimeoutError after `timeout` seconds; concurrent.futures.CancelledError once
        `cancel` is set.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                if cancel is not None and cancel.is_set():
                    from concurrent.futures import CancelledError

                    raise CancelledError(f"the wait for message {message_id!r} was cancelled")
                if self._is_over(message_id):
                    return
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0.0:
                    raise TimeoutError(f"message {message_id!r} is not complete")
                nap = NAP if cancel is not None else None
                self._changed.wait(nap if left is None else min(left, nap or left))

    async def all_complete(self, message_id: Hashable, within: float | None = None) -> None:
        """`wait_all_complete` for a coroutine. Cancelling it loses nothing.

        Raises: TimeoutError after `within` seconds.
        """
        import asyncio

        async with asyncio.timeout(within):
            while not self._is_over(message_id):  # noqa: ASYNC110 (changes come from threads)
                await asyncio.sleep(NAP)

    def _is_over(self, message_id: Hashable) -> bool:
        message = self._messages.get(message_id)
        return message is None or not message.registered or message.settled or message.emptied

    def _group_id(self, message_id: Hashable) -> str | None:
        return f"{self._name}/{message_id}" if self._name else None

    def _begin(self, message_id: Hashable) -> Message:
        title = f"{self._name} {message_id}".strip()
        group = Group(title, self._group_id(message_id))
        message = self._messages[message_id] = Message(group, self._clock())
        return message

    def _due(self, timeout: float | None) -> float | None:
        if timeout is None:
            return None
        voice().looks.setdefault(self, self._look_for_overdue)
        voice().rouse()
        return self._clock() + timeout

    def _look_for_overdue(self) -> None:
        with self._changed:
            now, waiting, told = self._clock(), False, []
            for message_id, message in self._messages.items():
                late, more = message.look(now)
                waiting = waiting or more
                facts = {"message_id": message_id, **message.state()}
                told += [("overdue", {**facts, "task": task.id}) for task in late]
            if not waiting:
                voice().looks.pop(self, None)
        self._fire(told)

    def _grown(
        self, message_id: Hashable, message: Message, before: int
    ) -> tuple[str, dict[str, Any]]:
        if before:
            return "updated", self._counts(message_id, message)
        return "started", {"message_id": message_id, "total": message.total}

    def _shrink(self, message_id: Hashable, message: Message, n: int) -> int:
        if n > 0:
            message.withdraw(n)
        return self._tell(message_id, message, [("updated", self._counts(message_id, message))])

    def _counts(self, message_id: Hashable, message: Message) -> dict[str, Any]:
        return {"message_id": message_id, **message.state()}

    def _tell(
        self, message_id: Hashable, message: Message, told: list[tuple[str, dict[str, Any]]]
    ) -> int:
        total = message.total
        self._fire(told + self._settle(message_id))
        return total

    def _settle(self, message_id: Hashable) -> list[tuple[str, dict[str, Any]]]:
        message = self._messages[message_id]
        before = message.announced
        message.settled = 0 < message.total == message.completed
        message.announced = message.total if message.settled else 0
        self._changed.notify_all()
        if message.announced in (0, before):
            return []
        facts = {**self._counts(message_id, message), "duration": self._clock() - message.began}
        return [("all-tasks-complete", facts), ("progress-complete", {"message_id": message_id})]

    def _fire(self, told: list[tuple[str, dict[str, Any]]]) -> None:
        for event, facts in told:
            for callback in list(self._callbacks[event]):
                try:
                    callback(facts)
                except Exception as error:  # a listener's trouble is its own
                    warn(f"a callback for {event!r} failed: {error!r}")
