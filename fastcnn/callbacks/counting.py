"""Counts batches for callbacks that do something every so many of them."""

from typing import Any

from fastcnn._arrays import INT

__all__ = ["Every"]


class Every:
    """Tells when it is time, every ``frequency`` batches, over the ends of epochs.

    Batches may come several at a time (``steps_per_execution``): it is then time at the first call past the number.

    Args:
        frequency: "epoch", for which it never is time at a batch, or a number of batches.

    Example:
        >>> every = Every(2)
        >>> [every.due(batch) for batch in (0, 1, 2, 0, 1)]
        [False, True, False, True, False]
    """

    def __init__(self, frequency: Any):
        if frequency != "epoch" and (isinstance(frequency, bool) or not isinstance(frequency, INT) or frequency < 1):
            raise ValueError(f"save_freq must be 'epoch' or a number of batches, got {frequency!r}")
        self.frequency = frequency
        self.seen, self.last = 0, -1

    def due(self, batch: int) -> bool:
        """Whether it is time, now that the batch of this number in its epoch has ended."""
        if self.frequency == "epoch":
            return False
        self.seen += batch - self.last if batch > self.last else batch + 1
        self.last = batch
        if self.seen < self.frequency:
            return False
        self.seen = 0
        return True

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return {"seen": self.seen, "last": self.last}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self.seen, self.last = state["seen"], state["last"]
