"""Weights of an ONNX file onto a model: by names where they are PyTorch's, otherwise by the order of their use."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents
from fastcnn.layers.normalization import BatchNormalization
from fastcnn.saving.onnx_file import OnnxGraph, OnnxNode, read_onnx
from fastcnn.saving.torch_layout import flattened_images, torch_parts
from fastcnn.saving.torch_names import assign_torch, looks_like_torch
from fastcnn.saving.variables import layers_of
from fastcnn.tensor import SymbolicTensor

__all__ = ["load_onnx_weights", "onnx_modules"]

Array = np.ndarray[Any, Any]


class Module(NamedTuple):
    """Arrays that one operation uses, in PyTorch's layout, by the names that PyTorch's module would give them."""

    op: str
    arrays: dict[str, Array]


def load_onnx_weights(model: Any, path: Any, skip_mismatch: bool = False) -> None:
    """Gives a model the weights of an ONNX file. If anything does not fit, it raises and nothing is changed.

    Args:
        model: built, functional or Sequential.
        path: a ``.onnx`` file. Where its arrays are called as in a state dict of PyTorch, layers are found by name;
            otherwise both graphs are walked from the outputs back, and the first layer gets the weights of the first
            operation that has some, and so on; shapes must agree. Operations that are left in the end are no matter:
            they are the top that the model does without.
        skip_mismatch: leave weights as they are that are missing or have another shape.

    Raises:
        ValueError: the weights do not fit.
    """
    graph = read_onnx(path)
    arrays = {name: a for name, a in graph.arrays.items() if a.ndim and a.dtype.kind == "f"}
    if looks_like_torch(arrays):
        assign_torch(model, arrays, skip_mismatch, path)
        return
    modules = onnx_modules(graph)
    layers = _layers_in_order(model, path)
    if len(modules) < len(layers):
        raise ValueError(
            f"{path}: the model has {len(layers)} layers with weights, the file {len(modules)} operations; nothing was "
            f"loaded. The model begins with {[layer.name for layer in layers[:5]]}, the file with "
            f"{[m.op for m in modules[:5]]}" + _folded(modules, layers)
        )
    images = flattened_images(model)
    names = {id(layer): prefix.rstrip("/").replace("/", ".") for prefix, layer in layers_of(model)}
    given: dict[str, Array] = {}
    for i, (module, layer) in enumerate(zip(modules, layers, strict=False)):
        expected = {part.leaf: part.shape for part in torch_parts(layer, images.get(id(layer)))}
        found = {leaf: a.shape for leaf, a in module.arrays.items()}
        if found != expected and not skip_mismatch:
            raise ValueError(
                f"{path}: operation {i} with weights is a {module.op} with {_described(found)}, the model's layer "
                f"{layer.name!r} has {_described(expected)} in that place; nothing was loaded"
            )
        given |= {f"{names[id(layer)]}.{leaf}": a for leaf, a in module.arrays.items() if found == expected}
    assign_torch(model, given, skip_mismatch, path)


def _folded(modules: list[Module], layers: list[Any]) -> str:
    if any(m.op == "BatchNormalization" for m in modules) or not any(isinstance(x, BatchNormalization) for x in layers):
        return ""
    return ". Its BatchNormalization was merged into the convolutions when it was exported; read a state dict instead"


def _described(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{leaf} {shape}" for leaf, shape in shapes.items())


def onnx_modules(graph: OnnxGraph) -> list[Module]:
    """The operations with weights, in the order in which the outputs need them."""
    made = {name: node for node in graph.nodes for name in node.outputs}
    constants = _constants(graph)
    addends = _addends(graph, constants)
    order = _needed_first(graph.outputs, lambda name: made[name].inputs if name in made else ())
    found: list[Module] = []
    seen: set[int] = set()
    for name in order:
        node = made.get(name)
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        arrays = _arrays_of(node, constants)
        if "weight" in arrays and "bias" not in arrays and node.op in ("Conv", "ConvTranspose", "MatMul"):
            arrays |= {"bias": addends[name]} if name in addends else {}
        if arrays:
            found.append(Module(node.op, arrays))
    return found


def _constants(graph: OnnxGraph) -> dict[str, Array]:
    """Arrays, and arrays that the graph itself gives another shape or name."""
    constants = dict(graph.arrays)
    for node in graph.nodes:
        if not node.inputs or node.inputs[0] not in constants or len(node.outputs) != 1:
            continue
        array = constants[node.inputs[0]]
        if node.op == "Identity":
            constants[node.outputs[0]] = array
        elif node.op == "Reshape" and len(node.inputs) == 2 and node.inputs[1] in constants:
            sizes = constants[node.inputs[1]]
            shape = sizes.ravel().tolist() if sizes.dtype == np.int64 and sizes.size <= 32 else [0]
            if shape == [-1] or (all(n > 0 for n in shape) and math.prod(shape) == array.size):
                constants[node.outputs[0]] = array.reshape(shape)
    return constants


def _addends(graph: OnnxGraph, constants: dict[str, Array]) -> dict[str, Array]:
    """Biases that are added by an operation of their own: by what they are added to."""
    found = {}
    for node in graph.nodes:
        if node.op == "Add" and len(node.inputs) == 2:
            for x, b in (node.inputs, node.inputs[::-1]):
                if b in constants and x not in constants and constants[b].size == max(constants[b].shape, default=0):
                    found[x] = constants[b].reshape(-1)
    return found


def _arrays_of(node: OnnxNode, constants: dict[str, Array]) -> dict[str, Array]:
    """What PyTorch's module would hold."""
    given = [constants.get(name) for name in node.inputs]
    if node.op in ("Conv", "ConvTranspose"):
        named = dict(zip(("weight", "bias"), given[1:3], strict=False))
    elif node.op == "Gemm":
        transposed = node.attributes.get("transB", [0]) == [1]
        named = dict(zip(("weight", "bias"), given[1:3], strict=False))
        weight = named.get("weight")
        named["weight"] = weight if weight is None or transposed else weight.T
    elif node.op == "MatMul":
        named = {"weight": given[1].T if len(given) == 2 and given[1] is not None and given[1].ndim == 2 else None}
    elif node.op == "BatchNormalization":
        named = dict(zip(("weight", "bias", "running_mean", "running_var"), given[1:5], strict=False))
    elif node.op == "PRelu":
        named = {"weight": given[1].reshape(-1) if len(given) == 2 and given[1] is not None else None}
    else:
        named = {}
    return {leaf: a for leaf, a in named.items() if a is not None}


