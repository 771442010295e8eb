"""Captures what a function does with symbolic tensors as a list of steps."""

from collections.abc import Callable
from typing import Any

from fastcnn.seam import Node, Symbolic, state
from fastcnn.tensor import SymbolicTensor

__all__ = ["Captured", "NotCapturable", "capture"]


class NotCapturable(Exception):
    """Why a function runs eagerly: it looks at numbers, or uses an operation without a kernel."""


class Captured:
    """A function as steps.

    Attributes:
        inputs: symbolic tensors that stand for its arguments.
        outputs: what it returned: a nest of tensors.
        steps: calls of primitives, in the order in which they were made.
        keys: ``(generator, tensor)``: the random generators it draws from, and the keys drawn.
    """

    def __init__(
        self, inputs: list[SymbolicTensor], outputs: Any, steps: list[Node], keys: list[tuple[Any, SymbolicTensor]]
    ):
        self.inputs, self.outputs, self.steps, self.keys = inputs, outputs, steps, keys


def capture(function: Callable[..., Any], inputs: list[SymbolicTensor]) -> Captured:
    """Calls the function on the inputs and notes each operation.

    Raises:
        NotCapturable: it asked for numbers; the message tells the line.
    """
    if state.steps is not None:
        raise RuntimeError("a program is being captured already")
    steps: list[Node] = []
    keys: list[tuple[Any, SymbolicTensor]] = []
    state.steps, state.keys = steps, keys
    tapes, state.tapes = state.tapes, ()
    try:
        outputs = function(*inputs)
    except Symbolic as error:
        raise NotCapturable(f"{_place(error)} looks at the numbers of a tensor") from error
    except (TypeError, ValueError, RuntimeError, NotImplementedError, AttributeError) as error:
        raise NotCapturable(f"{_place(error)}: {error}") from error
    finally:
        state.steps, state.keys, state.tapes = None, None, tapes
    return Captured(inputs, outputs, steps, keys)


def _place(error: BaseException) -> str:
    """The innermost line of the traceback that is not ours, else the innermost."""
    import traceback
    from pathlib import Path

    frames = traceback.extract_tb(error.__traceback__)
    ours = str(Path(__file__).parent.parent)
    theirs = [f for f in frames if not f.filename.startswith(ours)]
    frame = theirs[-1] if theirs and theirs[-1] is not frames[0] else frames[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}: {frame.line}"
