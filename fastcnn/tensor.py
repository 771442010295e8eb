"""Tensors: an array that the tapes know, a variable that training changes, a symbolic tensor that has a shape only."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from fastcnn.seam import Shape, Symbolic, float_dtype, state

__all__ = ["Derived", "SymbolicTensor", "Tensor", "Variable", "convert_to_tensor", "is_tensor"]

Array = np.ndarray[Any, Any]


class Operators:
    """What one can write with tensors: ``a + b``, ``-a``, ``a @ b``, ``a < b``, ``a[1:]``."""

    __slots__ = ()
    __array_priority__ = 100
    shape: Any
    dtype: Any

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __add__(self, other: Any) -> Any:
        return _ops.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return _ops.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return _ops.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return _ops.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return _ops.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _ops.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _ops.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _ops.divide(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _ops.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _ops.floor_divide(other, self)

    def __mod__(self, other: Any) -> Any:
        return _ops.mod(self, other)

    def __rmod__(self, other: Any) -> Any:
        return _ops.mod(other, self)

    def __pow__(self, other: Any) -> Any:
        return _ops.power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return _ops.power(other, self)

    def __matmul__(self, other: Any) -> Any:
        return _ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _ops.matmul(other, self)

    def __neg__(self) -> Any:
        return _ops.negative(self)

    def __abs__(self) -> Any:
        return _ops.abs(self)

    def __lt__(self, other: Any) -> Any:
        return _ops.less(self, other)

    def __le__(self, other: Any) -> Any:
        return _ops.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return _ops.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return _ops.greater_equal(self, other)

    def __eq__(self, other: object) -> Any:
        return _ops.equal(self, other)

    def __ne__(self, other: object) -> Any:
        return _ops.not_equal(self, other)

    def __hash__(self) -> int:
        return id(self)

    def __getitem__(self, key: Any) -> Any:
        return _ops.getitem(self, key)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        operation = _UFUNCS.get(ufunc.__name__)
        if method != "__call__" or kwargs or operation is None:
            raise TypeError(f"np.{ufunc.__name__} does not know tensors; use fastcnn.ops, or {_LEAVE}")
        return getattr(_ops, operation)(*inputs)


_LEAVE = "tensor.numpy() where no gradient is wanted"
_UFUNCS = {
    name: name
    for name in (
        *("add", "subtract", "multiply", "divide", "power", "matmul", "maximum", "minimum"),
        *("negative", "square", "sqrt", "exp", "expm1", "log", "log1p", "tanh", "reciprocal"),
        *("sign", "floor", "ceil", "isnan", "isfinite", "logical_and", "logical_or", "logical_not"),
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
    )
} | {"absolute": "abs", "true_divide": "divide", "rint": "round", "floor_divide": "floor_divide", "remainder": "mod"}


class Valued(Operators):
    """What tensors and variables have in common: an array."""

    __slots__ = ()
    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> str:
        return self.array.dtype.name

    @property
    def size(self) -> int:
        return self.array.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        for tape in state.tapes:
            if tape.follows(self):
                raise TypeError(
                    "NumPy cannot work on a tensor that a GradientTape follows: the gradient would be lost. "
                    f"Use fastcnn.ops, or {_LEAVE}"
                )
        array = self.numpy()
        return array.astype(dtype) if dtype is not None and array.dtype != dtype else array.copy() if copy else array

    def numpy(self) -> Array:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        if self.array.ndim == 0:
            raise TypeError("a tensor without dimensions cannot be iterated over")
        return (self[i] for i in range(len(self.array)))

    def item(self) -> Any:
        """The only element, as a Python number."""
        return self.numpy().item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iu":
            raise TypeError(f"a tensor of dtype {self.dtype} is no index")
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __format__(self, spec: str) -> str:
        return format(self.item() if self.array.ndim == 0 else str(self), spec)

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


class Tensor(Valued):
    """The result of an operation: an array that nothing changes any more.

    Example:
        >>> import fastcnn
        >>> x = fastcnn.ops.convert_to_tensor([[1.0, 2.0]])
        >>> (x * 2 + 1).numpy()
        array([[3., 5.]], dtype=float32)
    """

    __slots__ = ("__weakref__", "array", "logits")
    logits: tuple[str, Any]  # of what softmax or sigmoid made: its name, and what it was made of

    def __init__(self, array: Array):
        self.array = array

    def numpy(self) -> Array:
        """The numbers, not a copy; read-only, for gradients may still need them."""
        view = np.asarray(self.array).view()  # of scalars NumPy's functions make no arrays
        view.flags.writeable = False
        return view

    def __repr__(self) -> str:
        return f"<Tensor shape={self.shape}, dtype={self.dtype}, numpy={np.array2string(self.array, threshold=20)}>"


class Derived(Tensor):
    """A tensor computed from variables for a program, which computes it anew whenever they have changed.

    Args:
        compute: returns it.
    """

    __slots__ = ("_compute",)

    def __init__(self, compute: Callable[[], Array]):
        super().__init__(np.array(compute(), np.float32))
        self._compute = compute

    def refresh(self) -> None:
        """Computes it again, in place."""
        np.copyto(self.array, self._compute(), casting="same_kind")


def _copied(value: Any, dtype: Any) -> Array:
    """A matrix at a multiple of 64 bytes, so that vectors read from it do not lie astride two cache lines."""
    array = np.asarray(value, dtype)
    if array.ndim < 2:
        return np.array(array)
    room = np.empty(array.nbytes + 64, np.uint8)
    start = -room.__array_interface__["data"][0] % 64
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    np.copyto(copy, array)
    return copy


class Changes:
    """Counts what may alter which weights a layer has or trains, so that they need not be gathered for every step."""

    count = 0


class Variable(Valued):
    """A tensor that can be assigned to: a weight, a moving statistic, a counter.

    Args:
        initializer: an array-like, or a function of ``(shape, dtype=...)``.
        shape: needed where the initializer is a function.
        dtype: ``"float32"`` (that of ``floatx()``) unless given.
        trainable: whether a tape follows it by itself, and an optimizer may change it.
        autocast: of no consequence: all computing is in one type.
        aggregation, synchronization: of no consequence on one machine.
        name: a word without slashes.
        layout: must be None.
        regularizer: a function of the variable, added to the loss of its layer.
        constraint: a function applied to the variable after each update.

    Example:
        >>> import fastcnn
        >>> v = fastcnn.Variable([1.0, 2.0])
        >>> v.assign_add([1.0, 1.0]).numpy()
        array([2., 3.], dtype=float32)
    """

    __slots__ = (
        "__weakref__",
        "_layer_trainable",
        "_made_trainable",
        "_trainable",
        "array",
        "constraint",
        "name",
        "path",
        "regularizer",
        "version",
    )
    _numbers = itertools.count()
    changes = 0  # of all variables: what was computed from them may be out of date

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: str | None = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
        layout: Any = None,
        *,
        regularizer: Any = None,
        constraint: Any = None,
    ):
        if layout is not None:
            raise NotImplementedError("layout is not supported by fastcnn: there is one machine")
        kind = float_dtype() if dtype in (None, "float") else np.dtype(dtype)
        if callable(initializer) and not isinstance(initializer, Operators):
            if shape is None:
                raise ValueError("Variable needs a shape where its initializer is a function")
            initializer = initializer(tuple(shape), dtype=kind.name)
        value = initializer.array if isinstance(initializer, Valued) else initializer
        self.array: Array = _copied(value, kind)
        if shape is not None and self.array.shape != tuple(shape):
            got = self.array.shape
            raise ValueError(f"Variable {name!r}: expected an initial value of shape {tuple(shape)}, got {got}")
        self.name = f"variable_{next(Variable._numbers)}" if name is None else name
        if "/" in self.name:
            raise ValueError(f"name must not contain '/', got {name!r}")
        self.path = self.name
        self._trainable = self._made_trainable = bool(trainable)
        self._layer_trainable = True  # a frozen layer says no for all its weights and forgets nothing
        self.regularizer, self.constraint = regularizer, constraint
        self.version = 0

    @property
    def trainable(self) -> bool:
        """Whether it is to be trained: by its own flag, and by that of the layer it belongs to."""
        return self._trainable and self._layer_trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        Changes.count += 1

    @property
    def value(self) -> Tensor:
        """What it holds now, as a tensor that tapes follow back to it; in a program what it holds then."""
        return _ops.identity_primitive(self)

    def numpy(self) -> Array:
        """A copy of what it holds now."""
        if state.steps is not None:
            raise Symbolic(f"{self.path} has other numbers when the program runs")
        return self.array.copy()

    def assign(self, value: Any) -> Self:
        """Sets it, in place. Shapes must agree."""
        array = value.array if isinstance(value, Valued) else np.asarray(value)
        if array.shape != self.array.shape:
            raise ValueError(f"{self.path}: expected a value of shape {self.array.shape}, got {array.shape}")
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{self.path}: expected numbers, got dtype {array.dtype}")
        if state.steps is not None:
            raise RuntimeError(f"{self.path} is assigned to in the step: a program would do that once, not every time")
        np.copyto(self.array, array, casting="unsafe")
        self.touch()
        return self

    def touch(self) -> None:
        """Says that the array was changed in place."""
        self.version += 1
        Variable.changes += 1

    def assign_add(self, value: Any) -> Self:
        """Adds to it, in place."""
        return self.assign(self.array + np.asarray(value.array if isinstance(value, Valued) else value))

    def assign_sub(self, value: Any) -> Self:
        """Subtracts from it, in place."""
        return self.assign(self.array - np.asarray(value.array if isinstance(value, Valued) else value))

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"

    def __getstate__(self) -> dict[str, Any]:
        return {slot: getattr(self, slot) for slot in Variable.__slots__ if slot != "__weakref__"}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        for slot, value in saved.items():
            setattr(self, slot, value)


class SymbolicTensor(Operators):
    """A tensor that has a shape and a dtype but no numbers yet: what ``Input`` gives and functional models are made of.

    Args:
        shape: sizes, None where any size will do.
        dtype: of the numbers to come.
        sparse, ragged: must be False: tensors are dense.
        record_history: of no consequence: calls are always recorded.
        name: for error messages and ``summary()``.
        node: the call that makes it; None for an input.
        index: which of the call's results it is.

    Example:
        >>> SymbolicTensor((None, 3), "float32").shape
        (None, 3)
    """

    __slots__ = ("__weakref__", "dtype", "index", "logits", "name", "node", "shape")
    logits: tuple[str, Any]  # as of Tensor
    _numbers = itertools.count()

    def __init__(
        self,
        shape: Shape,
        dtype: str = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        *,
        node: Any = None,
        index: int = 0,
    ):
        if sparse or ragged:
            raise NotImplementedError(
                f"{'sparse' if sparse else 'ragged'}=True is not supported by fastcnn: tensors are dense"
            )
        self.shape, self.dtype, self.node, self.index = tuple(shape), dtype, node, index
        self.name = name

    @property
    def array(self) -> Array:
        """An error: there are no numbers yet."""
        raise Symbolic(
            "a symbolic tensor has no numbers yet, only a shape: NumPy, float(), if and for cannot look into it. "
            "Use fastcnn.ops, or do this in a Layer's call"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.array

    def numpy(self) -> Array:
        """Refused: there are no numbers."""
        return self.array

    def __bool__(self) -> bool:
        return bool(self.array)

    def __float__(self) -> float:
        return float(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __index__(self) -> int:
        return int(self.array)

    def item(self) -> Any:
        """Refused: there are no numbers."""
        return self.array.item()

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise Symbolic("the number of samples of a symbolic tensor is not known")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        name = "" if self.name is None else f", name={self.name}"
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}{name}>"


_TENSORS = (Tensor, Variable, SymbolicTensor)


def is_tensor(value: Any) -> bool:
    """Whether it is a Tensor, a Variable or a SymbolicTensor."""
    return isinstance(value, _TENSORS)


def convert_to_tensor(x: Any, dtype: str | None = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """A tensor of any array-like. Numbers with a fraction become ``floatx()``, whatever width they had.

    Memory is shared where the array has the right type already: do not change it while a tape may need it.

    Args:
        x: array-like, tensor or variable (of which it takes a copy).
        dtype: ``"float32"``, ``"int32"``, ``"bool"``...; found from the value unless given.
        sparse, ragged: must not be True: tensors are dense.

    Example:
        >>> import numpy as np
        >>> convert_to_tensor(np.arange(3.0)).dtype
        'float32'
    """
    if sparse or ragged:
        raise NotImplementedError(
            f"{'sparse' if sparse else 'ragged'}=True is not supported by fastcnn: tensors are dense"
        )
    if isinstance(x, SymbolicTensor):
        return x if dtype is None or x.dtype == dtype else _ops.cast(x, dtype)
    if isinstance(x, Tensor):
        return x if dtype is None or x.array.dtype == dtype else _ops.cast(x, dtype)
    if isinstance(x, Variable):
        return _ops.cast(x, dtype or x.dtype)
    if isinstance(x, (list, tuple)) and any(isinstance(v, Operators) for v in x):
        return _ops.stack([convert_to_tensor(v, dtype) for v in x])
    if not isinstance(x, np.ndarray) and hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
        x = np.from_dlpack(x)
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a tensor must hold numbers, got dtype {array.dtype}: {_describe(x)}")
    if dtype is not None and dtype != "float":
        if array.dtype != dtype:
            array = array.astype(dtype)
    elif array.dtype.kind == "f" or dtype == "float":
        if array.dtype != float_dtype():
            array = array.astype(float_dtype())
    elif array.dtype.kind == "i" and not isinstance(x, np.ndarray) and not isinstance(x, np.generic):
        array = array.astype(np.int32) if abs(array).max(initial=0) < 2**31 else array
    return Tensor(array)


def _describe(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."


from fastcnn import ops as _ops  # noqa: E402 (operations need Tensor first)
