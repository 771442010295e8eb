"""Saving and loading: the suffix of a file name decides the format."""

import warnings
from os import PathLike
from pathlib import Path
from typing import Any

from fastcnn.mistaken import mistaken
from fastcnn.saving.gate import FileFormatError

__all__ = ["load_model", "load_weights", "restore", "save_model", "save_weights"]

MODELS = (".fastcnn", ".keras")
MODELS_READ = (*MODELS, ".h5", ".hdf5")
WEIGHTS = (".weights.h5", ".safetensors", ".npz", ".fastcnn")
WEIGHTS_READ = (*WEIGHTS, ".keras", ".h5", ".hdf5", ".pth", ".pt", ".bin", ".onnx")


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    zipped: bool | None = None,
    include_optimizer: bool = True,
    training_state: Any = None,
) -> None:
    """Writes the whole model: architecture, weights, arguments of ``compile``, state of the optimizer.

    The file appears whole or not at all: a crash leaves the old one.

    Args:
        model: functional, Sequential, or of a class with ``get_config``; built.
        filepath: ends in ``.fastcnn`` (one safetensors file with checksums, keeps the random generators too) or
            ``.keras`` (Keras 3 reads it; needs h5py).
        overwrite: whether a file of that name may be replaced; if not, and there is one, FileExistsError is raised.
        zipped: must not be False.
        include_optimizer: whether the arguments of ``compile`` and the state of the optimizer are kept.
        training_state: for ``.fastcnn`` only: numbers, strings, arrays, lists and dicts that ``restore`` gives back.

    Example:
        >>> import fastcnn, pathlib, tempfile
        >>> from fastcnn import layers
        >>> path = pathlib.Path(tempfile.mkdtemp(), "model.fastcnn")
        >>> save_model(fastcnn.models.Sequential([layers.Input((4,)), layers.Dense(3)]), path)
        >>> load_model(path).output_shape
        (None, 3)
    """
    if zipped is False:
        raise NotImplementedError("zipped=False is not supported by fastcnn: a model is one file")
    suffix = _suffix(filepath, MODELS, "a model")
    if training_state is not None and suffix != ".fastcnn":
        raise ValueError(f"training_state is kept in .fastcnn files only, got {str(filepath)!r}")
    _check_built(model, "saved")
    _check_overwrite(filepath, overwrite)
    if suffix == ".keras":
        from fastcnn.saving.keras_zip import save_keras

        save_keras(model, filepath, include_optimizer)
    else:
        from fastcnn.saving.native import save_native

        save_native(model, filepath, include_optimizer, training_state)


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model that a file holds. Nothing in a file is ever run, nothing else is opened, and memory is bounded.

    Args:
        filepath: ends in ``.fastcnn``, ``.keras``, or ``.h5`` (a whole model as Keras 2 wrote it).
        custom_objects: your classes and functions by name, where they are not registered.
        compile: whether the model is compiled as it was, and the optimizer gets its state back.
        safe_mode: must be True; there is no unsafe mode.

    Raises:
        FileFormatError: a ValueError: the file is damaged or tries what data must not do.
        ValueError: it names classes that are not known, or its weights do not fit its architecture.

    Example:
        >>> import fastcnn, pathlib, tempfile
        >>> from fastcnn import layers
        >>> model = fastcnn.models.Sequential([layers.Input((4,)), layers.Dense(3)])
        >>> path = pathlib.Path(tempfile.mkdtemp(), "model.fastcnn")
        >>> model.save(path)
        >>> bool((load_model(path).get_weights()[0] == model.get_weights()[0]).all())
        True
    """
    if not safe_mode:
        raise NotImplementedError("safe_mode=False is not supported by fastcnn: no file may run code")
    suffix = _suffix(filepath, MODELS_READ, "a model")
    if str(filepath).endswith(".weights.h5"):
        raise ValueError(f"{filepath} holds weights only; build the model and call model.load_weights")
    _check_exists(filepath)
    if suffix == ".keras":
        from fastcnn.saving.keras_zip import load_keras

        return load_keras(filepath, custom_objects, compile)
    if suffix == ".fastcnn":
        from fastcnn.saving.native import load_native

        return load_native(filepath, custom_objects, compile)
    from fastcnn.saving.legacy_h5 import load_legacy

    return load_legacy(filepath, custom_objects, compile)


def save_weights(model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None) -> None:
    """Writes the weights of a model. The file appears whole or not at all.

    Args:
        model: built.
        filepath: ends in ``.weights.h5`` (Keras 3 reads it; with the state of the optimizer; needs h5py),
            ``.safetensors`` or ``.npz`` (arrays by ``layer/weight``), or ``.fastcnn`` (the whole model).
        overwrite: whether a file of that name may be replaced; if not, and there is one, FileExistsError is raised.
        max_shard_size: must be None: weights are one file.

    Example:
        >>> import fastcnn, pathlib, tempfile
        >>> from fastcnn import layers
        >>> model = fastcnn.models.Sequential([layers.Input((4,)), layers.Dense(3)])
        >>> path = pathlib.Path(tempfile.mkdtemp(), "model.safetensors")
        >>> model.save_weights(path)
        >>> model.load_weights(path)
    """
    if max_shard_size is not None:
        raise NotImplementedError("max_shard_size is not supported by fastcnn: weights are one file")
    suffix = _suffix(filepath, WEIGHTS, "weights")
    _check_built(model, "saved")
    _check_overwrite(filepath, overwrite)
    if suffix == ".weights.h5":
        from fastcnn.saving.keras_h5 import save_weights_h5

        save_weights_h5(model, filepath)
        return
    if suffix == ".fastcnn":
        from fastcnn.saving.native import save_native

        save_native(model, filepath)
        return
    from fastcnn.saving.variables import named_weights

    arrays = {name: v.numpy() for name, v in named_weights(model).items()}
    if suffix == ".npz":
        from fastcnn.saving.npz import write_npz

        write_npz(filepath, arrays)
    else:
        from fastcnn.saving.safetensors import write_safetensors

        write_safetensors(filepath, arrays, {"format": "np"})


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, by_name: bool = False, **kwargs: Any) -> None:
    """Gives a model the weights that a file holds. If anything does not fit, it raises and nothing is changed.

    Weights in ``.safetensors``, ``.npz`` and ``.fastcnn`` files are found by name, ``layer/weight``; where the names of
    layers differ but kinds, shapes and order of the weights agree, by order. HDF5 files go by the place of the layer in
    the model, as in Keras. State dicts of PyTorch go by name, where layers are called after PyTorch's modules; an ONNX
    file by name or by the order of use. Layouts are converted: filters last, rows of a Dense after a Flatten sorted.

    Args:
        model: built.
        filepath: any file that ``save_weights``, ``save`` or Keras (2 and 3) has written; a state dict that PyTorch has
            saved (``.pth``, ``.pt``, ``.bin``, or ``.safetensors`` with PyTorch's names); a ``.onnx`` model.
        skip_mismatch: leave weights as they are that the file lacks or has in another shape, and warn of them.
        by_name: for Keras 2's ``.h5``: layers are found by name, and the others left as they are.

    Example:
        >>> import fastcnn, pathlib, tempfile
        >>> from fastcnn import layers
        >>> model = fastcnn.models.Sequential([layers.Input((4,)), layers.Dense(3)])
        >>> path = pathlib.Path(tempfile.mkdtemp(), "model.npz")
        >>> model.save_weights(path)
        >>> model.load_weights(path)
    """
    if kwargs:
        raise TypeError(f"load_weights got an unknown argument {next(iter(kwargs))!r}")
    suffix = _suffix(filepath, WEIGHTS_READ, "weights")
    _check_exists(filepath)
    _check_built(model, "given weights")
    if by_name and suffix not in (".h5", ".hdf5", ".weights.h5"):
        raise ValueError(f"by_name is for Keras 2's .h5 files, got {str(filepath)!r}; other files always go by name")
    versions = [(v, v.version) for v in model.weights]
    if suffix in (".h5", ".hdf5", ".weights.h5"):
        _load_h5(model, filepath, skip_mismatch, by_name)
    elif suffix == ".keras":
        from fastcnn.saving.keras_zip import load_keras_weights

        load_keras_weights(model, filepath, skip_mismatch)
    elif suffix == ".fastcnn":
        from fastcnn.saving.native import load_native_weights

        load_native_weights(model, filepath, skip_mismatch)
    elif suffix == ".onnx":
        from fastcnn.saving.onnx_weights import load_onnx_weights

        load_onnx_weights(model, filepath, skip_mismatch)
    else:
        _load_named(model, filepath, suffix, skip_mismatch)
    left = [v.path for v, version in versions if v.version == version]
    if skip_mismatch and left:
        more = "..." if len(left) > 5 else ""
        warnings.warn(
            f"{filepath}: {len(left)} of {len(versions)} weights stay as they are, for the file lacks them or has them "
            f"in another shape: {', '.join(left[:5])}{more}",
            UserWarning,
            stacklevel=3,
        )


def _load_named(model: Any, filepath: Any, suffix: str, skip_mismatch: bool) -> None:
    from fastcnn.saving.npz import read_npz
    from fastcnn.saving.safetensors import read_safetensors
    from fastcnn.saving.torch_file import read_torch
    from fastcnn.saving.torch_names import assign_torch, looks_like_torch
    from fastcnn.saving.variables import assign_all, match, named_weights

    if suffix == ".npz":
        arrays = read_npz(filepath)
    elif suffix == ".safetensors":
        arrays = read_safetensors(filepath)[0]
    else:
        arrays = read_torch(filepath)
    if suffix not in (".npz", ".safetensors") or (suffix == ".safetensors" and looks_like_torch(arrays)):
        assign_torch(model, arrays, skip_mismatch, filepath)
    else:
        assign_all(match(arrays, named_weights(model), filepath, skip_mismatch))


def _load_h5(model: Any, filepath: Any, skip_mismatch: bool, by_name: bool) -> None:
    from fastcnn.saving.h5read import H5File
    from fastcnn.saving.keras_h5 import load_weights_h5
    from fastcnn.saving.legacy_h5 import is_legacy, load_legacy_weights

    with H5File(filepath) as h5:
        if is_legacy(h5):
            load_legacy_weights(model, h5, skip_mismatch, by_name)
        elif by_name:
            raise ValueError(
                f"by_name is for Keras 2's .h5 files; {filepath} is in the layout of Keras 3, which has no names"
            )
        else:
            load_weights_h5(model, h5, skip_mismatch)


def restore(model: Any, filepath: Any) -> Any:
    """Puts a compiled model into the state of a ``.fastcnn`` file: weights, optimizer, metrics, random generators.

    Args:
        model: of the same architecture, compiled with the same optimizer and metrics.
        filepath: ends in ``.fastcnn``.

    Returns:
        The ``training_state`` that ``save_model`` was given.

    Example:
        >>> import fastcnn, pathlib, tempfile
        >>> from fastcnn import layers
        >>> model = fastcnn.models.Sequential([layers.Input((4,)), layers.Dense(3)])
        >>> path = pathlib.Path(tempfile.mkdtemp(), "model.fastcnn")
        >>> save_model(model, path, training_state={"epoch": 7})
        >>> restore(model, path)
        {'epoch': 7}
    """
    from fastcnn.saving.native import restore_native

    _suffix(filepath, (".fastcnn",), "a state")
    _check_exists(filepath)
    _check_built(model, "given a state")
    return restore_native(model, filepath)


def _suffix(filepath: Any, allowed: tuple[str, ...], what: str) -> str:
    if not isinstance(filepath, (str, PathLike)):
        raise TypeError(f"filepath must be the path of a file for {what}, got {filepath!r}")
    name = Path(filepath).name.lower()
    for suffix in sorted(allowed, key=len, reverse=True):
        if name.endswith(suffix):
            return suffix
    endings = " or ".join(filter(None, [", ".join(allowed[:-1]), allowed[-1]]))
    raise ValueError(f"the name of a file for {what} must end in {endings}, got {str(filepath)!r}")


def _check_exists(filepath: Any) -> None:
    if not Path(filepath).is_file():
        raise FileNotFoundError(f"there is no file {str(filepath)!r}")
    with Path(filepath).open("rb") as file:
        what = mistaken(file.read(200))
    if what:
        raise FileFormatError(f"{filepath}: {what}")


def _check_overwrite(filepath: Any, overwrite: bool) -> None:
    if not overwrite and Path(filepath).exists():
        raise FileExistsError(f"{filepath} exists already, and overwrite is False")


def _check_built(model: Any, what: str) -> None:
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights yet, so it cannot be {what}: begin it with Input, call it on a "
            "batch, or call model.build(input_shape)"
        )
