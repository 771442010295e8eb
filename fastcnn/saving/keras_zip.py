"""Keras 3's ``.keras``: a zip archive of the config, the weights in HDF5, and who wrote it."""

import os
from pathlib import Path
from typing import Any

from fastcnn._arrays import plain
from fastcnn.saving.atomic import atomic_write
from fastcnn.saving.blueprint import compile_config_of, compile_from, model_config, model_from, warn_of_lambdas
from fastcnn.saving.gate import Source, parse_json
from fastcnn.saving.h5read import H5File, import_h5py
from fastcnn.saving.keras_h5 import load_weights_h5, write_h5
from fastcnn.saving.zips import open_zip, read_member

__all__ = ["load_keras", "load_keras_weights", "save_keras"]

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_KERAS_VERSION = "3.0.0"  # the first that reads what is written here


def save_keras(model: Any, path: Any, include_optimizer: bool = True) -> None:
    """Writes the whole model to a ``.keras`` file that Keras 3 reads, at once or not at all."""
    import io
    import json
    import time
    import zipfile

    import_h5py()
    config = model_config(model)
    compiled = compile_config_of(model) if include_optimizer else None
    warn_of_lambdas(config, compiled)
    if compiled is not None:
        config["compile_config"] = compiled
    metadata = {"keras_version": _KERAS_VERSION, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
    weights = io.BytesIO()
    write_h5(model, weights, include_optimizer)
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_METADATA, json.dumps(metadata))
        archive.writestr(_CONFIG, json.dumps(config, default=plain))
        archive.writestr(_WEIGHTS, weights.getbuffer())


def load_keras(path: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """The model of a ``.keras`` file; nothing of it is written to the disk or run."""
    with Path(path).open("rb") as file:
        source = Source(path, os.fstat(file.fileno()).st_size)
        archive = open_zip(file, source)
        config = parse_json(read_member(archive, _CONFIG, source), source, _CONFIG)
        compiled = config.pop("compile_config", None) if isinstance(config, dict) else None
        model = model_from(config, custom_objects, source)
        if compile:
            compile_from(model, compiled, custom_objects)
        _load_weights(model, archive, source, False)
    return model


def load_keras_weights(model: Any, path: Any, skip_mismatch: bool = False) -> None:
    """Gives a model the weights of a ``.keras`` file."""
    with Path(path).open("rb") as file:
        source = Source(path, os.fstat(file.fileno()).st_size)
        _load_weights(model, open_zip(file, source), source, skip_mismatch)


def _load_weights(model: Any, archive: Any, source: Source, skip_mismatch: bool) -> None:
    with H5File(source.name, read_member(archive, _WEIGHTS, source), source) as h5:
        load_weights_h5(model, h5, skip_mismatch)
