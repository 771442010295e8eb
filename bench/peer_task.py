"""What a peer is asked to do: a network, images and right answers in a folder, training or inference."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.peer_blueprint import Blueprint, read

__all__ = ["TOLERANCE", "Call", "Factories", "Task", "no_export"]

Call = Callable[[], Any]
Factories = dict[str, Callable[[], Call]]  # a variant's name -> what builds it, checks it and gives the call to time

TOLERANCE = 1e-4  # of outputs, relative to the largest
LEARNING_RATE, MOMENTUM = 1e-4, 0.9


@dataclass(frozen=True)
class Task:
    """One comparison. Its folder has the network, x.npy (n, h, w, c), y.npy, and what fastcnn computes from them.

    Attributes:
        folder: of the network's and the data's files.
        network: its name in bench.networks.
        mode: "train" (a step), "inference" (a batch), "epoch" (``fit`` over all of x) or "memory" (steps, not timed).
        batch: how many images a step or a batch has.
        images: how many x.npy has: a batch, or an epoch.
        threads: how many each library may use.
        tolerance: of outputs, relative to the largest.
    """

    folder: str
    network: str
    mode: str
    batch: int
    images: int
    threads: int
    tolerance: float = TOLERANCE

    def path(self, name: str) -> Path:
        return Path(self.folder) / name

    def blueprint(self) -> Blueprint:
        return read(self.folder)

    def x(self) -> Any:
        return np.load(self.path("x.npy"))

    def y(self) -> Any:
        return np.load(self.path("y.npy"))

    def check(self, variant: str, output: Any) -> None:
        """Refuses logits (n, classes) that are not fastcnn's."""
        expected = np.load(self.path("expected.npy"))
        output = np.asarray(output).reshape(-1, expected.shape[-1])
        expected = expected[: len(output)]
        error = float(np.abs(output - expected).max() / np.abs(expected).max())
        if not error <= self.tolerance:
            raise AssertionError(f"{self.network}: the output of {variant} differs from fastcnn's by {error:.1e}")

    def check_loss(self, variant: str, loss: Any) -> None:
        """Refuses another loss of the first step than fastcnn's, where no dropout makes it random."""
        file = self.path("loss.npy")
        if file.exists():
            expected = float(np.load(file))
            if not abs(float(loss) - expected) <= TOLERANCE * abs(expected):
                raise AssertionError(
                    f"{self.network}: the first loss of {variant} is {float(loss)}, fastcnn's {expected}"
                )

    def message(self) -> dict[str, Any]:
        return asdict(self)


def no_export(task: Task) -> None:
    """Of peers that write no files for others."""
