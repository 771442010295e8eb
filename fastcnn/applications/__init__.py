"""Published networks by Keras's names: ``applications.VGG16``, ``applications.vgg16.preprocess_input``."""

import importlib
from typing import Any

from fastcnn.absent import refuse
from fastcnn.applications.catalog import CATALOG, list_models, preprocess_mode, table

_MODULES = [
    "alexnet",
    "convnext",
    "densenet",
    "efficientnet",
    "efficientnet_v2",
    "googlenet",
    "imagenet_utils",
    "inception_v3",
    "lenet5",
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v3",
    "resnet",
    "resnet50",
    "resnet_torchvision",
    "resnet_v2",
    "squeezenet",
    "vgg",
    "vgg16",
    "vgg19",
    "xception",
]

__all__ = ["list_models", "preprocess_mode", "table", *_MODULES, *CATALOG]


def __getattr__(name: str) -> Any:
    if name in CATALOG:
        return getattr(importlib.import_module(f"fastcnn.applications.{CATALOG[name].module}"), name)
    if name in _MODULES:
        return importlib.import_module(f"fastcnn.applications.{name}")
    return refuse(name, __name__, [*CATALOG, *_MODULES])


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
