"""A fastcnn model as a PyTorch module: read from the model's graph, with the model's weights."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from fastcnn.layers.nests import contents

__all__ = ["translate"]


class Translated(nn.Module):
    """The calls of a functional model's graph, in PyTorch."""

    def __init__(self, model: Any):
        super().__init__()
        self.steps: list[Any] = []
        self.parts = nn.ModuleList()
        numbers: dict[int, int] = {}
        graph = model._graph
        for t in graph.flat_inputs:
            numbers[id(t)] = len(numbers)
        for node in graph.nodes:
            if not node.inputs:
                continue
            sources = [numbers[id(t)] for t in contents(list(node.inputs))]
            numbers[id(node.outputs[0])] = len(numbers)
            part, function = _part(node.operation, node)
            index = None
            if part is not None:
                index = len(self.parts)
                self.parts.append(part)
            self.steps.append((index, function, sources, numbers[id(node.outputs[0])]))
        self.size = len(numbers)
        self.result = numbers[id(graph.flat_outputs[0])]
        last = {s: i for i, (_, _, sources, _) in enumerate(self.steps) for s in sources}
        self.free = [[s for s, when in last.items() if when == i] for i in range(len(self.steps))]

    def forward(self, x: Any) -> Any:
        values: list[Any] = [None] * self.size
        values[0] = x
        for (index, function, sources, target), free in zip(self.steps, self.free, strict=True):
            inputs = [values[s] for s in sources]
            values[target] = self.parts[index](*inputs) if index is not None else function(*inputs)
            for s in free:
                values[s] = None
        return values[self.result]


def _pad(padding: Any, layer: Any) -> int:
    if isinstance(padding, str):
        return layer.kernel_size[0] // 2 if padding == "same" else 0
    while not isinstance(padding, int):
        padding = padding[0]
    return padding


def _load(parameter: Any, array: Any) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))


def _part(layer: Any, node: Any) -> tuple[Any, Any]:
    kind = type(layer).__name__
    weights = [v.numpy() for v in layer.weights]
    channels = node.inputs[0].shape[-1] if not isinstance(node.inputs[0], (list, tuple)) else None
    if kind == "Conv2D":
        conv = nn.Conv2d(
            channels, layer.filters, layer.kernel_size, layer.strides, _pad(layer.padding, layer), bias=layer.use_bias
        )
        _load(conv.weight, weights[0].transpose(3, 2, 0, 1))
        if layer.use_bias:
            _load(conv.bias, weights[1])
        name = getattr(layer.activation, "__name__", None)
        return (nn.Sequential(conv, nn.ReLU(inplace=True)) if name == "relu" else conv), None
    if kind == "DepthwiseConv2D":
        conv = nn.Conv2d(channels, channels, layer.kernel_size, layer.strides, 0, groups=channels, bias=layer.use_bias)
        _load(conv.weight, weights[0].transpose(2, 3, 0, 1))
        return conv, None
    if kind == "BatchNormalization":
        norm = nn.BatchNorm2d(channels, eps=layer.epsilon, momentum=1 - layer.momentum)
        for parameter, array in zip(
            (norm.weight, norm.bias, norm.running_mean, norm.running_var), weights, strict=True
        ):
            _load(parameter, array)
        return norm, None
    if kind == "Dense":
        dense = nn.Linear(channels, layer.units)
        kernel = weights[0]
        before = node.inputs[0].node.operation
        if type(before).__name__ == "Flatten":  # (h, w, c) here, (c, h, w) there
            h, w, c = before._calls[0].inputs[0].shape[1:]
            kernel = kernel.reshape(h, w, c, -1).transpose(2, 0, 1, 3).reshape(h * w * c, -1)
        _load(dense.weight, kernel.T)
        _load(dense.bias, weights[1])
        name = getattr(layer.activation, "__name__", None)
        return (nn.Sequential(dense, nn.ReLU(inplace=True)) if name == "relu" else dense), None
    if kind == "Dropout":
        return nn.Dropout(layer.rate), None
    if kind == "Activation":
        return (nn.ReLU6(inplace=True) if layer.activation.__name__ == "relu6" else nn.ReLU(inplace=True)), None
    if kind == "MaxPooling2D":
        return nn.MaxPool2d(layer.pool_size, layer.strides), None
    if kind == "ZeroPadding2D":
        return None, lambda x: F.pad(x, (1, 1, 1, 1))
    if kind == "GlobalAveragePooling2D":
        return None, lambda x: x.mean(dim=(2, 3))
    if kind == "Flatten":
        return None, lambda x: torch.flatten(x, 1)
    if kind == "Add":
        return None, lambda a, b: a + b
    raise NotImplementedError(f"no PyTorch for {kind}")


def translate(model: Any) -> nn.Module:
    """The module; its images are (n, c, h, w)."""
    return Translated(model)
