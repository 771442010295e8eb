"""Weights of PyTorch onto a model whose layers are called by the paths of PyTorch's modules."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from fastcnn.saving.torch_layout import Part, flattened_images, torch_parts
from fastcnn.saving.variables import layers_of, listed

__all__ = ["assign_torch", "looks_like_torch", "plain_names"]

Array = np.ndarray[Any, Any]

_LEAVES = ("weight", "bias", "running_mean", "running_var", "layer_scale")
_COUNTER = "num_batches_tracked"
_HELPERS = ("aux1", "aux2", "AuxLogits", "aux_classifier")  # heads that serve training only
_HEADS = ("fc", "classifier", "head")
# DenseNet's published files are older than the rule that a module's name has no dot.
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def looks_like_torch(names: Iterable[str]) -> bool:
    """Whether arrays are called as in a state dict of PyTorch: ``layer1.0.conv1.weight``, not ``conv1/kernel``.

    Args:
        names: of the arrays of a file.

    Example:
        >>> looks_like_torch(["features.0.weight", "features.0.bias"])
        True
        >>> looks_like_torch(["conv1/kernel", "conv1/bias"])
        False
    """
    names = list(names)
    return bool(names) and all(
        "." in name and "/" not in name and name.rpartition(".")[2] in (*_LEAVES, _COUNTER)
        for name in plain_names(names)
    )


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Names without what wrappers and old versions of PyTorch made of them: by the new name the one in the file."""
    names = list(names)
    prefix = "module." if names and all(name.startswith("module.") for name in names) else ""
    return {_OLD_DENSENET.sub(r"\1\2", name.removeprefix(prefix)): name for name in names}


def assign_torch(
    model: Any, arrays: dict[str, Array], skip_mismatch: bool = False, source: Any = "the state dict"
) -> None:
    """Gives a model the weights of a state dict of PyTorch. If anything does not fit, it raises and nothing is changed.

    A layer gets the arrays of the module that it is named after: ``layer.weight``, ``.bias``, ``.running_mean``,
    ``.running_var``. Convolutions come from (o, i, h, w) to (h, w, i, o), Dense kernels are transposed, and where they
    get flattened images their rows are sorted from (c, h, w) to (h, w, c). Counters of batches and heads that serve
    training only (``aux1``, ``AuxLogits``) are left aside; so is the classifier where the model has none.

    Args:
        model: built; functional or Sequential if it flattens images.
        arrays: by PyTorch's names, in PyTorch's layout; "module." before all of them is dropped.
        skip_mismatch: leave weights as they are that are missing or have another shape.
        source: what the arrays are called in messages.

    Raises:
        ValueError: names and shapes of the tensors that are missing, unexpected or of another shape.

    Example:
        >>> import fastcnn
        >>> from fastcnn import layers
        >>> model = fastcnn.models.Sequential([layers.Input((2,)), layers.Dense(3, name="fc")])
        >>> weight = np.arange(6, dtype="float32").reshape(3, 2)
        >>> assign_torch(model, {"fc.weight": weight, "fc.bias": np.zeros(3)})
        >>> model.get_weights()[0]
        array([[0., 2., 4.],
               [1., 3., 5.]], dtype=float32)
    """
    arrays = {new: arrays[old] for new, old in plain_names(arrays).items() if not new.endswith(_COUNTER)}
    parts = _parts_of(model, {name.rpartition(".")[0] for name in arrays}, skip_mismatch)
    missing = [name for name in parts if name not in arrays]
    unexpected = _unexpected(arrays, parts, whole=not missing)
    wrong = [
        f"{name} has shape {part.shape} in the model (in PyTorch's order), the file has {arrays[name].shape}"
        for name, part in parts.items()
        if name in arrays and arrays[name].shape != part.shape
    ]
    if not skip_mismatch and (missing or unexpected or wrong):
        raise ValueError(
            f"{source}: the weights do not fit the model; nothing was loaded."
            + listed(missing, unexpected, wrong)
            + _hint(parts, missing)
        )
    fitting = [(p, arrays[name]) for name, p in parts.items() if name in arrays and arrays[name].shape == p.shape]
    for part, array in fitting:
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{source}: {part.variable.path} needs numbers, got dtype {array.dtype}")
    with np.errstate(over="ignore"):
        for part, array in fitting:
            part.variable.assign(part.convert(array).astype(np.float32, copy=False))


def _parts_of(model: Any, modules: set[str], skip_mismatch: bool) -> dict[str, Part]:
    """What each weight of the model is called in the file."""
    images = flattened_images(model)
    parts: dict[str, Part] = {}
    for prefix, layer in layers_of(model):
        if not layer._ordered_own():
            continue
        try:
            own = torch_parts(layer, images.get(id(layer)))
        except NotImplementedError:
            if skip_mismatch:
                continue
            raise
        module = _module(prefix, modules)
        for part in own:
            name = f"{module}.{part.leaf}" if module else part.leaf
            if name in parts:
                raise ValueError(f"two layers of the model are called {module!r}: the file has weights for one of them")
            parts[name] = part
    return parts


def _module(prefix: str, modules: set[str]) -> str:
    """The path of the module; models that a model consists of may have names that the file knows nothing of."""
    names = prefix.rstrip("/").split("/") if prefix else []
    candidates = [".".join(names[i:]) for i in range(len(names) + 1)]
    return next((path for path in candidates[:-1] if path in modules), candidates[-2] if names else "")


def _unexpected(arrays: dict[str, Array], parts: dict[str, Part], whole: bool) -> list[str]:
    """What the model has no place for. Where it lacks nothing, it may do without the top."""
    present = {name.partition(".")[0] for name in parts}
    spare = {*_HELPERS, *(_HEADS if whole else ())} - present
    return [name for name in arrays if name not in parts and name.partition(".")[0] not in spare]


def _hint(parts: dict[str, Part], missing: list[str]) -> str:
    if len(missing) < len(parts) or not parts:
        return ""
    return (
        "\n  No layer has a name of the file: layers must be called after PyTorch's modules, as those of "
        "fastcnn.applications are with variant='torchvision'"
    )
