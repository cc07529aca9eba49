"""What waits, what runs and what is over: the state behind /prompt, /queue and /history.

Rule 1: pending items are a heap of plain tuples, shown in heap order; the next one is the least
    (number, prompt id).
Rule 2: two items alike in number and prompt id cannot be compared: the heap raises TypeError,
    wherever that happens, and leaves behind what Python's heapq leaves behind. That is how the real
    worker dies.
Rule 3: every change of what waits or runs is told, with no word of which item it was.
Rule 4: an item enters the history when its run is over, and in no other way; removed items leave no
    trace.
"""

import heapq
import uuid
from collections.abc import Callable
from typing import Any

HISTORY_LIMIT = 10_000  # entries; the oldest goes
SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")

#: (number, prompt id, graph, extra_data, outputs to execute)
Item = tuple[float, str, dict[str, Any], dict[str, Any], list[str]]


def is_id(value: object) -> bool:
    """Whether this is a UUID in its canonical spelling."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


class PromptQueue:
    """The queue, the running item and the history.

    `told` is called after every change of queue or running item, `removed` for each item that
    was deleted while it waited.
    """

    def __init__(
        self, *, told: Callable[[], None], removed: Callable[[Item], None] = lambda item: None
    ) -> None:
        self.pending: list[Item] = []
        self.running: list[Item] = []
        self.history: dict[str, dict[str, Any]] = {}
        self._told, self._removed = told, removed
        self._number = 0

    @property
    def remaining(self) -> int:
        return len(self.pending) + len(self.running)

    def is_running(self, prompt_id: str) -> bool:
        return any(item[1] == prompt_id for item in self.running)

    def is_pending(self, prompt_id: str) -> bool:
        return any(item[1] == prompt_id for item in self.pending)

    def take_number(self, *, number: float | None, front: bool) -> float:
        """The place of an item: the explicit number, else the next one, negated for the front."""
        if number is not None:
            return float(number)
        taken, self._number = self._number, self._number + 1
        return -taken if front else taken

    def put(self, item: Item) -> None:
        """Let an item wait. Raises TypeError for a twin (rule 2), which waits nevertheless."""
        heapq.heappush(self.pending, item)
        self._told()

    def pop(self) -> Item:
        """Make the next item the running one.

        Raises TypeError at twins (rule 2); one item is lost then.
        """
        item = heapq.heappop(self.pending)
        self.running.append(item)
        self._told()
        return item

    def done(self, item: Item, entry: dict[str, Any]) -> None:
        """Move the running item to the history, in the place of an older entry of the same id."""
        self.running.remove(item)
        if len(self.history) >= HISTORY_LIMIT:
            del self.history[next(iter(self.history))]
        public = (
            *item[:3],
            {key: value for key, value in item[3].items() if key not in SECRETS},
            item[4],
        )
        self.history[item[1]] = {"prompt": public, **entry}
        self._told()

    def delete(self, prompt_id: str) -> None:
        """Remove the first pending item of this id.

        A running or unknown id changes nothing and tells nothing.
        """
        place = next(
            (place for place, item in enumerate(self.pending) if item[1] == prompt_id), None
        )
        if place is None:
            return
        if len(self.pending) == 1:
            self.clear()  # tells too: the removal of an only item is told twice, as in reality
        else:
            self._removed(self.pending.pop(place))
            heapq.heapify(self.pending)
        self._told()

    def clear(self) -> None:
        for item in self.pending:
            self._removed(item)
        self.pending.clear()
        self._told()

    def recent(self, *, max_items: int | None, offset: int) -> dict[str, dict[str, Any]]:
        """A slice of the history, oldest first; without an offset the newest `max_items`."""
        ids = list(self.history)
        if offset < 0 and max_items is not None:
            offset = len(ids) - max_items
        start = max(offset, 0)
        stop = None if max_items is None else start + max_items
        return {prompt_id: self.history[prompt_id] for prompt_id in ids[start:stop]}
