"""fastcnn: convolutional networks on the CPU you already have."""

import importlib
from typing import TYPE_CHECKING, Any

import fastcnn._waiting  # noqa: F401 (first: it loads OpenMP)
from fastcnn import kernels, ops, reference, seam
from fastcnn.autograd import GradientTape, custom_gradient, grad, stop_gradient
from fastcnn.config import (
    get_cmake_dir,
    get_include,
    get_library_dir,
    get_num_threads,
    get_pkgconfig_dir,
    set_num_threads,
    show_config,
)
from fastcnn.gradcheck import gradcheck
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

if TYPE_CHECKING:  # what __getattr__ below imports
    from fastcnn import (  # noqa: F401
        activations,
        applications,
        augment,
        backend,
        callbacks,
        constraints,
        data,
        datasets,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        preprocessing,
        random,
        regularizers,
        saving,
        transfer,
        utils,
        viz,
    )
    from fastcnn.initializers import Initializer, get_init_policy, set_init_policy
    from fastcnn.layers import Input, InputSpec, Layer
    from fastcnn.losses import Loss
    from fastcnn.metrics import Metric
    from fastcnn.models import Model, Sequential
    from fastcnn.optimizers import Optimizer
    from fastcnn.regularizers import Regularizer

KerasTensor = SymbolicTensor

__version__ = "0.4.0"
__all__ = [
    "GradientTape",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "SymbolicTensor",
    "Tensor",
    "Variable",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "custom_gradient",
    "datasets",
    "get_cmake_dir",
    "get_include",
    "get_init_policy",
    "get_library_dir",
    "get_num_threads",
    "get_pkgconfig_dir",
    "grad",
    "gradcheck",
    "initializers",
    "kernels",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "reference",
    "regularizers",
    "saving",
    "seam",
    "set_init_policy",
    "set_num_threads",
    "show_config",
    "stop_gradient",
    "utils",
]

# Programs that do without these, or come to them later, start sooner.
_ON_FIRST_USE = (
    "activations",
    "applications",
    "augment",
    "backend",
    "callbacks",
    "constraints",
    "data",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "transfer",
    "utils",
    "viz",
)
_INTERNAL = ("gathered", "plan", "registry", "training")  # what those bring along, found here without them, too
_FOUND_IN = {
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "Sequential": "models",
    "get_init_policy": "initializers",
    "set_init_policy": "initializers",
}


def __getattr__(name: str) -> Any:
    if name in _ON_FIRST_USE or name in _INTERNAL:
        return importlib.import_module(f"fastcnn.{name}")
    if name in _FOUND_IN:
        found = globals()[name] = getattr(importlib.import_module(f"fastcnn.{_FOUND_IN[name]}"), name)
        return found
    from fastcnn.absent import refuse

    return refuse(name, "fastcnn", __dir__())


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_FIRST_USE, *_INTERNAL, *_FOUND_IN})
