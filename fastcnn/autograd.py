"""Reverse-mode differentiation: a tape of what ran, walked backwards."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from fastcnn import ops
from fastcnn.seam import Primitive, apply, state
from fastcnn.tensor import Operators, SymbolicTensor, Tensor, Valued, Variable, convert_to_tensor

__all__ = ["GradientTape", "custom_gradient", "grad", "stop_gradient"]


class GradientTape:
    """Remembers the operations run inside its ``with`` block, to compute gradients of their results.

    Trainable variables are followed by themselves; anything else after ``watch``. A tape inside a tape gives second
    derivatives.

    Args:
        persistent: whether ``gradient`` may be called more than once. The memory is kept until the tape is dropped.
        watch_accessed_variables: whether trainable variables are followed by themselves.

    Example:
        >>> import fastcnn
        >>> x = fastcnn.Variable(3.0)
        >>> with fastcnn.GradientTape() as tape:
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self.persistent = persistent
        self.watch_accessed_variables = watch_accessed_variables
        self._records: list[tuple[Any, ...]] | None = []
        self._live: set[int] = set()
        self.watched: list[Any] = []  # kept alive, for their ids must not pass to others

    def __enter__(self) -> Self:
        if any(tape is self for tape in state.tapes):
            raise ValueError("this GradientTape is recording already")
        state.tapes = (*state.tapes, self)
        return self

    def __exit__(self, *exception: object) -> None:
        state.tapes = tuple(tape for tape in state.tapes if tape is not self)

    def watch(self, tensor: Any) -> None:
        """Follows a tensor, or each of a list of tensors, from here on."""
        for t in tensor if isinstance(tensor, (list, tuple)) else [tensor]:
            if not isinstance(t, Operators):
                raise TypeError(f"watch takes tensors, got {type(t).__name__}; convert_to_tensor makes one")
            self._live.add(id(t))
            self.watched.append(t)

    def watched_variables(self) -> list[Variable]:
        """The variables that recorded operations have read."""
        seen: dict[int, Variable] = {}
        for _, inputs, *_ in self._records or ():
            seen |= {id(t): t for t in inputs if isinstance(t, Variable) and self.follows(t)}
        return list(seen.values())

    def follows(self, tensor: Any) -> bool:
        """Whether a gradient with respect to the tensor could be asked for."""
        if id(tensor) in self._live:
            return True
        return tensor.__class__ is Variable and self.watch_accessed_variables and tensor.trainable

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], outputs: Any, attrs: dict[str, Any]) -> None:
        """Called by the seam."""
        live = self._live
        needs = []
        versions = None
        for t in inputs:
            if t.__class__ is Variable:
                versions = (versions or 0) + t.version  # a rule may read any of its inputs
                followed = self.watch_accessed_variables and t._trainable and t._layer_trainable
                needs.append(followed or id(t) in live)
            else:
                needs.append(id(t) in live)
        if True not in needs or self._records is None:
            return
        if outputs.__class__ is tuple:
            live.update(map(id, outputs))
        else:
            live.add(id(outputs))
        self._records.append((primitive, inputs, outputs, attrs, needs, versions))

    def stop_recording(self) -> "_Paused":
        """A context in which nothing is recorded: ``with tape.stop_recording(): ...``."""
        return _Paused(self)

    def reset(self) -> None:
        """Forgets everything recorded so far."""
        self._records, self._live, self.watched = [], set(), []

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> Any:
        """Gradients of ``target`` (its sum, where it is not a scalar) with respect to ``sources``.

        Args:
            target: a tensor, or a list of them whose gradients add up.
            sources: a tensor or variable, or a list, or a dict of them.
            output_gradients: what to multiply with, in the form of ``target``; ones unless given.
            unconnected_gradients: ``"none"`` or ``"zero"``: what to give where the target does not depend on a source.

        Returns:
            Tensors in the form of ``sources``.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(f"unconnected_gradients must be 'none' or 'zero', got {unconnected_gradients!r}")
        if self._records is None:
            raise RuntimeError("gradient was called already; a tape for several calls is GradientTape(persistent=True)")
        targets = _listed(target)
        given = _seeds(output_gradients, target)
        if len(given) != len(targets):
            raise ValueError(f"output_gradients: expected {len(targets)}, one a target, got {len(given)}")
        flat = [*sources.values()] if isinstance(sources, dict) else _listed(sources)
        for t in (*targets, *flat):
            if not isinstance(t, Operators):
                raise TypeError(f"gradient takes tensors and variables, got {type(t).__name__}")
        gradients = _first_gradients(targets, given)
        if state.steps is None:
            self._walk(gradients, {id(s) for s in flat})
        else:
            layer, backward = state.layer, state.backward
            state.backward = True
            try:
                self._walk(gradients, {id(s) for s in flat})
            finally:
                state.layer, state.backward = layer, backward
        found = [gradients.get(id(s)) for s in flat]
        if unconnected_gradients == "zero":
            found = [ops.zeros_like(s) if g is None else g for s, g in zip(flat, found, strict=True)]
        if isinstance(sources, dict):
            return dict(zip(sources, found, strict=True))
        return found if isinstance(sources, (list, tuple)) else found[0]

    def _walk(self, gradients: dict[int, Any], keep: set[int]) -> None:
        records = self._records
        assert records is not None
        if self.persistent:
            records = list(records)
        else:
            self._records = None
        inside, capturing = any(tape is self for tape in state.tapes), state.steps is not None
        while records:
            primitive, inputs, outputs, attrs, needs, versions = records.pop()
            if outputs.__class__ is tuple:
                dy: Any = tuple([gradients.get(id(o)) for o in outputs])
                if all(g is None for g in dy):
                    continue
                for o in outputs:
                    if id(o) not in keep:
                        gradients.pop(id(o), None)
            else:
                dy = gradients.get(id(outputs)) if id(outputs) in keep else gradients.pop(id(outputs), None)
                if dy is None:
                    continue
            if primitive.gradient is None:
                raise ValueError(
                    f"{primitive.name} has no gradient, but the target depends on it; "
                    "fastcnn.ops.stop_gradient says that none is wanted"
                )
            if versions is not None and versions != sum([t.version for t in inputs if t.__class__ is Variable]):
                raise RuntimeError(
                    f"a variable that {primitive.name} read was assigned to before its gradient was computed; "
                    "call gradient first, then assign"
                )
            if capturing:
                made = outputs[0] if outputs.__class__ is tuple else outputs
                state.layer = made.node.layer if made.__class__ is SymbolicTensor and made.node is not None else None
            for t, g, need in zip(inputs, primitive.gradient(dy, inputs, outputs, attrs, needs), needs, strict=True):
                if need and g is not None:
                    key = id(t)
                    gradients[key] = ops.add(gradients[key], g) if key in gradients else g
        if self.persistent and inside:
            self._live.update(map(id, gradients.values()))
            self.watched.extend(gradients.values())


def _listed(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def _first_gradients(targets: list[Any], given: list[Any]) -> dict[int, Any]:
    """The targets' own, by id: ones where None is given. A target that stands there twice counts twice."""
    gradients: dict[int, Any] = {}
    for t, g in zip(targets, given, strict=True):
        seed = ops.ones_like(t) if g is None else convert_to_tensor(g, "float")
        if seed.shape != t.shape:
            raise ValueError(f"output_gradients: expected shape {t.shape}, got {seed.shape}")
        gradients[id(t)] = ops.add(gradients[id(t)], seed) if id(t) in gradients else seed
    return gradients


