"""The other end of bench.peer_worker: starts a peer's process, asks it, and waits until it sleeps again."""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

__all__ = ["Missing", "Worker", "PeerError"]

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """The library is not installed in the Python that was given."""


class PeerError(Exception):
    """The peer could not do what it was asked for."""


class Worker:
    """A process with one library in it.

    Args:
        name: of the module bench.peer_NAME.
        python: its interpreter.
        threads: how many the library may use.
        log: the file that takes what it prints.
        folder: where the process runs: the folder that has ``bench``.
    """

    def __init__(self, name: str, python: str, threads: int, log: Path, folder: Path = ROOT):
        self.name, self.log = name, log
        self._idle_seconds = self._idle_used = 0.0
        self._slept_at: tuple[float, float] | None = None
        limits = {variable: str(threads) for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "FASTCNN_NUM_THREADS")}
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [python, "-m", "bench.peer_worker", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                cwd=folder,
                env={**os.environ, **limits},
            )
        self._answer("start")
        self.versions: dict[str, str] = self.ask("hello")["versions"]

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Has it do something, and waits for that and for its threads to sleep."""
        self._wake()
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone: the missing answer tells
        answer = self._answer(do)
        self._settle()
        return answer

    def alive(self) -> bool:
        """Whether its process still runs."""
        return self._process.poll() is None

    def _answer(self, do: str) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            raise PeerError(f"{self.name} ended with status {status} at {do!r}: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "missing" in answer:
            self.close()
            raise Missing(answer["missing"])
        if "error" in answer:
            raise PeerError(f"{self.name}: {answer['error']}")
        return answer

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-3:]) or "it said nothing"

    def _settle(self, limit: float = 3.0) -> None:
        """Threads that wait for more work spin for a while; the next peer must not pay for it."""
        end = time.monotonic() + limit
        quiet = 0
        while quiet < 3 and time.monotonic() < end:
            quiet = 0 if self._running() else quiet + 1
            time.sleep(0.001)
        self._slept_at = time.monotonic(), self._used()

    def _running(self) -> bool:
        """Whether any thread of it is running or wants to."""
        for task in Path(f"/proc/{self._process.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):
                if task.read_text().rpartition(")")[2].split()[0] == "R":
                    return True
        return False

    def _used(self) -> float:
        """Seconds of CPU until now."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _wake(self) -> None:
        if self._slept_at:
            then, used = self._slept_at
            self._idle_seconds += time.monotonic() - then
            self._idle_used += max(0.0, self._used() - used)

    def idle_share(self) -> float:
        """How much of a core it used while it was not asked for anything."""
        return self._idle_used / self._idle_seconds if self._idle_seconds else 0.0

    def close(self) -> None:
        """Ends the process."""
        process = self._process
        for stream in (process.stdin, process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
