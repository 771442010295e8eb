"""A network's blueprint as a PyTorch module, with its weights."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bench.peer_blueprint import Blueprint, borders

__all__ = ["translate"]


class Translated(nn.Module):
    """The layers of a blueprint, one after the other."""

    def __init__(self, blueprint: Blueprint):
        super().__init__()
        self.parts = nn.ModuleList()
        self.steps: list[Any] = []
        for step in _without_padding(blueprint.steps):
            part, function = _part(step, blueprint)
            index = None
            if part is not None:
                index = len(self.parts)
                self.parts.append(part)
            self.steps.append((index, function, step["sources"], step["target"]))
        self.size, self.result = blueprint.size, blueprint.output
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


class Swish(nn.Module):
    """In place where nothing is differentiated: a gradient would need a copy of what was there."""

    def forward(self, x: Any) -> Any:
        return F.silu(x, inplace=not torch.is_grad_enabled())


class DroppedSamples(nn.Module):
    """Dropout of whole samples, as torchvision's StochasticDepth has it."""

    def __init__(self, rate: float):
        super().__init__()
        self.kept = 1 - rate

    def forward(self, x: Any) -> Any:
        if not self.training:
            return x
        return x * x.new_empty((len(x), 1, 1, 1)).bernoulli_(self.kept).div_(self.kept)


def _without_padding(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Zeros around images become the padding of the convolution behind them, or of maxima of what is not negative:
    a layer of their own would be one more pass through memory, which no network of torchvision's has."""
    steps = list(steps)
    makers = {step["target"]: step for step in steps}
    for pad in [step for step in steps if step["kind"] == "ZeroPadding2D"]:
        readers = [i for i, step in enumerate(steps) if pad["target"] in step["sources"]]
        reader, before = steps[readers[0]], makers.get(pad["sources"][0], {"kind": "", "config": {}})
        positive = before["kind"] == "ReLU" or before["config"].get("activation") == "relu"
        takes = reader["kind"] in ("Conv2D", "DepthwiseConv2D") or (reader["kind"] == "MaxPooling2D" and positive)
        if len(readers) == 1 and takes and reader["config"]["padding"] == "valid":
            config = {**reader["config"], "padding": pad["config"]["padding"]}
            steps[readers[0]] = {**reader, "config": config, "sources": pad["sources"], "shape": pad["shape"]}
            steps.remove(pad)
    return steps


def _windows(step: dict[str, Any], make: Any, fill: float = 0.0) -> Any:
    """What slides windows over an image, made for its padding; PyTorch's is the same before and behind."""
    (top, bottom), (left, right) = borders(step)
    if top == bottom and left == right:
        return make((top, left))
    return nn.Sequential(nn.ConstantPad2d((left, right, top, bottom), fill), make((0, 0)))


def _load(parameter: Any, array: Any) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))


def _activated(module: Any, config: dict[str, Any]) -> Any:
    activation = config.get("activation", "linear")
    followers = {"relu": lambda: nn.ReLU(True), "relu6": lambda: nn.ReLU6(True), "silu": Swish, "sigmoid": nn.Sigmoid}
    if activation == "linear":
        return module
    if activation not in followers:
        raise NotImplementedError(f"no PyTorch for the activation {activation}")
    return nn.Sequential(module, followers[activation]())


def _convolution(step: dict[str, Any], weights: list[Any]) -> Any:
    config, channels = step["config"], step["shape"][-1]
    alone = step["kind"] == "DepthwiseConv2D"

    def make(padding: tuple[int, int]) -> Any:
        conv = nn.Conv2d(
            channels,
            channels if alone else config["filters"],
            tuple(config["kernel_size"]),
            tuple(config["strides"]),
            padding,
            groups=channels if alone else 1,
            bias=config["use_bias"],
        )
        _load(conv.weight, weights[0].transpose((2, 3, 0, 1) if alone else (3, 2, 0, 1)))
        if config["use_bias"]:
            _load(conv.bias, weights[1])
        return conv

    return _activated(_windows(step, make), config)


