"""Sums over products of chosen axes: einsum and tensordot as matrix products; running sums; sine and cosine."""

from typing import Any

import numpy as np

from fastcnn.seam import Primitive, apply, gradient_of

from . import arithmetic, elementary, linear, reductions, shaping
from .operands import as_tensor, normalized_axes, same_shape

__all__ = ["cos", "cumsum", "dot", "einsum", "sin", "tensordot", "vdot"]


def einsum(subscripts: str, *operands: Any) -> Any:
    """Products of tensors, summed over the axes whose letters the result has not.

    Args:
        subscripts: a letter for each axis, such as "nhwc,nhwd->ncd"; no letter twice in one operand. "..." stands for
            all other axes, of the same sizes in all operands that have it.
        operands: the tensors.

    Example:
        >>> einsum("ij,jk->ik", [[1.0, 2.0]], [[3.0], [4.0]]).numpy()
        array([[11.]], dtype=float32)
        >>> einsum("ij->j", [[1.0, 2.0], [3.0, 4.0]]).numpy()
        array([4., 6.], dtype=float32)
    """
    text = subscripts.replace(" ", "")
    tensors = [as_tensor(x) for x in operands]
    terms, wanted = _terms(text, [len(x.shape) for x in tensors])
    if any(len(set(t)) < len(t) for t in (*terms, wanted)) or not {*wanted} <= {*"".join(terms)}:
        raise NotImplementedError(f"einsum: a letter for each axis, none twice in one tensor; got {text!r}")
    if [len(t) for t in terms] != [len(x.shape) for x in tensors]:
        raise ValueError(f"einsum: {text!r} does not fit shapes {', '.join(str(x.shape) for x in tensors)}")
    term, x = terms[0], tensors[0]
    for i, (other, y) in enumerate(zip(terms[1:], tensors[1:], strict=True)):
        later = {*wanted, *"".join(terms[i + 2 :])}
        term, x = _product(term, x, other, y, later)
    x, term = _summed(x, term, {*wanted})
    return shaping.transpose(x, [term.index(a) for a in wanted]) if term != wanted else x


