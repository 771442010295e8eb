"""Batch normalisation folded into the weights before it, and padding into the convolution after it: for inference."""

from typing import Any

import numpy as np

from fastcnn.plan.prepared_filters import kept
from fastcnn.plan.steps import made_by, node, users
from fastcnn.seam import Node
from fastcnn.tensor import Derived, Valued

__all__ = ["fold_batch_norm", "fold_padding"]

Array = np.ndarray[Any, Any]

PRODUCTS = ("conv2d", "depthwise_conv2d", "dense")


def fold_batch_norm(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """``(x * w + b - mean) * scale + beta`` is ``x * (w * scale) + ((b - mean) * scale + beta)``."""
    read, made = users(steps, outputs), made_by(steps)
    replaced: dict[int, Node] = {}
    dropped: set[int] = set()
    for norm in steps:
        if norm.operation.name != "batch_norm_inference":
            continue
        product = made.get(id(norm.inputs[0]))
        if (
            product is None
            or product.operation.name not in PRODUCTS
            or len(read[id(norm.inputs[0])]) != 1
            or product.attrs.get("activation") is not None
            or not all(t is None or isinstance(t, Valued) for t in (*product.inputs[1:3], *norm.inputs[1:]))
        ):
            continue
        weights, bias = _folded(product, norm)
        rest = product.inputs[3:]
        replaced[id(norm)] = node(
            product.operation, (product.inputs[0], weights, bias, *rest), product.attrs, norm.outputs
        )
        dropped.add(id(product))
    return [replaced.get(id(s), s) for s in steps if id(s) not in dropped]


def _folded(product: Node, norm: Node) -> tuple[Derived, Derived]:
    w, bias = product.inputs[1:3]
    mean, variance, gamma, beta = norm.inputs[1:5]
    epsilon = norm.attrs["epsilon"]

    def scale() -> Array:
        found: Array = 1.0 / np.sqrt(variance.array.astype(np.float64) + epsilon)
        return found if gamma is None else found * gamma.array

    def weights() -> Array:
        factors = scale()
        if product.operation.name == "depthwise_conv2d":
            factors = factors.reshape(w.shape[-2:])
        return (w.array * factors).astype(np.float32)

    def shift() -> Array:
        before = -mean.array.astype(np.float64)
        if bias is not None:
            before = before + bias.array
        found: Array = before * scale()
        return (found if beta is None else found + beta.array).astype(np.float32)

    key = (product.operation.name, epsilon, *(id(t) for t in (w, bias, mean, variance, gamma, beta)))
    return kept(("weights", *key), Derived, weights), kept(("shift", *key), Derived, shift)


def fold_padding(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Rows and columns of zeros around images need not be written: the convolution imagines them."""
    read, made = users(steps, outputs), made_by(steps)
    replaced: dict[int, Node] = {}
    dropped: set[int] = set()
    for conv in steps:
        if conv.operation.name not in ("conv2d", "depthwise_conv2d") or conv.attrs["padding"] != "valid":
            continue
        pad = made.get(id(conv.inputs[0]))
        if pad is None or pad.operation.name != "pad" or len(read[id(conv.inputs[0])]) != 1:
            continue
        around = pad.attrs["paddings"]
        if (
            pad.attrs["mode"] != "constant"
            or pad.attrs["constant_values"]
            or len(around) != 4
            or any(around[0])
            or any(around[3])
            or conv.attrs.get("padding_value")
        ):
            continue
        attrs = conv.attrs | {"padding": (tuple(around[1]), tuple(around[2]))}
        replaced[id(conv)] = node(conv.operation, (pad.inputs[0], *conv.inputs[1:]), attrs, conv.outputs)
        dropped.add(id(pad))
    return [replaced.get(id(s), s) for s in steps if id(s) not in dropped]