def _layers_in_order(model: Any, path: Any) -> list[Any]:
    """The layers with weights, in the order in which the outputs need them."""
    if getattr(model, "_graph", None) is None:
        raise ValueError(
            f"{path}: its names are not PyTorch's, so weights go by the order of their use, which is known for "
            f"functional and Sequential models only; {model.name!r} is neither"
        )
    found: list[Any] = []
    _collect(model, found)
    return found


def _collect(model: Any, found: list[Any]) -> None:
    graph = getattr(model, "_graph", None)
    if graph is None:
        found += [layer for layer in model._flatten_layers() if layer._ordered_own() and layer not in found]
        return
    made = {id(t): node for node in graph.nodes for t in node.outputs}
    tensors = {id(t): t for node in graph.nodes for t in (*node.outputs, *_sources(node))}
    seen: set[int] = set()
    for key in _needed_first(
        [id(t) for t in graph.flat_outputs], lambda key: [id(t) for t in _sources(made[key])] if key in made else ()
    ):
        node = made.get(id(tensors[key]))
        if node is None or id(node.operation) in seen or not isinstance(node.operation, Layer):
            continue
        seen.add(id(node.operation))
        if node.operation._children():
            _collect(node.operation, found)
        elif node.operation._ordered_own() and node.operation not in found:
            found.append(node.operation)


def _sources(node: Any) -> list[SymbolicTensor]:
    return [t for t in contents([list(node.inputs), node.attrs]) if t.__class__ is SymbolicTensor]


def _needed_first(ends: Iterable[Any], needs: Callable[[Any], Sequence[Any]]) -> list[Any]:
    """What the ends need, and they themselves: everything behind what it needs, in the order of the arguments."""
    order: list[Any] = []
    seen: set[Any] = set()
    for end in ends:
        stack = [(end, False)]
        while stack:
            item, done = stack.pop()
            if done:
                order.append(item)
            elif item not in seen:
                seen.add(item)
                stack.append((item, True))
                stack.extend((other, False) for other in reversed(needs(item)))
    return order
