"""How far a long call is: a bar on a terminal or in a notebook, a line elsewhere."""

import sys
import time
from typing import Any

__all__ = ["Progress", "interactive", "one_number", "standard_verbose"]

_PAUSE = 0.1  # seconds between two drawings of the bar


def standard_verbose(verbose: Any) -> Any:
    """Checks ``verbose`` and returns it: "auto", 0, 1 or 2."""
    if isinstance(verbose, bool):
        return int(verbose)
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
    return verbose


def interactive() -> bool:
    """Whether somebody watches: a terminal or a notebook."""
    return "ipykernel" in sys.modules or bool(getattr(sys.stdout, "isatty", lambda: False)())


def numbers(logs: dict[str, Any]) -> str:
    """``accuracy: 0.9123 - loss: 0.3012``; small numbers as 1.2e-05."""
    return " - ".join(f"{name}: {_number(value)}" for name, value in logs.items())


def one_number(value: Any) -> float:
    """A metric of the logs; of one that has a number for each class, their mean."""
    return float(value.mean()) if getattr(value, "ndim", 0) else float(value)


def _number(value: Any) -> str:
    value = one_number(value)
    return f"{value:.4f}" if value == 0 or abs(value) > 1e-3 else f"{value:.4e}"


def duration(seconds: float) -> str:
    """``2s``, ``35ms``, ``80us``."""
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


class Progress:
    """One bar, or one line, for one epoch or call.

    Args:
        steps: how many there will be, None where nobody knows.
        verbose: "auto" and 1 draw a bar where somebody watches and print a line elsewhere; 2 prints a line; 0 nothing.

    Example:
        >>> progress = Progress(10, verbose=0)
        >>> progress.update(10, {"loss": 0.5})
        >>> progress.finish({"loss": 0.5})
    """

    def __init__(self, steps: int | None, verbose: Any = "auto"):
        self.steps, self.verbose = steps, standard_verbose(verbose)
        self.seen = 0
        self.began = time.perf_counter()
        self._next = self.began + _PAUSE
        self._bar: Any = None
        self._draws = self.verbose in ("auto", 1) and interactive()

    def update(self, seen: int, logs: dict[str, Any]) -> None:
        """``seen`` steps are done; draws where the last drawing is old enough."""
        self.seen = seen
        if self._draws and time.perf_counter() >= self._next:
            self._draw(logs)
            self._next = time.perf_counter() + _PAUSE

    def _draw(self, logs: dict[str, Any]) -> None:
        if self._bar is None:
            import shutil

            from tqdm import tqdm

            form = "{n_fmt}/{total_fmt} {bar:20} {elapsed}<{remaining}{postfix}"
            # A terminal that does not know its size says 0, where tqdm would draw nothing.
            width, height = shutil.get_terminal_size((100, 24))
            self._bar = tqdm(
                total=self.steps,
                file=sys.stdout,
                mininterval=0,
                miniters=1,
                bar_format=form,
                ncols=width,
                nrows=height,
            )
            self._bar.start_t -= time.perf_counter() - self.began
        self._bar.set_postfix_str(numbers(logs), refresh=False)
        self._bar.update(self.seen - self._bar.n)

    def finish(self, logs: dict[str, Any]) -> None:
        """All steps are done: the bar with the last numbers, or the line."""
        if not self.verbose:
            return
        if self._draws:
            if self.steps is None:
                self.steps = self.seen
            if self._bar is not None:
                self._bar.total = self.seen
            self._draw(logs)
            self.close()
            return
        seconds = time.perf_counter() - self.began
        line = f"{self.seen}/{self.steps or self.seen} - {seconds:.0f}s - {duration(seconds / max(self.seen, 1))}/step"
        print(f"{line} - {numbers(logs)}" if logs else line, flush=True)

    def close(self) -> None:
        """Leaves the bar as it is and goes to the next line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
