"""Passes that let Winograd's convolutions and the maximum pooling behind them do without the map between them."""

from typing import Any

from fastcnn import _core
from fastcnn.plan import fused
from fastcnn.plan.costs import Geometry, geometry
from fastcnn.plan.steps import made_by, node, rebuilt, users
from fastcnn.seam import Node

__all__ = ["pool_in_convolutions", "read_pooled_gradients"]

CLAMPS = (None, "relu", "relu6")
CHANNELS = 16  # of the map, or a multiple: whole vectors on every instruction set


def pool_in_convolutions(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """A convolution that only a pooling of 2x2 reads takes the maxima of its tiles, and stores nothing else.

    A tile of 4x4 results is four windows.
    """
    read, made = users(steps, outputs), made_by(steps)
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for pool in steps:
        if pool.operation.name not in ("max_pool", "max_pool_indices"):
            continue
        conv = made.get(id(pool.inputs[0]))
        if conv is None or read[id(pool.inputs[0])] != [pool]:
            continue
        found = _forward(conv)
        if found is None or not _halves(pool, found):
            continue
        affine = conv.inputs[3] if conv.operation is fused.CONV_THROUGH else None
        inputs = (*conv.inputs[:3], affine, None)
        attrs = conv.attrs | {"noted": pool.operation.name == "max_pool_indices"}
        replaced[id(pool)] = [node(fused.CONV_MAX_POOL, inputs, attrs, pool.outputs)]
        dropped.add(id(conv))
    return rebuilt(steps, replaced, dropped)


def read_pooled_gradients(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Where only gradients of such convolutions read what a pooling's gradient spreads out, they read what it spreads.

    That is the gradient of the maxima, a quarter as large, and which pixel of its window each was.
    """
    read = users(steps, outputs)
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for spread in steps:
        if spread.operation.name != "max_pool_scatter":
            continue
        dy, indices = spread.inputs
        found = [_reading(reader, spread, dy, indices) for reader in read.get(id(spread.outputs[0]), [])]
        if found and all(new is not None for new in found):
            readers = read[id(spread.outputs[0])]
            replaced |= {id(reader): [new] for reader, new in zip(readers, found, strict=True) if new is not None}
            dropped.add(id(spread))
    return rebuilt(steps, replaced, dropped)


def _forward(conv: Node) -> Geometry | None:
    """The convolution, if it can pool what it computes."""
    operation = conv.operation
    if operation.name not in ("conv2d", "conv2d_fused", "conv2d_through") or conv.attrs.get("activation") not in CLAMPS:
        return None
    if operation is fused.CONV and conv.inputs[3] is not None:
        return None
    return _winograd(conv)


def _winograd(step: Node) -> Geometry | None:
    """The convolution in two dimensions that a step is a pass of, where the kernels can pool its map.

    Those by Winograd can, with zeros around.
    """
    if len(step.inputs[0].shape) != 4 or "padding_mode" in step.attrs:
        return None
    found = geometry(step)
    if found is None or 0 in found.x or found.w[-1] % CHANNELS:
        return None
    return found if found.algorithm() == "winograd" else None


def _halves(pool: Node, conv: Geometry) -> bool:
    """Whether the pooling's windows are 2x2, side by side, from the first pixel of the convolution's map on."""
    size, strides = pool.attrs["pool_size"], pool.attrs["strides"]
    if _core.pair(size, "pool_size") != (2, 2):
        return False
    if strides is not None and _core.pair(strides, "strides") != (2, 2):
        return False
    _, h, w, _ = conv.y
    if min(h, w) < 2:
        return False
    sides = _core.padding(pool.attrs["padding"])
    return h % 2 == w % 2 == 0 if sides is None else sides == ((0, 0), (0, 0))


def _reading(reader: Node | None, spread: Node, dy: Any, indices: Any) -> Node | None:
    """A convolution's gradient that reads the pooled gradient in place of the spread one."""
    if reader is None or [t is spread.outputs[0] for t in reader.inputs].count(True) != 1:
        return None
    name, attrs, inputs = reader.operation.name, reader.attrs, reader.inputs
    of_input = name in ("conv2d_dx", "conv2d_dx_fused")
    if not of_input and name not in ("conv2d_dw", "conv2d_dw_db", "conv2d_dw_through"):
        return None
    found = _winograd(reader)
    if found is None or inputs[0 if of_input else 1] is not spread.outputs[0] or not _halves(spread, found):
        return None
    if of_input:
        residual, gate = inputs[2:] if name == "conv2d_dx_fused" else (None, None)
        return (
            node(fused.CONV_MAX_POOL_DX, (dy, inputs[1], residual, gate, indices), attrs, reader.outputs)
            if _evenly_padded(attrs["padding"])
            else None
        )
    affine = inputs[2] if name == "conv2d_dw_through" else None
    attrs = attrs | {"return_db": len(reader.outputs) == 2}
    return node(fused.CONV_MAX_POOL_DW, (inputs[0], dy, affine, indices), attrs, reader.outputs)


def _evenly_padded(padding: Any) -> bool:
    """Whether windows lie alike in tiles, down and across; of 3x3 filters, "same" puts one row and one column ahead."""
    sides = _core.padding(padding)
    return sides is None or (sides[0][0] - sides[1][0]) % 2 == 0
