"""The seam between Python and the kernels: every operation on tensors goes through ``apply``.

A primitive is a name, a kernel, its reference, a shape rule and a gradient rule written in operations again. ``apply``
calls the kernel now, or notes a node where the inputs have a shape only; and it tells the tapes. Eager training, shape
inference, functional models and captured programs are all this one function.
"""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Node", "Primitive", "apply", "differentiable_nowhere", "gradient_of", "state"]

Shape = tuple[int | None, ...]


class _State(threading.local):
    """What one thread is doing. ``precise``: in float64, on the NumPy references instead of the kernels."""

    precise = False
    tapes: tuple[Any, ...] = ()
    training: bool | None = None
    root: Any = None  # the outermost layer that is being called
    admit: Callable[[int, str], Any] | None = None  # asked before a weight is made, while a model is read from a file
    steps: list["Node"] | None = None  # where symbolic calls are noted, while a program is being captured
    keys: Any = None  # where its random keys are noted
    recording = False  # kernels are being kept for a program: NumPy would compute now, once
    observed: Any = None  # where numbers for the logs are noted
    layer: str | None = None  # whose call, or whose gradient, is being captured
    backward = False  # whether it is a gradient


state = _State()


class Primitive:
    """One operation with a kernel of its own.

    Args:
        name: as in ``fastcnn.kernels``.
        kernel: ``kernel(*arrays, **attrs)``, float32; returns an array or a tuple of arrays.
        reference: the same in NumPy and float64.
        shape: ``shape(*input_shapes, **attrs)``, where sizes may be None; returns a shape, or a list of them where the
            primitive has several outputs.
        dtype: of the result; a function of the inputs' dtypes where it depends on them.

    Example:
        >>> Primitive.registry["abs"]
        <primitive abs>
    """

    __slots__ = ("dtype", "gradient", "kernel", "name", "reference", "shape")
    registry: dict[str, "Primitive"] = {}  # noqa: RUF012 (one for all, on purpose)

    def __init__(
        self,
        name: str,
        kernel: Callable[..., Any],
        reference: Callable[..., Any],
        shape: Callable[..., Any],
        dtype: str | Callable[..., str] = "float",
    ):
        self.name, self.kernel, self.reference, self.shape, self.dtype = name, kernel, reference, shape, dtype
        self.gradient: Callable[..., Any] | None = None
        if name in Primitive.registry:
            raise ValueError(f"there is a primitive {name!r} already")
        Primitive.registry[name] = self

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        return apply(self, inputs, attrs)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _registered, (self.name,)


def _registered(name: str) -> Primitive:
    """What a pickled primitive becomes."""
    return Primitive.registry[name]


def gradient_of(primitive: Primitive) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the gradient rule of a primitive.

    The rule is called as ``rule(dy, inputs, outputs, attrs, needs)`` and returns one gradient, or None, for each input.
    ``outputs`` and ``dy`` are tuples where the primitive has several outputs; ``needs[i]`` tells whether anyone will
    read the gradient of input i. It consists of operations, so that it can be recorded and differentiated itself.

    Args:
        primitive: the primitive; it has one rule.

    Example:
        >>> halve = Primitive("halve", lambda x: x / 2, lambda x: x / 2, lambda x: x)
        >>> @gradient_of(halve)
        ... def rule(dy, inputs, outputs, attrs, needs):
        ...     return (dy * 0.5,)
        >>> halve(Variable([4.0])).numpy()
        array([2.], dtype=float32)
        >>> del Primitive.registry["halve"]
    """

    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        primitive.gradient = rule
        return rule

    return register


def differentiable_nowhere(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[None, ...]:
    """The rule of step functions: their gradient is zero, and a zero gradient need not be computed.

    Args:
        dy, outputs, attrs, needs: not looked at.
        inputs: each has no gradient.

    Example:
        >>> differentiable_nowhere(None, (1, 2), None, {}, None)
        (None, None)
    """
    return (None,) * len(inputs)


class Node:
    """One call on symbolic tensors: a primitive or a layer, what went in, what came out.

    Args:
        operation: the primitive or layer.
        inputs: its tensors.
        attrs: its other arguments.

    Attributes:
        outputs: the tensors that it makes.
        layer: the name of the layer whose call or gradient this is; None where it belongs to none, or is a layer.
        backward: whether it is part of a gradient.

    Example:
        >>> from fastcnn import Input, ops
        >>> ops.abs(Input((3,))).node.operation
        <primitive abs>
    """

    __slots__ = ("attrs", "backward", "inputs", "layer", "operation", "outputs")

    def __init__(self, operation: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]):
        self.operation, self.inputs, self.attrs = operation, inputs, attrs
        self.outputs: tuple[Any, ...] = ()
        self.layer, self.backward = state.layer, state.backward


class Symbolic(TypeError):
    """Somebody asked a symbolic tensor for its numbers."""


def apply(primitive: Primitive, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Runs the primitive on tensors (or None, where an input is optional), or notes that it is to be run.

    Args:
        primitive: the operation.
        inputs: tensors, symbolic or not.
        attrs: its other arguments.

    Example:
        >>> apply(Primitive.registry["abs"], (Variable([-1.0, 2.0]),), {}).numpy()
        array([1., 2.], dtype=float32)
    """
    if state.steps is not None and any(t.__class__ is SymbolicTensor or t.__class__ is Variable for t in inputs):
        return _note(primitive, inputs, attrs)  # a variable's value now is not its value when the program runs
    try:
        arrays = [None if t is None else t.array for t in inputs]
    except Symbolic:
        return _note(primitive, inputs, attrs)
    if state.precise:
        with np.errstate(all="ignore"):  # kernels do not warn of infinities either
            result = primitive.reference(*arrays, **attrs)
    else:
        result = primitive.kernel(*arrays, **attrs)
    outputs = tuple([Tensor(a) for a in result]) if result.__class__ is tuple else Tensor(result)
    if state.tapes:
        for tape in state.tapes:
            tape.record(primitive, inputs, outputs, attrs)
    return outputs


def _note(primitive: Primitive, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    shapes = primitive.shape(*[None if t is None else t.shape for t in inputs], **attrs)
    several = isinstance(shapes, list)
    dtype = primitive.dtype
    if not isinstance(dtype, str):
        dtype = dtype(*[t.dtype for t in inputs if t is not None])
    if dtype == "float":
        dtype = "float64" if state.precise else "float32"
    node = Node(primitive, inputs, attrs)
    each = enumerate(shapes if several else [shapes])
    node.outputs = tuple(SymbolicTensor(shape, dtype, node=node, index=i) for i, shape in each)
    if state.steps is not None:
        state.steps.append(node)
    outputs = node.outputs if several else node.outputs[0]
    for tape in state.tapes:
        tape.record(primitive, inputs, outputs, attrs)
    return outputs


def float_dtype() -> np.dtype[Any]:
    return np.dtype(np.float64 if state.precise else np.float32)


from fastcnn.tensor import SymbolicTensor, Tensor, Variable  # noqa: E402 (tensors need the state first)
