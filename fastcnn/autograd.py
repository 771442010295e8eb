"""Reverse-mode differentiation: a tape of what ran, walked backwards."""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np

from fastcnn import ops
from fastcnn.seam import Primitive, apply, float_dtype, state
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
        """Follows a tensor, or each of a nest of lists and dicts, from here on. Integers have no gradients."""
        for t in _leaves(tensor):
            if not isinstance(t, Operators):
                raise TypeError(f"watch takes tensors, got {type(t).__name__}; convert_to_tensor makes one")
            if not t.dtype.startswith("float"):
                warnings.warn(f"watch: a tensor of dtype {t.dtype} has no gradient; cast it to float32", stacklevel=2)
                continue
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
            target: a tensor, or a nest of lists and dicts of them, whose gradients add up.
            sources: a tensor or variable, or a nest of lists and dicts of them.
            output_gradients: what to multiply with, in the form of ``target``; ones unless given.
            unconnected_gradients: ``"none"`` or ``"zero"``: what to give where the target does not depend on a source.

        Returns:
            Tensors in the form of ``sources``.
        """
        self._check(unconnected_gradients)
        targets, flat = _tensors(target), _tensors(sources)
        given = _seeds(output_gradients, target)
        if len(given) != len(targets):
            raise ValueError(f"output_gradients: expected {len(targets)}, one a target, got {len(given)}")
        gradients = _first_gradients(targets, given)
        found = self._found(self._taken(), gradients, flat)
        if unconnected_gradients == "zero":
            found = [ops.zeros_like(s) if g is None else g for s, g in zip(flat, found, strict=True)]
        return _in_the_form_of(sources, iter(found))

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: str = "none",
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Derivatives of each element of ``target`` with respect to each element of ``sources``.

        The tape is walked once for each element of the target: meant for small ones. In the tape's block, or with
        another tape around it, the result can be differentiated itself.

        Args:
            target: a tensor.
            sources: a tensor or variable, or a nest of lists and dicts of them.
            unconnected_gradients: as in ``gradient``.
            parallel_iterations, experimental_use_pfor: of no consequence.

        Returns:
            Tensors of shape ``(*target.shape, *source.shape)`` in the form of ``sources``.

        Example:
            >>> import fastcnn
            >>> x = fastcnn.Variable([1.0, 2.0])
            >>> with fastcnn.GradientTape() as tape:
            ...     y = x * x
            >>> tape.jacobian(y, x).numpy()
            array([[2., 0.],
                   [0., 4.]], dtype=float32)
        """
        self._check(unconnected_gradients)
        _check_target(target, "jacobian")
        flat, size, records = _tensors(sources), math.prod(target.shape), self._taken()
        rows = []
        for seed in np.eye(size, dtype=float_dtype()).reshape(size, *target.shape):
            rows.append(self._found(list(records), {id(target): Tensor(seed)}, flat))
        found = []
        for i, s in enumerate(flat):
            parts = [row[i] for row in rows]
            if parts and any(g is not None for g in parts):
                parts = [ops.zeros_like(s) if g is None else g for g in parts]
                found.append(ops.reshape(ops.stack(parts), (*target.shape, *s.shape)))
            else:
                needed = unconnected_gradients == "zero" or not parts
                found.append(ops.zeros((*target.shape, *s.shape)) if needed else None)
        return _in_the_form_of(sources, iter(found))

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: str = "none",
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The Jacobian of each sample of ``target`` with respect to the same sample of ``source``, and no other.

        The tape is walked once for each element of a sample, for all samples together: sample i of the target must
        depend on sample i of the source only.

        Args:
            target: (n, ...).
            source: (n, ...).
            unconnected_gradients: as in ``gradient``.
            parallel_iterations, experimental_use_pfor: of no consequence.

        Returns:
            ``(n, *target.shape[1:], *source.shape[1:])``.

        Example:
            >>> import fastcnn
            >>> x = fastcnn.Variable([[1.0, 2.0], [3.0, 4.0]])
            >>> with fastcnn.GradientTape() as tape:
            ...     y = x * x
            >>> tape.batch_jacobian(y, x).numpy()[1]
            array([[6., 0.],
                   [0., 8.]], dtype=float32)
        """
        self._check(unconnected_gradients)
        _check_target(target, "batch_jacobian")
        if not isinstance(source, Operators):
            raise TypeError(f"batch_jacobian takes one tensor or variable as source, got {type(source).__name__}")
        if not target.shape or not source.shape or target.shape[0] != source.shape[0]:
            raise ValueError(
                "batch_jacobian: target and source must have as many samples, "
                f"got shapes {target.shape} and {source.shape}"
            )
        n, *inner = target.shape
        size, records = math.prod(inner), self._taken()
        columns = []
        for seed in np.eye(size, dtype=float_dtype()).reshape(size, 1, *inner):
            seeds = {id(target): Tensor(np.repeat(seed, n, 0))}
            columns.append(self._found(list(records), seeds, [source])[0])
        shape = (n, *inner, *source.shape[1:])
        if not columns or columns[0] is None:
            return ops.zeros(shape) if unconnected_gradients == "zero" or not columns else None
        return ops.reshape(ops.stack(columns, 1), shape)

    def _check(self, unconnected_gradients: Any) -> None:
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(f"unconnected_gradients must be 'none' or 'zero', got {unconnected_gradients!r}")
        if self._records is None:
            raise RuntimeError("gradient was called already; a tape for several calls is GradientTape(persistent=True)")

    def _taken(self) -> list[tuple[Any, ...]]:
        """The records, to be taken from: a tape that is not persistent has none afterwards."""
        records = self._records
        assert records is not None
        if self.persistent:
            return list(records)
        self._records = None
        return records

    def _found(self, records: list[tuple[Any, ...]], gradients: dict[int, Any], sources: list[Any]) -> list[Any]:
        keep = {id(s) for s in sources}
        if state.steps is None:
            self._walk(records, gradients, keep)
        else:
            layer, backward = state.layer, state.backward
            state.backward = True
            try:
                self._walk(records, gradients, keep)
            finally:
                state.layer, state.backward = layer, backward
        return [gradients.get(id(s)) for s in sources]

    def _walk(self, records: list[tuple[Any, ...]], gradients: dict[int, Any], keep: set[int]) -> None:
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


def _leaves(nest: Any) -> list[Any]:
    if nest.__class__ is dict:
        nest = [*nest.values()]
    return [t for part in nest for t in _leaves(part)] if isinstance(nest, (list, tuple)) else [nest]


def _in_the_form_of(nest: Any, found: Iterator[Any]) -> Any:
    """What was found for the leaves, as they stand in the nest."""
    if nest.__class__ is dict:
        return {key: _in_the_form_of(part, found) for key, part in nest.items()}
    if isinstance(nest, (list, tuple)):
        parts = [_in_the_form_of(part, found) for part in nest]
        return parts if isinstance(nest, list) else tuple(parts)
    return next(found)


def _tensors(nest: Any) -> list[Any]:
    leaves = _leaves(nest)
    for t in leaves:
        if not isinstance(t, Operators):
            raise TypeError(f"gradient takes tensors and variables, got {type(t).__name__}")
    return leaves


def _check_target(target: Any, method: str) -> None:
    if not isinstance(target, Operators):
        raise TypeError(f"{method} takes one tensor as target, got {type(target).__name__}")
    if None in target.shape:
        raise ValueError(f"{method} needs a target of known shape, got {target.shape}")


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
    if target.__class__ is dict:
        if output_gradients is None:
            return [None] * len(_leaves(target))
        if output_gradients.__class__ is not dict or {*output_gradients} != {*target}:
            raise ValueError(f"output_gradients: expected a dict with the keys of target, {[*target]}")
        return [g for key in target for g in _seeds(output_gradients[key], target[key])]
    if isinstance(target, (list, tuple)):
        if output_gradients is None:
            return [None] * len(_leaves(target))
        if several and len(output_gradients) == len(target):
            return [g for part, t in zip(output_gradients, target, strict=True) for g in _seeds(part, t)]
        return list(output_gradients) if several else [output_gradients]
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
        f: takes tensors, returns ``(result, gradient)``, where ``gradient(upstream)`` returns one gradient an argument;
            arguments given by keyword are passed on as they are, and have none.
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
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        inputs = tuple(a if isinstance(a, Operators) else convert_to_tensor(a, "float") for a in args)
        before, state.tapes = state.tapes, ()
        try:
            returned = f(*inputs, **kwargs)
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
