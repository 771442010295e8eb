"""``.fastcnn``: everything in one safetensors file. The metadata describe the model; each tensor has a checksum.

Tensors are called ``weights/layer/weight``, ``seeds/layer/seed_generator``, ``optimizer/0``..., ``metrics/0``... and
``training/0``...; any reader of safetensors can open the file. The entry ``fastcnn`` of its metadata is a JSON
document: ``format`` (1), ``version`` (of fastcnn), ``model`` (Keras 3's config), ``compile``, ``training`` (whatever
the trainer wants to keep, arrays by the names of their tensors) and ``crc32`` of every tensor; the entry ``crc32`` is
that of the document.
"""

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn._arrays import plain
from fastcnn.saving.blueprint import compile_config_of, compile_from, model_config, model_from, warn_of_lambdas
from fastcnn.saving.gate import Source, parse_json
from fastcnn.saving.optimizers import load_optimizer, optimizer_arrays
from fastcnn.saving.safetensors import read_safetensors, write_safetensors
from fastcnn.saving.variables import assign_all, match, named_seeds, named_weights

__all__ = ["load_native", "load_native_weights", "read_state", "restore_native", "save_native", "save_state"]

Array = np.ndarray[Any, Any]

FORMAT = 1
_ARRAY = "__array__"


def save_native(model: Any, path: Any, include_optimizer: bool = True, training_state: Any = None) -> None:
    """Writes the whole model to a ``.fastcnn`` file, at once or not at all.

    Args:
        model: built.
        path: where.
        include_optimizer: whether the arguments of ``compile``, the optimizer's and the metrics' state are kept.
        training_state: numbers, strings, arrays, lists and dicts (with strings as keys) for ``restore_native``.
    """
    tensors = _state(model, include_optimizer)
    if include_optimizer:
        tensors |= {f"metrics/{i}": v.numpy() for i, v in enumerate(_metrics(model))}
    config, compiled = model_config(model), compile_config_of(model) if include_optimizer else None
    warn_of_lambdas(config, compiled)
    _write(path, tensors, config, compiled, training_state)


def save_state(model: Any, path: Any, training_state: Any) -> None:
    """Writes what changes in training (weights, random generators, optimizer) and ``training_state``, no configs.

    So it works for models and losses that cannot be described in a file. Such a file is for ``read_state``.
    """
    _write(path, _state(model, True), None, None, training_state)


def read_state(path: Any) -> tuple[Any, Callable[[Any], None]]:
    """The ``training_state`` of a file, and a function that puts a model into the state that the file holds."""
    document, tensors, source = _read(path)
    return _unpack(document["training"], tensors, source), lambda model: _assign(model, tensors, source, False)


def _state(model: Any, include_optimizer: bool) -> dict[str, Array]:
    tensors: dict[str, Array] = {f"weights/{name}": v.numpy() for name, v in named_weights(model).items()}
    tensors |= {f"seeds/{name}": v.numpy() for name, v in named_seeds(model).items()}
    if include_optimizer:
        tensors |= {f"optimizer/{key}": array for key, array in optimizer_arrays(model).items()}
    return tensors


def _write(path: Any, tensors: dict[str, Array], model: Any, compiled: Any, training: Any) -> None:
    import json

    from fastcnn import __version__

    document = {
        "format": FORMAT,
        "version": __version__,
        "model": model,
        "compile": compiled,
        "training": _pack(training, tensors),
    }
    document["crc32"] = {name: _checksum(name, array) for name, array in tensors.items()}
    text = json.dumps(document, default=plain)
    write_safetensors(path, tensors, {"fastcnn": text, "crc32": f"{zlib.crc32(text.encode()):08x}"})


