"""The C API with workspaces of exactly the bytes it asks for, right before a page that may not be touched.

As a program: `cases` random calls of every function that takes a workspace, on one instruction set. Results equal
those that the library computes in its own workspace. "short" gives less memory than it says: that call must die.
"""

import ctypes
import sys
from collections.abc import Callable
from ctypes import Structure, addressof, byref, c_double, c_float, c_int, c_int32, c_int64, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import Any

import calls
import numpy as np
from guard import Guard, Pages

from fastcnn import _core


def library() -> ctypes.CDLL:
    """The library that the extension module has loaded."""
    with Path("/proc/self/maps").open() as maps:
        paths = {line.split(maxsplit=5)[5].strip() for line in maps if "libfastcnn" in line}
    assert len(paths) == 1, paths
    return ctypes.CDLL(paths.pop())


def struct(longs: str, *others: tuple[str, Any]) -> type[Structure]:
    return type("Params", (Structure,), {"_fields_": [(name, c_int64) for name in longs.split()] + list(others)})


Conv = struct(
    "n h w c k kh kw stride_h stride_w dilation_h dilation_w top bottom left right groups",
    ("pad_mode", c_int),
    ("pad_value", c_float),
    ("algorithm", c_int),
    ("precision", c_int),
    ("prologue", c_void_p),
    ("y_pixel", c_int64),
    ("prepared", c_void_p),
)
Prologue = type("Prologue", (Structure,), {"_fields_": [*((n, c_void_p) for n in "abc"), ("activation", c_int)]})
Depthwise = struct("n h w c multiplier kh kw stride_h stride_w dilation_h dilation_w top bottom left right")
Pool = struct(
    "n h w c kh kw stride_h stride_w dilation_h dilation_w top bottom left right",
    ("ceil_mode", c_int32),
    ("count_include_pad", c_int32),
    ("y_pixel", c_int64),
)
Matmul = struct(
    "batch m n k", *((name, c_int) for name in ("transpose_a", "transpose_b", "batch_a", "batch_b", "finite_b"))
)
BatchNorm = struct(
    "rows c",
    ("epsilon", c_double),
    ("momentum", c_double),
    ("unbiased", c_int),
    ("activation", c_int),
    ("x_row", c_int64),
)
GroupNorm = struct("n rows c groups", ("epsilon", c_double), ("activation", c_int))
LayerNorm = struct("rows size", ("epsilon", c_double))
# Addresses, or 0.
Epilogue = struct("bias residual", ("activation", c_int), ("alpha", c_float), ("gate", c_int64))
Dims = type("Dims", (Structure,), {"_fields_": [("rank", c_int), ("dim", c_int64 * 8)]})

# A case: (name of the query, its arguments, name of the function, its arguments before the workspace). Outputs are the
# arrays that `out` made.
Case = tuple[str, tuple[Any, ...], str, tuple[Any, ...]]
Rng = np.random.Generator


class Result(np.ndarray):  # type: ignore[type-arg]
    """An array that the call writes."""


def out(*shape: int) -> Any:
    return np.full(shape, -77, np.float32).view(Result)


def conv_params(rng: Rng) -> Any:
    groups, winograd = calls.pick(rng, 1, 1, 2), bool(rng.integers(2))
    up_to = calls.up_to
    kh, kw, stride, dilation = up_to(rng, 3), up_to(rng, 3), up_to(rng, 2), up_to(rng, 2)
    algorithm, pad_mode = 1, 0
    if winograd:
        kh, kw, stride, dilation, groups, algorithm = 3, 3, 1, 1, 1, 2
    h, w = (up_to(rng, 16, 5) for _ in range(2))
    if (pads := [up_to(rng, 2, 0) for _ in range(4)]) and rng.integers(2):
        pad_mode = up_to(rng, 3)
    c, k = up_to(rng, 40) * groups, up_to(rng, 70) * groups
    sizes = (up_to(rng, 3), h, w, c, k, kh, kw, stride, stride, dilation, dilation, *pads, groups)
    p = Conv(*sizes, pad_mode, 0.0, algorithm, 0, None)
    if pad_mode == 0 and rng.integers(2):
        p.numbers = [calls.floats(rng, c) for _ in range(3)]  # which must outlive the call
        p.through = Prologue(*(a.ctypes.data for a in p.numbers), calls.pick(rng, 0, 2))
        p.prologue = addressof(p.through)
    return p


