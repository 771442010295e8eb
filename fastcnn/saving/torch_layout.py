"""How PyTorch lays out the weights of a layer: filters first, channels before rows and columns."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastcnn.layers.activation import PReLU
from fastcnn.layers.conv import Convolution
from fastcnn.layers.conv_transpose import TransposedConvolution
from fastcnn.layers.core import Dense
from fastcnn.layers.depthwise import DepthwiseConvolution
from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents
from fastcnn.layers.normalization import BatchNormalization, GroupNormalization, LayerNormalization
from fastcnn.layers.reshaping import Flatten, Reshape
from fastcnn.layers.residual import LayerScale
from fastcnn.seam import Primitive
from fastcnn.tensor import SymbolicTensor, Variable

__all__ = ["Part", "flattened_images", "torch_parts"]

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]
_MIXED: Sizes = ()  # rows of numbers from images, but in an order that is not known


class Part(NamedTuple):
    """A weight: what PyTorch calls it and which shape it gives it, and how its numbers are brought into ours."""

    leaf: str
    variable: Variable
    shape: Sizes
    convert: Callable[[Array], Array]


def torch_parts(layer: Any, image: Sizes | None = None) -> list[Part]:
    """The weights of a layer as the module of PyTorch has them that does the same.

    Args:
        layer: built, with weights.
        image: (h, w, c) where the layer gets rows of numbers that were images: PyTorch flattens (c, h, w).

    Raises:
        NotImplementedError: PyTorch has no such module.
    """
    if isinstance(layer, (Convolution, TransposedConvolution)):
        *cells, a, b = layer.kernel.shape
        return [_part("weight", layer.kernel, (b, a, *cells), _filters_last), *_bias(layer)]
    if isinstance(layer, DepthwiseConvolution):
        *cells, channels, each = layer.kernel.shape
        shape = (channels * each, 1, *cells)
        return [_part("weight", layer.kernel, shape, lambda a: _depthwise(a, channels, each)), *_bias(layer)]
    if isinstance(layer, Dense):
        rows, columns = layer.kernel.shape
        return [_part("weight", layer.kernel, (columns, rows), lambda a: _dense(a, image)), *_bias(layer)]
    if isinstance(layer, PReLU):
        return [_part("weight", layer.alpha, (layer.alpha.size,), lambda a: a.reshape(layer.alpha.shape))]
    if isinstance(layer, LayerScale):  # torchvision's parameter of a block
        return [_part("layer_scale", layer.gamma, (layer.gamma.size, 1, 1), lambda a: a.reshape(-1))]
    if isinstance(layer, (BatchNormalization, GroupNormalization, LayerNormalization)):
        return _normalization(layer, image)
    raise NotImplementedError(
        f"layer {layer.name!r} is a {type(layer).__name__}, which PyTorch has no module for; its weights cannot be "
        "read from a file of PyTorch"
    )


def _part(leaf: str, variable: Variable, shape: Sizes, convert: Callable[[Array], Array]) -> Part:
    return Part(leaf, variable, tuple(shape), convert)


def _bias(layer: Any) -> list[Part]:
    return [] if layer.bias is None else [_part("bias", layer.bias, layer.bias.shape, lambda a: a)]


def _normalization(layer: Any, image: Sizes | None) -> list[Part]:
    names = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
    found = [(leaf, getattr(layer, name, None)) for name, leaf in names.items()]
    parts = [(leaf, v) for leaf, v in found if v is not None]
    if any(len(v.shape) != 1 for _, v in parts):
        raise NotImplementedError(
            f"layer {layer.name!r} normalises over several axes; its weights cannot be read from a file of PyTorch"
        )
    return [_part(leaf, v, v.shape, lambda a: _vector(a, image)) for leaf, v in parts]


def _filters_last(a: Array) -> Array:
    """(o, i, h, w) to (h, w, i, o); of a transposed convolution, (i, o, h, w) to (h, w, o, i)."""
    return a.transpose(*range(2, a.ndim), 1, 0)


def _depthwise(a: Array, channels: int, each: int) -> Array:
    return a.reshape(channels, each, *a.shape[2:]).transpose(*range(2, a.ndim), 0, 1)


def _dense(a: Array, image: Sizes | None) -> Array:
    if image is None:
        return a.T
    *cells, channels = image
    return _filters_last(a.reshape(len(a), channels, *cells)).reshape(a.shape[1], len(a))


def _vector(a: Array, image: Sizes | None) -> Array:
    if image is None:
        return a
    *cells, channels = image
    return np.moveaxis(a.reshape(channels, *cells), 0, -1).reshape(-1)


def flattened_images(model: Any) -> dict[int, Sizes]:
    """(h, w, c) for the id of each layer that gets flattened images. Where there is but one pixel, order is no matter.

    Raises:
        ValueError: the rows went through something that changes their order, or the calls of layers are not known.
    """
    found: dict[int, Sizes] = {}
    _walk(model, {}, found)
    for layer in model._flatten_layers():
        if found.get(id(layer)) == _MIXED and layer.weights:
            raise ValueError(
                f"layer {layer.name!r} gets flattened images, but not straight from Flatten; how its weights are "
                "ordered in a file of PyTorch cannot be told"
            )
    return found


def _walk(model: Any, order: dict[int, Sizes], found: dict[int, Sizes]) -> None:
    """Follows flattened images from call to call; ``order`` has a size for each tensor that holds some."""
    graph = getattr(model, "_graph", None)
    if graph is None:
        _refuse_unknown_calls(model)
        return
    for node in graph.nodes:
        sources = [t for t in contents([list(node.inputs), node.attrs]) if t.__class__ is SymbolicTensor]
        operation = node.operation
        if not sources:
            continue
        if isinstance(operation, Layer):
            if id(sources[0]) in order:
                found.setdefault(id(operation), order[id(sources[0])])
            if operation._children():
                _enter(operation, node, sources, order, found)
                continue
        sizes = _order_after(operation, sources, node.outputs[0], order)
        if sizes is not None:
            order.update({id(t): sizes for t in node.outputs})


def _enter(model: Any, node: Any, sources: list[Any], order: dict[int, Sizes], found: dict[int, Sizes]) -> None:
    graph = getattr(model, "_graph", None)
    if graph is not None:
        pairs = zip(graph.flat_inputs, sources, strict=False)
        order.update({id(own): order[id(t)] for own, t in pairs if id(t) in order})
    _walk(model, order, found)
    if graph is not None:
        pairs = zip(node.outputs, graph.flat_outputs, strict=False)
        order.update({id(t): order[id(own)] for t, own in pairs if id(own) in order})


def _order_after(operation: Any, sources: list[Any], output: Any, order: dict[int, Sizes]) -> Sizes | None:
    shape = sources[0].shape
    name = operation.name if isinstance(operation, Primitive) else ""
    if len(shape) > 2 and len(output.shape) == 2 and (isinstance(operation, (Flatten, Reshape)) or name == "reshape"):
        first = getattr(operation, "data_format", None) == "channels_first"
        sizes = (*shape[2:], shape[1]) if first else tuple(shape[1:])
        return None if math.prod(n or 0 for n in sizes[:-1]) == 1 else sizes
    given = [order.get(id(t)) for t in sources]
    if all(sizes is None for sizes in given) or len(output.shape) != 2:
        return None
    if name == "matmul" or isinstance(operation, Dense):
        return None
    same = all(t.shape == output.shape for t in sources) and len({sizes for sizes in given if sizes is not None}) == 1
    return next(sizes for sizes in given if sizes is not None) if same else _MIXED


def _refuse_unknown_calls(model: Any) -> None:
    layers = model._flatten_layers()
    if any(isinstance(layer, Flatten) for layer in layers) and any(isinstance(layer, Dense) for layer in layers):
        raise ValueError(
            f"{model.name!r} calls Flatten and Dense in its own code, where PyTorch would flatten channels first; how "
            "the weights must be ordered is known for functional and Sequential models only"
        )
