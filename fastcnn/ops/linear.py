"""Matrix products."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of
from fastcnn.tensor import Operators, convert_to_tensor

from . import reductions, repeating, shaping
from .operands import broadcast_shapes

__all__ = ["dense", "matmul"]


def matmul(x1: Any, x2: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Matrix product over the last two axes; the axes before them broadcast.

    Args:
        x1: (..., m, k), or (k,).
        x2: (..., k, n), or (k,).
        transpose_a: x1 is (..., k, m).
        transpose_b: x2 is (..., n, k).

    Returns:
        (..., m, n).

    Example:
        >>> matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
        array([[11.]], dtype=float32)
    """
    a = x1 if isinstance(x1, Operators) else convert_to_tensor(x1)
    b = x2 if isinstance(x2, Operators) else convert_to_tensor(x2)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"matmul takes vectors and matrices, got shapes {a.shape} and {b.shape}")
    if a.ndim == 1 or b.ndim == 1:
        if transpose_a or transpose_b:
            raise ValueError(f"a vector cannot be transposed, got shapes {a.shape} and {b.shape}")
        left = shaping.expand_dims(a, 0) if a.ndim == 1 else a
        right = shaping.expand_dims(b, -1) if b.ndim == 1 else b
        drop = tuple(axis for axis, vector in ((-2, a.ndim == 1), (-1, b.ndim == 1)) if vector)
        return shaping.squeeze(apply(MATMUL, (left, right), {"transpose_a": False, "transpose_b": False}), drop)
    if a.shape[:-2] != b.shape[:-2] and a.ndim > 2 and b.ndim > 2:
        a, b = _with_common_front(a, b)
    return apply(MATMUL, (a, b), {"transpose_a": transpose_a, "transpose_b": transpose_b})


def _with_common_front(a: Any, b: Any) -> tuple[Any, Any]:
    """The kernel broadcasts a matrix over many, but not many over many."""
    front = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    for t in (a, b):
        if None in front and t.shape[:-2] != front:
            raise NotImplementedError(
                f"matmul: {t.shape} cannot be broadcast to {(*front, *t.shape[-2:])} while sizes are not known; "
                "broadcast it first with fastcnn.ops.broadcast_to"
            )
    left, right = [t if t.shape[:-2] == front else repeating.broadcast_to(t, (*front, *t.shape[-2:])) for t in (a, b)]
    return left, right


def _matmul_shape(a: Shape, b: Shape, transpose_a: bool, transpose_b: bool) -> Shape:
    m, k = (a[-1], a[-2]) if transpose_a else (a[-2], a[-1])
    k2, n = (b[-1], b[-2]) if transpose_b else (b[-2], b[-1])
    if k is not None and k2 is not None and k != k2:
        raise ValueError(f"matmul: the inner sizes of {a} and {b} differ: {k} and {k2}")
    return (*broadcast_shapes(a[:-2], b[:-2]), m, n)


def _product(floats: Callable[..., Any]) -> Callable[..., Any]:
    """Integers are multiplied as integers: float32 counts only up to 2**24."""

    def run(a: Any, b: Any, transpose_a: bool, transpose_b: bool) -> Any:
        if a.dtype.kind == "f" or b.dtype.kind == "f":
            return floats(a, b, transpose_a, transpose_b)
        a, b = a.swapaxes(-2, -1) if transpose_a else a, b.swapaxes(-2, -1) if transpose_b else b
        return np.matmul(a, b, dtype=_matmul_dtype(a.dtype.name, b.dtype.name))

    return run


def _matmul_dtype(a: str, b: str) -> str:
    if a.startswith("float") or b.startswith("float"):
        return "float"
    return reductions.wide_dtype(np.result_type(a, b).name)


MATMUL = Primitive("matmul", _product(kernels.matmul), _product(reference.matmul), _matmul_shape, _matmul_dtype)


@gradient_of(MATMUL)
def _matmul_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    ta, tb = attrs["transpose_a"], attrs["transpose_b"]
    da = db = None
    if needs[0]:
        da = matmul(b, dy, tb, True) if ta else matmul(dy, b, False, not tb)
        da = da if len(a.shape) == len(dy.shape) == 2 else reductions.unbroadcast(da, a)
    if needs[1]:
        db = matmul(dy, a, True, ta) if tb else matmul(a, dy, not ta, False)
        db = db if len(b.shape) == len(dy.shape) == 2 else reductions.unbroadcast(db, b)
    return da, db


def dense(x: Any, w: Any, bias: Any = None, activation: str | None = None) -> Any:
    """``activation(x @ w + bias)`` in one pass.

    Args:
        x: (..., c).
        w: (c, k).
        bias: (k,) or None.
        activation: None, "relu" or "relu6".

    Returns:
        (..., k).

    Example:
        >>> dense([[1.0, 2.0]], [[3.0], [4.0]], [-20.0], "relu").numpy()
        array([[0.]], dtype=float32)
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x)
    w = w if isinstance(w, Operators) else convert_to_tensor(w)
    bias = bias if bias is None or isinstance(bias, Operators) else convert_to_tensor(bias)
    if activation not in (None, "relu", "relu6"):
        # The gradient is computed from the result, which tells it for these only.
        raise ValueError(f"activation must be None, 'relu' or 'relu6', got {activation!r}; apply others to the result")
    if len(x.shape) <= 2 or len(w.shape) != 2:
        return apply(DENSE, (x, w, bias), {"activation": activation})
    # The kernels of the gradients take rows.
    rows = apply(DENSE, (shaping.reshape(x, (-1, x.shape[-1])), w, bias), {"activation": activation})
    return shaping.reshape(rows, (*(-1 if n is None else n for n in x.shape[:-1]), w.shape[1]))


def _dense_shape(x: Shape, w: Shape, bias: Shape | None, activation: str | None) -> Shape:
    if len(w) != 2 or (x[-1] is not None and x[-1] != w[0]):
        raise ValueError(f"dense: x of shape {x} needs w of shape ({x[-1]}, k), got {w}")
    if bias is not None and bias != (w[1],):
        raise ValueError(f"dense: expected a bias of shape {(w[1],)}, got {bias}")
    return (*x[:-1], w[1])


def _dense_reference(x: Any, w: Any, bias: Any, activation: str | None) -> Any:
    y = reference.dense(x, w, bias)
    return y if activation is None else reference.activate(y, activation)


DENSE = Primitive("dense", kernels.dense, _dense_reference, _dense_shape)


@gradient_of(DENSE)
def _dense_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    from . import activations

    x, w, bias = inputs
    if attrs["activation"] is not None:
        dy = activations.activation_gradient(dy, outputs, attrs["activation"])
    dx = apply(DENSE_DX, (dy, w), {}) if needs[0] else None
    dw = apply(DENSE_DW, (x, dy), {}) if needs[1] else None
    db = reductions.sum(dy, axis=tuple(range(len(dy.shape) - 1))) if bias is not None and needs[2] else None
    return dx, dw, db


DENSE_DX = Primitive("dense_dx", kernels.dense_dx, reference.dense_dx, lambda dy, w: (*dy[:-1], w[0]))
DENSE_DW = Primitive("dense_dw", kernels.dense_dw, reference.dense_dw, lambda x, dy: (x[-1], dy[-1]))


@gradient_of(DENSE_DX)
def _dense_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy, w = inputs
    return dense(g, w) if needs[0] else None, apply(DENSE_DW, (g, dy), {}) if needs[1] else None


@gradient_of(DENSE_DW)
def _dense_dw_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    x, dy = inputs
    return apply(DENSE_DX, (dy, g), {}) if needs[0] else None, dense(x, g) if needs[1] else None