def load_native(path: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """The model of a ``.fastcnn`` file."""
    document, tensors, source = _read(path)
    if document["model"] is None:
        raise source.refuse("it holds the state of a training, no model; fit with BackupAndRestore reads it")
    model = model_from(document["model"], custom_objects, source)
    if compile:
        compile_from(model, document["compile"], custom_objects)
    _assign(model, tensors, source, False)
    return model


def load_native_weights(model: Any, path: Any, skip_mismatch: bool = False) -> None:
    """Gives a model the weights of a ``.fastcnn`` file, and its optimizer the state."""
    _, tensors, source = _read(path)
    _assign(model, tensors, source, skip_mismatch)


def restore_native(model: Any, path: Any) -> Any:
    """Puts a compiled model into the state of a ``.fastcnn`` file: weights, optimizer, metrics, random generators.

    Returns:
        The ``training_state`` that the file was written with.
    """
    document, tensors, source = _read(path)
    training = _unpack(document["training"], tensors, source)
    _assign(model, tensors, source, False)
    metrics = list(_group(tensors, "metrics/").values())
    own = _metrics(model)
    if [v.shape for v in own] == [array.shape for array in metrics]:  # metrics that saw no batch yet have none
        assign_all(list(zip(own, metrics, strict=True)))
    return training


def _metrics(model: Any) -> list[Any]:
    return list(getattr(model, "metrics_variables", None) or []) if getattr(model, "compiled", False) else []


def _checksum(name: str, array: Array) -> int:
    plain = np.ascontiguousarray(array)
    head = f"{name} {plain.dtype.name} {list(array.shape)}".encode()
    return zlib.crc32(plain.reshape(-1).view(np.uint8).data if plain.size else b"", zlib.crc32(head))


def _read(path: Any) -> tuple[dict[str, Any], dict[str, Array], Source]:
    import os

    tensors, metadata = read_safetensors(path)
    source = Source(path, os.stat(path).st_size)  # noqa: PTH116 (any path-like)
    text = metadata.get("fastcnn")
    if text is None:
        raise source.refuse(
            "this is a safetensors file, but not one that fastcnn wrote: it has no 'fastcnn' in its metadata"
        )
    if metadata.get("crc32") != f"{zlib.crc32(text.encode(errors='surrogatepass')):08x}":
        raise source.refuse("the checksum of the description is wrong; the file is damaged")
    document = parse_json(text, source, "the description")
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise source.refuse("the description has no format number")
    if document["format"] > FORMAT:
        raise source.refuse(
            f"format {document['format']} is newer than this version of fastcnn, which reads up to {FORMAT}"
        )
    sums = document.get("crc32")
    if not isinstance(sums, dict) or set(sums) != set(tensors) or not {"model", "compile", "training"} <= set(document):
        raise source.refuse("the description does not fit the tensors")
    for name, array in tensors.items():
        if sums[name] != _checksum(name, array):
            raise source.refuse(f"the checksum of tensor {name!r} is wrong; the file is damaged")
    return document, tensors, source


def _group(tensors: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}


def _assign(model: Any, tensors: dict[str, Array], source: Source, skip_mismatch: bool) -> None:
    pairs = match(_group(tensors, "weights/"), named_weights(model), source.name, skip_mismatch)
    seeds, own = _group(tensors, "seeds/"), named_seeds(model)
    if seeds and len(seeds) == len(own):
        pairs += match(dict(zip(own, seeds.values(), strict=True)), own, source.name, skip_mismatch)
    assign_all(pairs)
    load_optimizer(model, _group(tensors, "optimizer/"), source.name)


def _pack(value: Any, tensors: dict[str, Array]) -> Any:
    """Arrays become tensors of the file; the rest must be plain."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        name = f"training/{sum(n.startswith('training/') for n in tensors)}"
        tensors[name] = value
        return {_ARRAY: name}
    if isinstance(value, dict):
        if not all(isinstance(k, str) and k != _ARRAY for k in value):
            raise TypeError(f"training_state must have strings as keys, got {list(value)[:5]}")
        return {k: _pack(v, tensors) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(v, tensors) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"training_state must hold numbers, strings, arrays, lists and dicts, got {type(value).__name__}")


def _unpack(value: Any, tensors: dict[str, Array], source: Source) -> Any:
    if isinstance(value, list):
        return [_unpack(v, tensors, source) for v in value]
    if isinstance(value, dict):
        if set(value) == {_ARRAY}:
            if value[_ARRAY] not in tensors:
                raise source.refuse(f"the training state names the tensor {value[_ARRAY]!r}, which is not there")
            return tensors[value[_ARRAY]]
        return {k: _unpack(v, tensors, source) for k, v in value.items()}
    return value
