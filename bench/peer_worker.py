"""The process in which one library works: python -m bench.peer_worker NAME, asked by lines of JSON.

Libraries do not share a process, for their threads would get in each other's way. bench.peer_process is the other end.
What a library prints goes to stderr, so that stdout has answers only.

A peer is a module bench.peer_NAME with ``versions()``, ``factories(task)``, and ``export(task)``, which writes files
that others read, and may tell something about the machine. fastcnn's also has ``floor(task)``.
"""

import gc
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from bench.peer_task import Call, Task

__all__ = ["Session", "timed"]

QUICK = 0.05  # seconds; before calls that take less, one is not timed: others had the caches


def timed(call: Call, seconds: float, most: int) -> list[float]:
    """Milliseconds of each call: at least one, as many as fit into the seconds, not more than ``most``."""
    start = time.perf_counter()
    call()
    first = time.perf_counter() - start
    times = [] if first < QUICK and most > 1 else [1e3 * first]
    while len(times) < most and (not times or time.perf_counter() - start < seconds):
        begin = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - begin))
    return times


def resident(field: str) -> int:
    """Bytes of this process by /proc/self/status: VmRSS (now) or VmHWM (the most)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


class Session:
    """The commands; each takes and gives what JSON can hold."""

    def __init__(self, peer: Any):
        self.peer = peer
        self.task: Task | None = None
        self.calls: dict[str, Call] = {}
        self.factories: dict[str, Any] = {}
        self.imported = 0

    def hello(self) -> dict[str, Any]:
        """Imports the library."""
        versions = self.peer.versions()
        gc.collect()
        self.imported = resident("VmRSS")
        return {"versions": versions}

    def export(self, task: dict[str, Any]) -> dict[str, Any]:
        return {"machine": self.peer.export(Task(**task)) or {}}

    def begin(self, task: dict[str, Any]) -> dict[str, Any]:
        self.task = Task(**task)
        self.factories = self.peer.factories(self.task)
        return {"variants": list(self.factories)}

    def build(self, variant: str, warm: int) -> dict[str, Any]:
        """Builds a variant; its outputs are compared, then it is called a few times."""
        start = time.perf_counter()
        call = self.calls[variant] = self.factories[variant]()
        for _ in range(warm):
            call()
        return {"seconds": time.perf_counter() - start}

    def run(self, variant: str, seconds: float, most: int) -> dict[str, Any]:
        return {"milliseconds": timed(self.calls[variant], seconds, most)}

    def floor(self) -> dict[str, Any]:
        """Milliseconds that the task must take on this machine."""
        return {"milliseconds": self.peer.floor(self.task)}

    def drop(self, variant: str) -> dict[str, Any]:
        del self.calls[variant]
        gc.collect()
        return {}

    def peak(self, variant: str, steps: int) -> dict[str, Any]:
        """The most memory during some calls, beyond what was there when the library was imported."""
        call = self.factories[variant]()
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        for _ in range(steps):
            call()
        return {"bytes": resident("VmHWM") - self.imported}


def serve(session: Session, requests: Any, answers: Any) -> None:
    """Answers requests until there are no more."""
    for line in requests:
        request = json.loads(line)
        try:
            answer = getattr(session, request.pop("do"))(**request)
        except ImportError as error:
            answer = {"missing": str(error)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main() -> int:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what a library says before it crashes
    try:
        session = Session(importlib.import_module(f"bench.peer_{sys.argv[1]}"))
    except ImportError as error:
        answers.write(json.dumps({"missing": str(error)}) + "\n")
        return 0
    answers.write(json.dumps({}) + "\n")
    answers.flush()
    serve(session, sys.stdin, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
