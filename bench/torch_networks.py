"""A network's blueprint as a PyTorch module, with its weights."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bench.peer_blueprint import Blueprint

__all__ = ["translate"]


class Translated(nn.Module):
    """The layers of a blueprint, one after the other."""

    def __init__(self, blueprint: Blueprint):
        super().__init__()
        self.parts = nn.ModuleList()
        self.steps: list[Any] = []
        for step in blueprint.steps:
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


def _pad(config: dict[str, Any]) -> int:
    """Cells on each side; Keras's "same" is the same on each side for odd windows without strides only."""
    padding, size = config["padding"], config.get("kernel_size") or config["pool_size"]
    if padding == "same":
        if max(config["strides"]) > 1 or size[0] % 2 == 0:
            raise NotImplementedError(f"PyTorch does not pad as {config['name']!r} does")
        return size[0] // 2
    if padding == "valid":
        return 0
    cells = set(np.ravel(padding).tolist())
    if len(cells) > 1:
        raise NotImplementedError(f"PyTorch does not pad as {config['name']!r} does: {padding}")
    return int(cells.pop())


def _load(parameter: Any, array: Any) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))


def _activated(module: Any, config: dict[str, Any]) -> Any:
    activation = config.get("activation", "linear")
    if activation not in ("linear", "relu", "relu6"):
        raise NotImplementedError(f"no PyTorch for the activation {activation}")
    follower = {"relu": nn.ReLU, "relu6": nn.ReLU6}.get(activation)
    return nn.Sequential(module, follower(inplace=True)) if follower else module


def _convolution(step: dict[str, Any], weights: list[Any]) -> Any:
    config, channels = step["config"], step["shape"][-1]
    alone = step["kind"] == "DepthwiseConv2D"
    conv = nn.Conv2d(
        channels,
        channels if alone else config["filters"],
        tuple(config["kernel_size"]),
        tuple(config["strides"]),
        _pad(config),
        groups=channels if alone else 1,
        bias=config["use_bias"],
    )
    _load(conv.weight, weights[0].transpose((2, 3, 0, 1) if alone else (3, 2, 0, 1)))
    if config["use_bias"]:
        _load(conv.bias, weights[1])
    return _activated(conv, config)


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


def _pool(config: dict[str, Any]) -> Any:
    size, strides = tuple(config["pool_size"]), tuple(config["strides"])
    return nn.MaxPool2d(size, strides, _pad(config), ceil_mode=config.get("ceil_mode", False))


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
        return nn.Dropout(config["rate"]), None
    if kind == "Activation":
        return _activated(nn.Identity(), config), None
    if kind == "ReLU":
        return (nn.ReLU6(inplace=True) if config["max_value"] == 6 else nn.ReLU(inplace=True)), None
    if kind == "MaxPooling2D":
        return _pool(config), None
    functions: dict[str, Any] = {
        "GlobalAveragePooling2D": lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1),
        "Flatten": lambda x: torch.flatten(x, 1),
        "Add": lambda a, b: a + b,
        "Concatenate": lambda *parts: torch.cat(parts, 1),
    }
    if kind in functions:
        return None, functions[kind]
    raise NotImplementedError(f"no PyTorch for {kind}")


def translate(blueprint: Blueprint) -> nn.Module:
    """The module; its images are (n, c, h, w)."""
    return Translated(blueprint)
