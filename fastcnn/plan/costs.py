"""What a step cannot do without: FLOPs, and bytes read once and written once.

A multiplication, an addition, a comparison and a function such as exp count one each. ``flops`` are those of the
formula; ``work`` is what the algorithm chosen really does, which differs for Winograd's F(4x4, 3x3): a tile of 4x4
outputs takes 36 products a channel instead of 144, a quarter, and transforms besides; tiles over the edge count whole.
Packing, margins and the tensors that Winograd transforms are the algorithm's own business: no bytes are counted for
them, nor for what stays a view.
"""

from collections.abc import Container
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from fastcnn import _core
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["Cost", "Limits", "cost", "geometry", "workspace"]

Shape = tuple[int, ...]

# FLOPs of Winograd's transforms in two dimensions, a tile or a filter and a channel (csrc/kernels/winograd.h).
TO_POINTS, FROM_POINTS, FILTER_TO_POINTS = 288, 160, 117
GRADIENT_TO_POINTS, FILTER_FROM_POINTS = 140, 144

# FLOPs for each element of the largest tensor. Statistics take a sum and a sum of squared differences.
PER_ELEMENT = {
    "activate": 1, "activate_dx": 1, "add": 1, "add_scaled": 2, "batch_norm": 6, "batch_norm_apply": 3,
    "batch_norm_backward": 8, "batch_norm_backward_pair": 16, "batch_norm_statistics": 4, "batch_norm_sum": 6,
    "batch_norm_backward_fused": 9, "batch_norm_fused": 7, "batch_norm_inference": 2, "batch_norm_inference_fused": 3,
    "clip": 2, "conv2d_db": 1, "divide": 1, "dropout": 1, "dropout_dx": 1, "exp": 1, "global_average_pool": 1,
    "global_max_pool": 1, "log": 1, "log_softmax": 4, "max": 1, "maximum": 1, "mean": 1, "min": 1, "minimum": 1,
    "multiply": 1, "negative": 1, "rsqrt": 2, "softmax": 5, "softmax_dx": 4, "sqrt": 1, "square": 1,
    "squared_difference": 2, "subtract": 1, "sum": 1, "sum_squares": 2,
}  # fmt: skip
# Convolutions in two dimensions, and which pass they are.
PASSES = {
    **dict.fromkeys(("conv2d", "conv2d_fused", "conv2d_prepared", "conv2d_through", "conv2d_max_pool"), "forward"),
    **dict.fromkeys(("conv2d_dx", "conv2d_dx_fused", "conv2d_max_pool_dx"), "dx"),
    **dict.fromkeys(("conv2d_dw", "conv2d_dw_db", "conv2d_dw_through", "conv2d_max_pool_dw"), "dw"),
}
# Inputs of which only the shape is looked at; and the filter's other form, of a size the algorithm chose.
SHAPES_ONLY: dict[str, Container[int]] = {
    "broadcast_like": (1,), "conv2d_max_pool": (4,), "conv2d_prepared": (4,), "getitem_dx": (1,), "repeat_dx": (1,),
    "split_like": range(1, 1 << 20), "spread_mean": (1,), "spread_sum": (1,), "take_along_axis_dx": (1,),
    "take_dx": (1,), "tile_dx": (1,), "unbroadcast": (1,),
}  # fmt: skip
PARTLY_READ = frozenset({"getitem", "take", "take_along_axis"})
# Inputs that are written, too.
STATISTICS = dict.fromkeys(("batch_norm", "batch_norm_fused", "batch_norm_statistics"), (3, 5))


@dataclass(frozen=True)
class Cost:
    """What one step needs.

    Args:
        flops: of the formula, a convolution being a direct one.
        work: FLOPs of the algorithm chosen.
        bytes: everything read once and written once.
        algorithm: "winograd", "direct", "gemm", "depthwise", or "pass" for all that only passes over memory.
    """

    flops: float
    work: float
    bytes: float
    algorithm: str


