"""Ctrl-C between steps: an update of the weights is finished first."""

import signal
import threading
from typing import Any, Self

__all__ = ["Interrupts"]


class Interrupts:
    """While a step is under way (``busy``), Ctrl-C waits for its end; a second one does not.

    Only in the main thread, and only where nobody else handles SIGINT.
    """

    def __init__(self) -> None:
        self.busy = self.pending = False
        self._before: Any = None

    def __enter__(self) -> Self:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: Any) -> None:
        if self.busy and not self.pending:
            self.pending = True
        else:
            raise KeyboardInterrupt

    def check(self) -> None:
        """The step has ended: now is the time."""
        self.busy = False
        if self.pending:
            raise KeyboardInterrupt
