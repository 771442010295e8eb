"""A network as files that need no fastcnn to be read: its layers in order, which reads which, and its weights."""

import json
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Blueprint", "Borders", "borders", "read", "write"]

Array = np.ndarray[Any, Any]
Borders = list[tuple[int, int]]


class Blueprint:
    """What ``write`` has written.

    Attributes:
        input: the number of the value that holds the images.
        output: the number of the value that is the result.
        size: how many values there are.
        image: the shape of one image, (h, w, c).
        steps: for each layer in the order of execution a dict: ``kind``, Keras's name of the class; ``config``, as in
            Keras; ``sources``, the values it reads; ``target``, the value it gives; ``shape``, its first input's
            without the batch; ``weights``, how many arrays it has.
    """

    def __init__(self, folder: Path):
        description = json.loads((folder / "network.json").read_text())
        self.input: int = description["input"]
        self.output: int = description["output"]
        self.size: int = description["size"]
        self.image: tuple[int, ...] = tuple(description["image"])
        self.steps: list[dict[str, Any]] = description["steps"]
        self._archive = np.load(folder / "weights.npz")

    def weights(self, target: int) -> list[Array]:
        """The arrays of the layer whose result is this value, in Keras's order; read from the file now."""
        count = next(step["weights"] for step in self.steps if step["target"] == target)
        return [self._archive[f"{target}.{i}"] for i in range(count)]

    def draws(self) -> bool:
        """Whether training draws random numbers, so that losses of two libraries cannot be equal."""
        return any(step["kind"] == "Dropout" for step in self.steps)


def borders(step: dict[str, Any], padding: Any = None) -> Borders:
    """Cells before and behind the image, first of the height, then of the width.

    Args:
        step: a layer that slides windows over an image.
        padding: "valid", "same" or numbers, in place of the layer's.
    """
    config = step["config"]
    padding = config["padding"] if padding is None else padding
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding != "same":
        return [(before, behind) for before, behind in padding]
    size = config.get("kernel_size") or config["pool_size"]
    missing = [
        max(0, (-(-n // s) - 1) * s + k - n) for n, k, s in zip(step["shape"][:2], size, config["strides"], strict=True)
    ]
    return [(n // 2, n - n // 2) for n in missing]


def write(model: Any, folder: Path) -> None:
    """Writes a functional model of fastcnn with one input and one output.

    Args:
        model: the model.
        folder: where network.json and weights.npz go.
    """
    graph = model._graph
    numbers = {id(graph.flat_inputs[0]): 0}
    steps: list[dict[str, Any]] = []
    arrays: dict[str, Array] = {}
    for node in graph.nodes:
        if not node.inputs:
            continue
        layer, sources = node.operation, node.inputs[0]
        sources = list(sources) if isinstance(sources, (list, tuple)) else [sources]
        target = numbers[id(node.outputs[0])] = len(numbers)
        weights = [variable.numpy() for variable in layer.weights]
        arrays.update({f"{target}.{i}": array for i, array in enumerate(weights)})
        steps.append(
            {
                "kind": type(layer).__name__,
                "config": layer.get_config(),
                "sources": [numbers[id(t)] for t in sources],
                "target": target,
                "shape": list(sources[0].shape[1:]),
                "weights": len(weights),
            }
        )
    description = {
        "input": 0,
        "output": numbers[id(graph.flat_outputs[0])],
        "size": len(numbers),
        "image": list(model.input_shape[1:]),
        "steps": steps,
    }
    (folder / "network.json").write_text(json.dumps(description))
    np.savez(folder / "weights.npz", **arrays)


def read(folder: Any) -> Blueprint:
    """The network in a folder."""
    return Blueprint(Path(folder))