def outputs(p: Any) -> tuple[int, int]:
    oh = (p.h + p.top + p.bottom - (p.kh - 1) * p.dilation_h - 1) // p.stride_h + 1
    ow = (p.w + p.left + p.right - (p.kw - 1) * p.dilation_w - 1) // p.stride_w + 1
    return oh, ow


def conv(rng: Rng, which: int) -> Case:
    p = conv_params(rng)
    x, y, w = (p.n, p.h, p.w, p.c), (p.n, *outputs(p), p.k), (p.kh, p.kw, p.c // p.groups, p.k)
    query = ("conv2d_workspace", (byref(p), c_int(which)))
    f = calls.floats
    if which == 0:
        return *query, "conv2d", (byref(p), f(rng, *x), f(rng, *w), None, out(*y))
    if which == 1:
        return *query, "conv2d_dx", (byref(p), f(rng, *y), f(rng, *w), None, out(*x))
    return *query, "conv2d_dw", (byref(p), f(rng, *x), f(rng, *y), out(*w), calls.pick(rng, None, out(p.k)))


def window(rng: Rng) -> tuple[int, ...]:
    return calls.up_to(rng, 3), calls.up_to(rng, 3), *(calls.up_to(rng, 2) for _ in range(4))


def depthwise(rng: Rng, bias: bool) -> Case:
    c, m = calls.channels(rng), calls.up_to(rng, 2)
    p = Depthwise(2, calls.up_to(rng, 40, 5), calls.up_to(rng, 40, 5), c, m, *window(rng), 0, 0, 0, 0)
    dy = calls.floats(rng, p.n, *outputs(p), c * m)
    if bias:
        return "depthwise_conv2d_db_workspace", (byref(p),), "depthwise_conv2d_db", (byref(p), dy, out(c * m))
    x, dw = calls.floats(rng, p.n, p.h, p.w, c), out(p.kh, p.kw, c, m)
    return "depthwise_conv2d_dw_workspace", (byref(p),), "depthwise_conv2d_dw", (byref(p), x, dy, dw)


def max_pool_dx(rng: Rng) -> Case:
    p = Pool(2, calls.up_to(rng, 20, 5), calls.up_to(rng, 20, 5), calls.channels(rng), *window(rng), 0, 0, 0, 0, 0, 0)
    dy, x = calls.floats(rng, p.n, *outputs(p), p.c), calls.floats(rng, p.n, p.h, p.w, p.c)
    return "max_pool2d_dx_workspace", (byref(p),), "max_pool2d_dx", (byref(p), dy, None, x, out(*x.shape))


def global_pool(rng: Rng, name: str) -> Case:
    x = calls.floats(rng, 2, calls.up_to(rng, 5000), calls.channels(rng))
    sizes = tuple(c_int64(d) for d in x.shape)
    return "global_pool_workspace", sizes, name, (*sizes, x, out(x.shape[0], x.shape[2]))


def matmul(rng: Rng) -> Case:
    m, n, k = calls.up_to(rng, 40), calls.up_to(rng, 90), calls.up_to(rng, 90)
    p = Matmul(calls.up_to(rng, 2), m, n, k, calls.up_to(rng, 1, 0), calls.up_to(rng, 1, 0), 1, calls.up_to(rng, 1, 0))
    p.finite_b = calls.up_to(rng, 1, 0)
    a, b = calls.floats(rng, p.batch, m, k), calls.floats(rng, p.batch, k, n)
    return "matmul_workspace", (byref(p),), "matmul", (byref(p), a, b, None, out(p.batch, m, n))


def batch_norm(rng: Rng, what: str) -> Case:
    x = calls.floats(rng, calls.up_to(rng, 3000), calls.channels(rng))
    rows, c = x.shape
    p, v, some = BatchNorm(rows, c, 1e-3, 0.99, 0, 2), calls.floats(rng, c), calls.floats(rng, rows, c)
    query = ("batch_norm_workspace", (byref(p),))
    if what == "apply":
        return *query, "batch_norm_apply", (byref(p), x, calls.floats(rng, 3, c), some, None, out(rows, c))
    if what == "backward":
        given = (byref(p), c_int(1), some, x, some, None, v, v, v, out(rows, c), out(c), out(c), out(rows, c))
        return *query, "batch_norm_backward", given
    return *query, "batch_norm_train", (byref(p), x, v, v, some, out(rows, c), out(c), out(c), out(3, c), None, None)


def group_norm(rng: Rng, backward: bool) -> Case:
    groups = calls.up_to(rng, 5)
    n, rows, c = calls.up_to(rng, 3), calls.up_to(rng, 900), groups * calls.up_to(rng, 20)
    x, v, p = calls.floats(rng, n, rows, c), calls.floats(rng, c), GroupNorm(n, rows, c, groups, 1e-3, 2)
    stat, query = calls.floats(rng, n, groups), ("group_norm_workspace", (byref(p),))
    if backward:
        results = out(n, rows, c), out(c), out(c), out(n, rows, c)
        return *query, "group_norm_backward", (byref(p), x, x, x, stat, stat, v, *results)
    return *query, "group_norm_forward", (byref(p), x, v, v, x, out(n, rows, c), out(n, groups), out(n, groups))


def layer_norm(rng: Rng, backward: bool) -> Case:
    x = calls.floats(rng, calls.up_to(rng, 3000), calls.channels(rng))
    rows, size = x.shape
    p, v, stat = LayerNorm(rows, size, 1e-3), calls.floats(rng, size), calls.floats(rng, rows)
    query = ("layer_norm_workspace", (byref(p),))
    if backward:
        return *query, "layer_norm_backward", (byref(p), x, x, stat, stat, v, out(rows, size), out(size), out(size))
    return *query, "layer_norm_forward", (byref(p), x, v, v, out(rows, size), out(rows), out(rows))


def prelu(rng: Rng) -> Case:
    x = calls.floats(rng, calls.up_to(rng, 3000), calls.channels(rng))
    sizes = tuple(c_int64(d) for d in x.shape)
    given = (*sizes, x, x, calls.floats(rng, x.shape[1]), out(*x.shape), out(x.shape[1]))
    return "prelu_backward_workspace", sizes, "prelu_backward", given


def dims(shape: tuple[int, ...]) -> Any:
    return Dims(len(shape), (c_int64 * 8)(*shape))


def reduce(rng: Rng) -> Case:
    x = calls.floats(rng, calls.up_to(rng, 30), calls.up_to(rng, 200), calls.channels(rng))
    axes, op = calls.up_to(rng, 7), c_int(calls.up_to(rng, 4, 0))
    kept = [d for i, d in enumerate(x.shape) if not axes >> i & 1]
    given = (op, byref(dims(x.shape)), c_uint32(axes))
    return "reduce_workspace", given, "reduce", (*given, x, out(*kept))


def unbroadcast(rng: Rng) -> Case:
    dy = calls.floats(rng, calls.up_to(rng, 30), calls.up_to(rng, 200), calls.channels(rng))
    shape = tuple(calls.pick(rng, 1, d) for d in dy.shape)
    full, part = byref(dims(dy.shape)), byref(dims(shape))
    return "unbroadcast_workspace", (full, part), "unbroadcast", (full, dy, part, out(*shape))


CASES: dict[str, Callable[[Rng], Case]] = {
    "conv2d": lambda rng: conv(rng, 0),
    "conv2d_dx": lambda rng: conv(rng, 1),
    "conv2d_dw": lambda rng: conv(rng, 2),
    "depthwise_dw": lambda rng: depthwise(rng, False),
    "depthwise_db": lambda rng: depthwise(rng, True),
    "max_pool2d_dx": max_pool_dx,
    "global_avg_pool": lambda rng: global_pool(rng, "global_avg_pool"),
    "global_max_pool": lambda rng: global_pool(rng, "global_max_pool"),
    "matmul": matmul,
    "batch_norm_train": lambda rng: batch_norm(rng, "train"),
    "batch_norm_apply": lambda rng: batch_norm(rng, "apply"),
    "batch_norm_backward": lambda rng: batch_norm(rng, "backward"),
    "group_norm": lambda rng: group_norm(rng, False),
    "group_norm_backward": lambda rng: group_norm(rng, True),
    "layer_norm": lambda rng: layer_norm(rng, False),
    "layer_norm_backward": lambda rng: layer_norm(rng, True),
    "prelu_backward": prelu,
    "reduce": reduce,
    "unbroadcast": unbroadcast,
}


def run(lib: ctypes.CDLL, case: Case, extra: int | None, short: bool = False) -> list[bytes]:
    """The bytes of the results; extra: how many bytes more than asked for, None for the library's own workspace."""
    query, query_arguments, name, given = case
    size = c_size_t()
    assert getattr(lib, "fastcnn_" + query)(*query_arguments, byref(size)) == 0, message(lib)
    results = [a for a in given if isinstance(a, Result)]
    for a in results:
        a[...] = -77
    raw = [c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else a for a in given]
    pages, place, room = None, None, 0
    if extra is not None:
        room = size.value + extra
        pages = Pages(room)
        place = c_void_p(pages.place(room // 2 if short else room, at_end=True))
    assert getattr(lib, "fastcnn_" + name)(*raw, place, c_size_t(room)) == 0, message(lib)
    if pages:
        pages.close()
    return [a.tobytes() for a in results]


def message(lib: ctypes.CDLL) -> str:
    lib.fastcnn_last_error.restype = ctypes.c_char_p
    return str(lib.fastcnn_last_error())


def check_prepared_filter(lib: ctypes.CDLL, rng: Rng) -> None:
    """A prepared filter fills just the bytes it asks for, nothing past them is read, and results stay the same."""
    p = conv_params(rng)
    x, w = calls.floats(rng, p.n, p.h, p.w, p.c), calls.floats(rng, p.kh, p.kw, p.c // p.groups, p.k)
    y = [out(p.n, *outputs(p), p.k) for _ in range(2)]
    raw = [c_void_p(a.ctypes.data) for a in (x, w, *y)]
    assert lib.fastcnn_conv2d(byref(p), *raw[:2], None, raw[2], None, c_size_t()) == 0, message(lib)
    size = c_size_t()
    assert lib.fastcnn_conv2d_prepared_bytes(byref(p), byref(size)) == 0, message(lib)
    pages = Pages(size.value)
    place = c_void_p(pages.place(size.value, at_end=True))
    assert lib.fastcnn_conv2d_prepare(byref(p), raw[1], place) == 0, message(lib)
    p.prepared = place
    assert lib.fastcnn_conv2d(byref(p), raw[0], raw[1], None, raw[3], None, c_size_t()) == 0, message(lib)
    assert np.array_equal(*y), "the prepared filter changes the result"
    w[...] = 0  # it was the prepared one that was used
    assert lib.fastcnn_conv2d(byref(p), raw[0], raw[1], None, raw[3], None, c_size_t()) == 0, message(lib)
    assert np.array_equal(*y), "the prepared filter was not used"
    pages.close()


def check_max_pool(lib: ctypes.CDLL, rng: Rng, at_end: bool) -> None:
    """A convolution that pools, and its gradients, between forbidden pages: what the two by themselves make."""
    p = conv_params(rng)
    p.kh, p.kw, p.groups, p.algorithm, p.h, p.w = 3, 3, 1, 2, p.h + 3, p.w + 3
    p.stride_h, p.stride_w, p.dilation_h, p.dilation_w, p.left = 1, 1, 1, 1, p.top
    p.k = calls.pick(rng, 16, 32, 48, 80)
    (oh, ow), w = outputs(p), calls.floats(rng, 3, 3, p.c, p.k)
    x, pooled = calls.floats(rng, p.n, p.h, p.w, p.c), (p.n, oh // 2, ow // 2, p.k)
    window, dy = Pool(p.n, oh, ow, p.k, *[2] * 4, 1, 1, *[0] * 4, 0, 0, 0), calls.floats(rng, *pooled)
    y, spread, best, at = out(p.n, oh, ow, p.k), out(p.n, oh, ow, p.k), out(*pooled), np.zeros(pooled, np.uint8)
    dx, dw, db = out(*x.shape), out(*w.shape), out(p.k)
    guard = Guard(at_end)

    def call(name: str, *given: Any) -> None:
        raw = [c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else a for a in given]
        assert getattr(lib, "fastcnn_" + name)(*raw) == 0, message(lib)

    own = (None, c_size_t())
    call("conv2d", byref(p), x, w, None, y, *own)
    call("max_pool2d", byref(window), y, best, at)
    call("max_pool2d_dx", byref(window), dy, at, None, spread, *own)
    call("conv2d_dx", byref(p), spread, w, None, dx, *own)
    call("conv2d_dw", byref(p), x, spread, dw, db, *own)
    expected = [best, at, dx, dw, db]
    found = [guard.array(np.zeros_like(a)) for a in expected]
    x, w, dy = (guard.array(a) for a in (x, w, dy))
    call("conv2d_max_pool", byref(p), x, w, None, found[0], found[1], *own)
    call("conv2d_max_pool_dx", byref(p), dy, found[1], w, None, found[2], *own)
    call("conv2d_max_pool_dw", byref(p), x, dy, found[1], found[3], found[4], *own)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True)), "pooling changes the result"
    del found, x, w, dy
    guard.close()


class NormSide(ctypes.Structure):
    _fields_ = [(name, c_void_p) for name in ("x", "mean", "inv_std", "gamma", "dx", "dgamma", "dbeta")]


def check_norm_pair(lib: ctypes.CDLL, rng: Rng, at_end: bool) -> None:
    """The gradients of two normalisations between forbidden pages: what those of each by itself are."""
    rows, c = calls.up_to(rng, 3000), calls.channels(rng)
    p, size, guard = BatchNorm(rows, c, 1e-3, 0.99, 0, 0), c_size_t(), Guard(at_end)
    dy, expected, found, sides = guard.array(calls.floats(rng, rows, c)), [], [], []
    for _ in range(2):
        given = [guard.array(calls.floats(rng, *shape)) for shape in ((rows, c), (c,), (c,), (c,))]
        plain = [out(rows, c), out(c), out(c)]
        x, mean, inv_std, gamma, *results = (c_void_p(a.ctypes.data) for a in (*given, *plain))
        saved = (c_void_p(dy.ctypes.data), x, None, None, mean, inv_std, gamma, *results, None, None, c_size_t())
        assert lib.fastcnn_batch_norm_backward(byref(p), c_int(1), *saved) == 0, message(lib)
        expected += plain
        found += [guard.array(np.zeros_like(a)) for a in plain]
        sides.append(NormSide(*(a.ctypes.data for a in (*given, *found[-3:]))))
    assert lib.fastcnn_batch_norm_workspace(byref(p), byref(size)) == 0, message(lib)
    pages = Pages(2 * size.value)
    room = (c_void_p(pages.place(2 * size.value, at_end=True)), c_size_t(2 * size.value))
    of_both = (c_void_p(dy.ctypes.data), byref(sides[0]), byref(sides[1]))
    assert lib.fastcnn_batch_norm_backward_pair(byref(p), *of_both, *room) == 0, message(lib)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True)), "the pair changes the result"
    del found, dy, given
    pages.close()
    guard.close()


def main(isa: str, cases: int) -> None:
    lib = library()
    if isa == "short":
        case = CASES["prelu_backward"](np.random.default_rng(1))
        run(lib, case, 0)
        run(lib, case, 0, short=True)
        return
    _core.set_isa(isa)
    for name, make in CASES.items():
        for seed in range(cases):
            print(name, seed, flush=True)
            rng = np.random.default_rng([*name.encode(), seed])
            _core.set_num_threads(calls.up_to(rng, 4))
            case = make(rng)
            expected = run(lib, case, None)
            # one byte more moves the aligned part of the workspace to its end
            for extra in (0, 1):
                assert run(lib, case, extra) == expected, f"{name} {seed}: the workspace changes the result"
    for seed in range(cases):
        print("prepared filter", seed, flush=True)
        rng = np.random.default_rng([99, seed])
        _core.set_num_threads(calls.up_to(rng, 4))
        check_prepared_filter(lib, rng)
        print("pooling", seed, flush=True)
        check_max_pool(lib, rng, seed % 2 == 0)
        print("two normalisations", seed, flush=True)
        check_norm_pair(lib, rng, seed % 2 == 0)
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