@dataclass(frozen=True)
class Limits:
    """What the machine can do.

    Args:
        gflops: multiplications and additions, 10^9 a second.
        gbytes: read and written, 10^9 bytes a second.

    Example:
        >>> Limits(100.0, 20.0).floor_ms(3e8, 4e7)
        3.0
    """

    gflops: float
    gbytes: float

    def floor_ms(self, work: float, moved: float) -> float:
        """Milliseconds below which nothing can do this work and move these bytes."""
        return max(work / self.gflops, moved / self.gbytes) * 1e-6


def _tiles(shape: Shape) -> int:
    """Winograd's tiles of 4x4 pixels on images of such a shape."""
    n, h, w = shape[:3]
    return int(n * -(-h // 4) * -(-w // 4))


@dataclass(frozen=True)
class Geometry:
    """A convolution in two dimensions, whichever of its passes a step is."""

    x: Shape
    w: Shape
    y: Shape
    attrs: dict[str, Any]
    of: str

    def workspace(self, samples: int | None = None) -> int:
        """Bytes of scratch memory that the pass takes while it runs, on so many images where not on all of them."""
        strides, padding, dilation, groups = self._options()
        through = "read_activation" in self.attrs
        x = self.x if samples is None else (samples, *self.x[1:])
        return _core.conv2d_workspace(x, self.w, strides, padding, dilation, groups, self.of, through)

    def algorithm(self) -> str:
        """The kernels' choice; a filter of size 1 is a matrix product."""
        strides, padding, dilation, groups = self._options()
        name = _core.conv2d_algorithm(self.x, self.w, strides, padding, dilation, groups, "high", self.of)
        return "gemm" if name == "direct" and self.w[:2] == (1, 1) else name

    def _options(self) -> tuple[Any, Any, Any, int]:
        attrs = self.attrs
        return attrs["strides"], attrs["padding"], attrs["dilation"], attrs.get("groups", 1)

    def flops(self) -> float:
        return 2.0 * prod(self.y[:-1]) * prod(self.w)

    def work(self) -> float:
        """After Winograd, where that was chosen."""
        if self.algorithm() != "winograd":
            return self.flops()
        c, k = self.w[2:]
        tiles = _tiles(self.y)
        if self.of == "dx":  # the adjoint of the forward transform, where that takes no more
            tiles = min(tiles, _tiles(self.x))
        products = 2.0 * 36 * tiles * c * k
        if self.of == "dw":
            return products + tiles * (TO_POINTS * c + GRADIENT_TO_POINTS * k) + FILTER_FROM_POINTS * c * k
        read, made = (c, k) if self.of == "forward" else (k, c)
        return products + tiles * (TO_POINTS * read + FROM_POINTS * made) + FILTER_TO_POINTS * c * k

    def read_part(self) -> float:
        """Which part of x the pass looks at: strides may step over pixels."""
        part = 1.0
        sides = _core.padding(self.attrs["padding"])
        steps, spread = _core.pair(self.attrs["strides"], "strides"), _core.pair(self.attrs["dilation"], "dilation")
        for a in range(2):
            size, taps, out = self.x[1 + a], self.w[a], self.y[1 + a]
            reach = (out - 1) * steps[a] + (taps - 1) * spread[a] + 1
            before = max(reach - size, 0) // 2 if sides is None else sides[a][0]
            at = np.add.outer(np.arange(out) * steps[a], np.arange(taps) * spread[a]) - before
            seen = np.unique(at)
            part *= np.count_nonzero((seen >= 0) & (seen < size)) / max(size, 1)
        return part


def geometry(step: Node) -> Geometry | None:
    """The convolution that a step is a pass of, depthwise ones and transposed ones excepted; None for other steps.

    Args:
        step: of a program: its shapes are known.
    """
    name = step.operation.name
    of = PASSES.get(name)
    if of is None:
        return None
    a, b, out = (_lifted(t.shape) for t in (step.inputs[0], step.inputs[1], step.outputs[0]))
    w = tuple((step.outputs[0] if of == "dw" else step.inputs[1]).shape)
    w = w if len(w) == 4 else (1, *w)
    x, y = {"forward": (a, out), "dx": (out, a), "dw": (a, b)}[of]
    if "max_pool" in name:  # y is what was pooled of the convolution's
        options = (step.attrs[key] for key in ("strides", "padding", "dilation", "groups"))
        y = tuple(_core.conv2d_output_shape(x, w, *options))
    return Geometry(x, w, y, step.attrs, of)


def workspace(step: Node, samples: int | None = None) -> int:
    """Bytes of scratch memory that a convolution takes while it runs; 0 for other steps, which need little or none.

    Args:
        step: of a program: its shapes are known.
        samples: so many images at a time, where not all of them.
    """
    conv = geometry(step)
    return 0 if conv is None else conv.workspace(samples)


def _lifted(shape: Any) -> Shape:
    """A batch of signals as images of height 1."""
    return tuple(shape) if len(shape) == 4 else (shape[0], 1, *shape[1:])


def cost(step: Node) -> Cost:
    """FLOPs and bytes of a step, by its operation's name; of an operation that is not known, the bytes alone.

    Args:
        step: of a program: its shapes are known.

    Example:
        >>> from fastcnn import Input, ops
        >>> cost(ops.conv(Input((8, 8, 16), 2), ops.ones((1, 1, 16, 4))).node)
        Cost(flops=16384.0, work=16384.0, bytes=10496.0, algorithm='gemm')
    """
    conv = geometry(step)
    moved = _bytes(step)
    if conv is not None:
        if conv.of != "dx":
            moved -= round((1 - conv.read_part()) * _size(step.inputs[0]))
        return Cost(conv.flops(), conv.work(), moved, conv.algorithm())
    flops, algorithm = _others(step)
    return Cost(flops, flops, moved, algorithm)


def _others(step: Node) -> tuple[float, str]:
    name = step.operation.name
    first, out = tuple(step.inputs[0].shape), tuple(step.outputs[0].shape)
    if name.startswith("depthwise_conv2d"):
        taps = out[:-2] if name.endswith("_dw") else step.inputs[1].shape[:-2]
        pixels = first if name.endswith("_dx") else step.inputs[1].shape if name.endswith("_dw") else out
        return 2.0 * prod(pixels) * prod(taps), "depthwise"
    if name == "conv2d_transpose":
        return 2.0 * prod(first[:-1]) * prod(step.inputs[1].shape), "direct"
    if name in ("dense", "dense_fused", "dense_dx", "dense_dx_fused", "dense_dw", "dense_dw_rows", "matmul"):
        inner = first[-2] if step.attrs.get("transpose_a") or name == "dense_dw" else first[-1]
        return 2.0 * prod(out) * (prod(first[:-1]) if name == "dense_dw" else inner), "gemm"
    if "pool_size" in step.attrs:
        pooled = first if name.endswith(("_dx", "_scatter")) else out
        cells = 1 if name.endswith(("_scatter", "_gather")) else _cells(step.attrs["pool_size"], len(pooled) - 2)
        return float(prod(pooled) * cells), "pass"
    tensors = [t for t in (*step.inputs, *step.outputs) if t is not None]
    return float(PER_ELEMENT.get(name, 0) * max(prod(t.shape) for t in tensors)), "pass"


def _cells(pool_size: Any, axes: int) -> int:
    return int(pool_size**axes) if isinstance(pool_size, int) else prod(pool_size)


def _size(t: Any) -> int:
    return int(prod(t.shape)) * np.dtype(t.dtype).itemsize


def _bytes(step: Node) -> float:
    name = step.operation.name
    read = {id(t): t for i, t in enumerate(step.inputs) if t is not None and i not in SHAPES_ONLY.get(name, ())}
    written = {id(t): t for t in step.outputs}
    sizes = [_size(t) for t in read.values()]
    made = sum(_size(t) for t in written.values())
    if name in PARTLY_READ:
        sizes[0] = min(sizes[0], made)
    first, last = STATISTICS.get(name, (0, 0))
    kept = [t for t in step.inputs[first:last] if t is not None and not isinstance(t, SymbolicTensor)]
    return float(sum(sizes) + made + sum(_size(t) for t in kept))
