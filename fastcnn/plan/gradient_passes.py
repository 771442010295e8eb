"""Passes over the gradients of convolutions and poolings in a training step: same results, fewer trips to memory."""

from typing import Any

import numpy as np

from fastcnn.ops.arithmetic import DIVIDE
from fastcnn.ops.pooling import MAX_POOL_INDICES, MAX_POOL_SCATTER
from fastcnn.ops.shaping import RESHAPE
from fastcnn.plan import fused
from fastcnn.plan.steps import VIEWS, made_by, node, rebuilt, users
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor, Tensor

__all__ = ["add_means", "join_gradients", "joins", "mask_before_pooling", "mask_dense_gradients", "pool_by_index"]

INDEXED = 256  # cells of the largest window whose maximum a byte can point at


def mask_before_pooling(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """The ReLU's mask goes on the gradient that enters max pooling, not on the larger one that leaves it.

    What leaves is zero but where a window had its maximum, and there the pooling's result is what was pooled.
    """
    read, made = users(steps, outputs), made_by(steps)
    pooled = {
        (id(step.inputs[0]), _window(step)): step.outputs[0] for step in steps if step.operation.name == "max_pool"
    }
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for mask in steps:
        if mask.operation.name != "activate_dx":
            continue
        spread = made.get(id(mask.inputs[0]))
        if spread is None or spread.operation.name != "max_pool_dx" or spread.inputs[1] is not mask.inputs[1]:
            continue
        y = pooled.get((id(spread.inputs[1]), _window(spread)))
        if y is None or read[id(spread.outputs[0])] != [mask]:
            continue
        dy = spread.inputs[0]
        masked = SymbolicTensor(dy.shape, "float32")
        replaced[id(mask)] = [
            node(mask.operation, (dy, y), mask.attrs, (masked,)),
            node(spread.operation, (masked, spread.inputs[1]), spread.attrs, mask.outputs),
        ]
        dropped.add(id(spread))
    return rebuilt(steps, replaced, dropped)


def pool_by_index(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Max pooling notes which cell of each window it took, a byte each: its gradient need not look for it again."""
    pools = {(id(step.inputs[0]), _window(step)): step for step in steps if step.operation.name == "max_pool"}
    replaced: dict[int, list[Node]] = {}
    for spread in steps:
        if spread.operation.name != "max_pool_dx":
            continue
        pool = pools.get((id(spread.inputs[1]), _window(spread)))
        if pool is None or _cells(pool) > INDEXED:
            continue
        if id(pool) not in replaced:
            indices = SymbolicTensor(pool.outputs[0].shape, "uint8")
            replaced[id(pool)] = [node(MAX_POOL_INDICES, pool.inputs, pool.attrs, (*pool.outputs, indices))]
        indices = replaced[id(pool)][0].outputs[1]
        attrs = spread.attrs | {"x_shape": spread.inputs[1].shape}
        replaced[id(spread)] = [node(MAX_POOL_SCATTER, (spread.inputs[0], indices), attrs, spread.outputs)]
    return rebuilt(steps, replaced)


def mask_dense_gradients(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """The mask of a ReLU goes into the input gradient of the dense layer behind it, through a flattening if need be."""
    read, made = users(steps, outputs), made_by(steps)
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for mask in steps:
        if mask.operation.name != "activate_dx" or mask.attrs["activation"] != "relu":
            continue
        t, readers = mask.inputs[0], [mask]
        while id(t) in made and made[id(t)].operation.name in VIEWS and read[id(t)] == readers[-1:]:
            readers.append(made[id(t)])
            t = readers[-1].inputs[0]
        dense = made.get(id(t))
        if dense is None or dense.operation.name != "dense_dx" or read[id(t)] != readers[-1:] or len(t.shape) != 2:
            continue
        flat = len(readers) > 1
        inputs = (*dense.inputs, mask.inputs[1])
        # In its old place: the sooner the weights are not read any more, the sooner they can be updated.
        replaced[id(dense)] = [node(fused.DENSE_DX, inputs, {}, dense.outputs if flat else mask.outputs)]
        if flat:
            replaced[id(dense)].append(node(RESHAPE, (t,), {"shape": mask.outputs[0].shape}, mask.outputs))
        dropped |= set(map(id, readers))
    return rebuilt(steps, replaced, dropped)


def join_gradients(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Where a result was read twice, the sum of its gradients, and its ReLU's mask, go into the convolution's."""
    for absorb in (_sum, _mask):
        read, made = users(steps, outputs), made_by(steps)
        replaced: dict[int, list[Node]] = {}
        dropped: set[int] = set()
        for step in steps:
            for t in step.inputs[: 2 if absorb is _sum else 1]:
                conv = made.get(id(t))
                if conv is None or id(conv) in dropped or read[id(t)] != [step] or not joins(conv):
                    continue
                new = absorb(step, t, conv)
                if new is not None:
                    replaced[id(step)] = [new]
                    dropped.add(id(conv))
                    break
        steps = rebuilt(steps, replaced, dropped)
    return steps


def add_means(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """The gradient of a mean over pixels is the same for all of them: a sum with another needs it but once an image."""
    read, made = users(steps, outputs), made_by(steps)
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for step in steps:
        if step.operation.name != "add":
            continue
        for i, t in enumerate(step.inputs):
            spread, other = made.get(id(t)), step.inputs[1 - i]
            if spread is None or spread.operation.name != "global_average_pool_dx" or read[id(t)] != [step]:
                continue
            if not isinstance(other, SymbolicTensor) or other.shape != t.shape:
                continue
            dy = spread.inputs[0]
            pixels, each = np.array(np.prod(t.shape[1:-1]), np.float32), SymbolicTensor(dy.shape, "float32")
            mean = SymbolicTensor((t.shape[0], *(1,) * (len(t.shape) - 2), t.shape[-1]), "float32")
            inputs = (mean, other) if i == 0 else (other, mean)
            replaced[id(step)] = [
                node(DIVIDE, (dy, Tensor(pixels)), {}, (each,)),
                node(RESHAPE, (each,), {"shape": mean.shape}, (mean,)),
                node(step.operation, inputs, step.attrs, step.outputs),
            ]
            dropped.add(id(spread))
            break
    return rebuilt(steps, replaced, dropped)


def joins(conv: Node) -> bool:
    """Whether it is the input gradient of a convolution of images padded with zeros."""
    name = conv.operation.name
    return name == "conv2d_dx_fused" or (
        name == "conv2d_dx" and len(conv.outputs[0].shape) == 4 and "padding_mode" not in conv.attrs
    )


def _sum(step: Node, t: Any, conv: Node) -> Node | None:
    if step.operation.name != "add":
        return None
    other = step.inputs[1] if step.inputs[0] is t else step.inputs[0]
    if conv.operation is fused.CONV_DX or not isinstance(other, SymbolicTensor) or other is t or other.shape != t.shape:
        return None
    return node(fused.CONV_DX, (*conv.inputs, other, None), conv.attrs, step.outputs)


def _mask(step: Node, t: Any, conv: Node) -> Node | None:
    if step.operation.name != "activate_dx" or step.attrs["activation"] != "relu":
        return None
    residual = conv.inputs[2] if conv.operation is fused.CONV_DX else None
    return node(fused.CONV_DX, (*conv.inputs[:2], residual, step.inputs[1]), conv.attrs, step.outputs)


def _window(pool: Node) -> Any:
    return tuple(sorted((name, repr(value)) for name, value in pool.attrs.items()))


def _cells(pool: Node) -> int:
    size = pool.attrs["pool_size"]
    if isinstance(size, int):
        return size ** (len(pool.outputs[0].shape) - 2)
    cells = 1
    for n in size:
        cells *= n
    return cells