def _terms(text: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with letters of our own in the place of '...'."""
    left, arrow, wanted = text.partition("->")
    terms = left.split(",")
    letters = left.replace(",", "").replace(".", "")
    if not arrow:
        wanted = "..." * ("." in left) + "".join(sorted(a for a in set(letters) if letters.count(a) == 1))
    counts = [rank - len(t) + 3 if "..." in t else 0 for t, rank in zip(terms, ranks, strict=False)]
    rest = "".join(chr(ord("\u03b1") + i) for i in range(max(counts, default=0)))
    if rest and "..." not in wanted:
        raise ValueError(f"einsum: the result of {text!r} needs '...', too")
    for i, n in enumerate(counts):
        terms[i] = terms[i].replace("...", rest[len(rest) - n :], 1)
    return terms, wanted.replace("...", rest, 1)


def _summed(x: Any, term: str, kept: set[str]) -> tuple[Any, str]:
    gone = tuple(i for i, a in enumerate(term) if a not in kept)
    return (reductions.sum(x, gone) if gone else x), "".join(a for a in term if a in kept)


def _product(one: str, x: Any, two: str, y: Any, later: set[str]) -> tuple[str, Any]:
    """Both as stacks of matrices: what they share and keep is the stack, what they share and sum is inside."""
    x, one = _summed(x, one, {*two, *later})
    y, two = _summed(y, two, {*one, *later})
    sizes = dict(zip(one + two, (*x.shape, *y.shape), strict=True))
    for a, n in zip(one, x.shape, strict=True):
        if None not in (n, sizes[a]) and n != sizes[a]:
            raise ValueError(f"einsum: axis {a!r} has size {n} in one tensor and {sizes[a]} in another")
        sizes[a] = n if sizes[a] is None else sizes[a]
    stack = [a for a in one if a in two and a in later]
    inner = [a for a in one if a in two and a not in later]
    rows, columns = [a for a in one if a not in two], [a for a in two if a not in one]

    def matrices(tensor: Any, term: str, *groups: list[str]) -> Any:
        order = [a for group in (stack, *groups) for a in group]
        turned = tensor if order == [*term] else shaping.transpose(tensor, [term.index(a) for a in order])
        return shaping.reshape(turned, [_size(sizes, stack)] + [_size(sizes, group) for group in groups])

    z = linear.matmul(matrices(x, one, rows, inner), matrices(y, two, inner, columns))
    letters = [*stack, *rows, *columns]
    return "".join(letters), shaping.reshape(z, [-1 if sizes[a] is None else sizes[a] for a in letters])


def _size(sizes: dict[str, Any], group: list[str]) -> int:
    """How many elements; -1 where that is not known."""
    known = [sizes[a] for a in group]
    return -1 if None in known else int(np.prod(known, dtype=np.int64))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Products summed over pairs of axes.

    Args:
        x1, x2: any tensors.
        axes: how many: the last of x1 with the first of x2; or two lists, of axes of x1 and of x2.

    Example:
        >>> tensordot([[1.0, 2.0]], [[3.0], [4.0]], 1).numpy()
        array([[11.]], dtype=float32)
    """
    x1, x2 = as_tensor(x1), as_tensor(x2)
    n, m = len(x1.shape), len(x2.shape)
    if isinstance(axes, int):
        axes = (list(range(n - axes, n)), list(range(axes)))
    pairs = [[a] if isinstance(a, int) else list(a) for a in axes]
    if len(pairs) != 2 or len(pairs[0]) != len(pairs[1]):
        raise ValueError(f"tensordot: axes must be a number or two lists of the same length, got {axes!r}")
    one = [chr(97 + i) for i in range(n)]
    two = [chr(97 + n + i) for i in range(m)]
    for a, b in zip(*pairs, strict=True):
        two[normalized_axes(b, m)[0]] = one[normalized_axes(a, n)[0]]
    result = [a for a in one if a not in two] + [b for b in two if b not in one]
    return einsum(f"{''.join(one)},{''.join(two)}->{''.join(result)}", x1, x2)


def dot(x1: Any, x2: Any) -> Any:
    """Products summed over the last axis of x1 and the last but one of x2; a number times a tensor.

    Example:
        >>> float(dot([1.0, 2.0], [3.0, 4.0]))
        11.0
    """
    x1, x2 = as_tensor(x1), as_tensor(x2)
    n, m = len(x1.shape), len(x2.shape)
    return arithmetic.multiply(x1, x2) if 0 in (n, m) else tensordot(x1, x2, [[n - 1], [max(0, m - 2)]])


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all elements of ``x1`` and ``x2``.

    Example:
        >>> float(vdot([[1.0, 2.0]], [[3.0, 4.0]]))
        11.0
    """
    return dot(shaping.ravel(x1), shaping.ravel(x2))


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Sums of an element and all before it along an axis.

    Args:
        x: any tensor.
        axis: along which; None: along all elements in order.
        dtype: of the result.

    Example:
        >>> cumsum([1.0, 2.0, 3.0]).numpy()
        array([1., 3., 6.], dtype=float32)
    """
    from .conversion import cast

    x = as_tensor(x) if dtype is None else cast(x, dtype)
    if axis is None:
        x, axis = shaping.ravel(x), 0
    return apply(CUMSUM, (x,), {"axis": normalized_axes(axis, len(x.shape))[0]})


def _cumsum(x: Any, axis: int) -> Any:
    kind = "int32" if x.dtype == bool else x.dtype
    wide = np.float64 if x.dtype.kind == "f" else kind
    return np.cumsum(x, axis, dtype=wide).astype(kind)


CUMSUM = Primitive("cumsum", _cumsum, _cumsum, same_shape, lambda x: "int32" if x == "bool" else x)


@gradient_of(CUMSUM)
def _cumsum_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    axis = attrs["axis"]
    return (shaping.flip(cumsum(shaping.flip(dy, axis), axis), axis),)


def _wave(name: str) -> Primitive:
    function = getattr(np, name)

    def run(x: Any) -> Any:
        from fastcnn.seam import float_dtype

        return function(np.asarray(x, np.float64)).astype(float_dtype())

    return Primitive(name, run, run, same_shape)


SIN, COS = _wave("sin"), _wave("cos")


def sin(x: Any) -> Any:
    """The sine of ``x``.

    Example:
        >>> sin([0.0]).numpy()
        array([0.], dtype=float32)
    """
    return apply(SIN, (as_tensor(x),), {})


def cos(x: Any) -> Any:
    """The cosine of ``x``.

    Example:
        >>> cos([0.0]).numpy()
        array([1.], dtype=float32)
    """
    return apply(COS, (as_tensor(x),), {})


@gradient_of(SIN)
def _sin_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.multiply(dy, cos(inputs[0])),)


@gradient_of(COS)
def _cos_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (elementary.negative(arithmetic.multiply(dy, sin(inputs[0]))),)