def _seeds(output_gradients: Any, target: Any) -> list[Any]:
    """One for each target; None stands for ones."""
    several = isinstance(output_gradients, (list, tuple))
    if isinstance(target, (list, tuple)):
        if several:
            return list(output_gradients)
        return [output_gradients] * (len(target) if output_gradients is None else 1)
    if several and len(output_gradients) == 1 and isinstance(output_gradients[0], Operators):
        return [output_gradients[0]]
    return [output_gradients]


class _Paused:
    def __init__(self, tape: GradientTape):
        self._tape = tape

    def __enter__(self) -> None:
        self._before = state.tapes
        self._tape.__exit__()

    def __exit__(self, *exception: object) -> None:
        state.tapes = self._before


def stop_gradient(variable: Any) -> Any:
    """The same numbers, as a constant: no gradient flows through.

    Args:
        variable: a tensor or an array.

    Example:
        >>> import fastcnn
        >>> x = fastcnn.Variable(3.0)
        >>> with fastcnn.GradientTape() as tape:
        ...     y = x * fastcnn.ops.stop_gradient(x)
        >>> float(tape.gradient(y, x))
        3.0
    """
    return ops.stop_gradient(variable)


class _Custom:
    """Stands for a primitive on the tape: a function whose gradient its author has written."""

    def __init__(self, name: str, backward: Callable[..., Any]):
        self.name, self._backward = name, backward

    def gradient(self, dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, ...]:
        wanted = dy if isinstance(dy, tuple) else (dy,)
        given = outputs if isinstance(outputs, tuple) else (outputs,)
        filled = [ops.zeros_like(o) if g is None else g for g, o in zip(wanted, given, strict=True)]
        found = self._backward(*filled)
        found = tuple(found) if isinstance(found, (list, tuple)) else (found,)
        if len(found) != len(inputs):
            raise ValueError(
                f"{self.name}: its gradient must return {len(inputs)} values, one an argument, got {len(found)}"
            )
        for x, g in zip(inputs, found, strict=True):
            if g is not None and tuple(g.shape) != tuple(x.shape):
                raise ValueError(f"{self.name}: expected a gradient of shape {x.shape}, got {g.shape}")
        return found


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a function a gradient of its author's own.

    Args:
        f: takes tensors, returns ``(result, gradient)``, where ``gradient(upstream)`` returns one gradient an argument.
            ``gradient`` may also be written as ``gradient(*args, upstream=...)``, as in Keras.

    Example:
        >>> import fastcnn
        >>> @fastcnn.custom_gradient
        ... def clipped(x):
        ...     return x, lambda upstream: fastcnn.ops.clip(upstream, -1.0, 1.0)
        >>> x = fastcnn.Variable(2.0)
        >>> with fastcnn.GradientTape() as tape:
        ...     y = 5.0 * clipped(x)
        >>> float(tape.gradient(y, x))
        1.0
    """
    import functools
    import inspect

    @functools.wraps(f)
    def wrapped(*args: Any) -> Any:
        inputs = tuple(a if isinstance(a, Operators) else convert_to_tensor(a, "float") for a in args)
        before, state.tapes = state.tapes, ()
        try:
            returned = f(*inputs)
        finally:
            state.tapes = before
        name = getattr(f, "__name__", "custom_gradient")
        if not isinstance(returned, tuple) or len(returned) != 2 or not callable(returned[1]):
            raise ValueError(f"{name} must return (result, gradient), got {type(returned).__name__}")
        result, backward = returned
        # What comes out must be new objects: an identity would otherwise be taken for its own input.
        own = tuple(_renamed(r) for r in result) if isinstance(result, (list, tuple)) else _renamed(result)
        if "upstream" in inspect.signature(backward).parameters and len(inspect.signature(backward).parameters) > 1:
            given = backward
            backward = lambda *upstream: given(*inputs, upstream=upstream[0] if len(upstream) == 1 else upstream)  # noqa: E731
        custom: Any = _Custom(name, backward)
        for tape in state.tapes:
            tape.record(custom, inputs, own, {})
        return own

    return wrapped


def _renamed(t: Any) -> Any:
    if isinstance(t, SymbolicTensor):
        return apply(ops.identity_primitive, (t,), {})
    return Tensor(t.array if isinstance(t, Valued) else np.asarray(t))


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that computes the gradient of ``f``.

    Args:
        f: takes tensors, returns one.
        argnums: the argument, or arguments, to differentiate by.

    Example:
        >>> import fastcnn
        >>> float(fastcnn.grad(lambda x: x * x)(3.0))
        6.0
        >>> float(fastcnn.grad(fastcnn.grad(lambda x: x * x * x))(3.0))
        18.0
    """

    def gradient(*args: Any) -> Any:
        tensors = [a if isinstance(a, Operators) else convert_to_tensor(a, "float") for a in args]
        wanted = [argnums] if isinstance(argnums, int) else list(argnums)
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([tensors[i] for i in wanted])
            y = f(*tensors)
        found = tape.gradient(y, [tensors[i] for i in wanted], unconnected_gradients="zero")
        return found[0] if isinstance(argnums, int) else found

    return gradient