def _norm(step: dict[str, Any], weights: list[Any]) -> Any:
    norm = nn.BatchNorm2d(step["shape"][-1], eps=step["config"]["epsilon"], momentum=1 - step["config"]["momentum"])
    for parameter, array in zip((norm.weight, norm.bias, norm.running_mean, norm.running_var), weights, strict=True):
        _load(parameter, array)
    return norm


def _dense(step: dict[str, Any], weights: list[Any], blueprint: Blueprint) -> Any:
    dense = nn.Linear(step["shape"][-1], step["config"]["units"])
    kernel = weights[0]
    before = next((s for s in blueprint.steps if s["target"] == step["sources"][0]), None)
    if before is not None and before["kind"] == "Flatten":  # (h, w, c) here, (c, h, w) there
        h, w, c = before["shape"]
        kernel = kernel.reshape(h, w, c, -1).transpose(2, 0, 1, 3).reshape(h * w * c, -1)
    _load(dense.weight, kernel.T)
    _load(dense.bias, weights[1])
    return _activated(dense, step["config"])


def _dropout(config: dict[str, Any]) -> Any:
    shape = config["noise_shape"]
    if shape is None:
        return nn.Dropout(config["rate"])
    if list(shape) != [None, 1, 1, 1]:
        raise NotImplementedError(f"no PyTorch for {config['name']!r}, which drops {shape}")
    return DroppedSamples(config["rate"])


def _pool(step: dict[str, Any]) -> Any:
    config = step["config"]
    size, strides, ceil = tuple(config["pool_size"]), tuple(config["strides"]), config.get("ceil_mode", False)
    if step["kind"] == "MaxPooling2D":
        return _windows(step, lambda padding: nn.MaxPool2d(size, strides, padding, ceil_mode=ceil), -np.inf)
    (top, bottom), (left, right) = borders(step)
    if (top, left) != (bottom, right):
        raise NotImplementedError(f"PyTorch takes no mean as {config['name']!r} does")
    return nn.AvgPool2d(size, strides, (top, left), ceil, count_include_pad=False)


def _mean(x: Any) -> Any:
    return F.adaptive_avg_pool2d(x, 1)


def _part(step: dict[str, Any], blueprint: Blueprint) -> tuple[Any, Any]:
    """A module, or a function."""
    kind, config, weights = step["kind"], step["config"], blueprint.weights(step["target"])
    if kind in ("Conv2D", "DepthwiseConv2D"):
        return _convolution(step, weights), None
    if kind == "BatchNormalization":
        return _norm(step, weights), None
    if kind == "Dense":
        return _dense(step, weights, blueprint), None
    if kind == "Dropout":
        return _dropout(config), None
    if kind == "Activation":
        return _activated(nn.Identity(), config), None
    if kind == "ReLU":
        return (nn.ReLU6(inplace=True) if config["max_value"] == 6 else nn.ReLU(inplace=True)), None
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        return _pool(step), None
    if kind == "ZeroPadding2D":
        (top, bottom), (left, right) = config["padding"]
        return nn.ZeroPad2d((left, right, top, bottom)), None
    functions: dict[str, Any] = {
        "GlobalAveragePooling2D": _mean if config.get("keepdims") else lambda x: _mean(x).flatten(1),
        "Flatten": lambda x: torch.flatten(x, 1),
        "Add": lambda a, b: a + b,
        "Multiply": lambda a, b: a * b,
        "Concatenate": lambda *parts: torch.cat(parts, 1),
    }
    if kind in functions:
        return None, functions[kind]
    raise NotImplementedError(f"no PyTorch for {kind}")


def translate(blueprint: Blueprint) -> nn.Module:
    """The module; its images are (n, c, h, w)."""
    return Translated(blueprint)
