"""The networks that ``--model`` names. They take pixels 0..255: what they do with them first is part of the model."""

from pathlib import Path
from typing import Any

__all__ = ["SMALL", "default_size", "full_name", "make", "small"]

SMALL = "small"


def full_name(name: str) -> str:
    """The network as the catalog spells it.

    Example:
        >>> full_name("resnet18"), full_name("ResNet-50"), full_name("small")
        ('ResNet18', 'ResNet50', 'small')
    """
    from fastcnn.applications.catalog import CATALOG
    from fastcnn.registry import suggestion

    plain = {key.lower().replace("_", ""): key for key in (SMALL, *CATALOG)}
    found = plain.get(name.lower().replace("_", "").replace("-", ""))
    if found is None:
        raise ValueError(
            f"there is no network {name!r}.{suggestion(name.lower(), [key.lower() for key in plain.values()])} "
            "`fastcnn summary` lists them"
        )
    return found


def default_size(name: str) -> int:
    """Height and width that a network was made for."""
    from fastcnn.applications.catalog import find_entry

    return 64 if name == SMALL else find_entry(name).size


def make(name: str, shape: tuple[int, int, int], classes: int, weights: str | None = None) -> Any:
    """A classifier of images with pixels 0..255.

    Args:
        name: as ``full_name`` gives it.
        shape: of an image.
        classes: how many there are.
        weights: None for random ones; else a path or "imagenet", for a frozen base with a new head.

    Example:
        >>> make("small", (32, 32, 3), 4).output_shape
        (None, 4)
    """
    from fastcnn import applications, layers, transfer
    from fastcnn.preprocessing.modes import preprocess_input

    inputs = layers.Input(shape)
    if name == SMALL:
        return small(inputs, preprocess_input(inputs, "tf"), classes)
    entry = applications.catalog.find_entry(name)
    build = getattr(applications, entry.name)
    mode = _mode(entry, weights)
    pixels = preprocess_input(inputs, mode if shape[-1] == 3 or mode == "none" else "tf")
    if weights is None:
        return _with_quick_statistics(build(weights=None, input_tensor=pixels, classes=classes))
    base = build(include_top=False, weights=weights, input_tensor=pixels)
    # The features of some networks are large, of others small; standardised, one learning rate suits all of them.
    head = [layers.BatchNormalization(momentum=0.9, name="head_normalization")]
    return transfer.build(base, classes, head, pooling="avg", dropout=0.2)


def _with_quick_statistics(model: Any) -> Any:
    """Published momenta, up to 0.999, suit a million images; with a few hundred validation would lag behind."""
    from fastcnn.layers import BatchNormalization

    for layer in model.layers:
        if isinstance(layer, BatchNormalization):
            layer.momentum = min(layer.momentum, 0.9)
    return model


def _mode(entry: Any, weights: str | None) -> str:
    """How the pixels were prepared that the weights were trained on."""
    from fastcnn.applications.catalog import preprocess_mode
    from fastcnn.applications.weights import find_weights, variant_of

    if weights is None:
        return preprocess_mode(entry.name)
    try:
        path = find_weights(entry.name, entry.files, False, None) if weights == "imagenet" else Path(weights)
    except FileNotFoundError:  # some networks have files for other sizes; if not, they say it themselves
        return preprocess_mode(entry.name)
    variant = variant_of(path) if path.is_file() else None
    return preprocess_mode(entry.name, variant if variant in entry.variants else None)


def small(inputs: Any, x: Any, classes: int) -> Any:
    """Four blocks of convolution, batch normalisation and pooling: for images of 28 to 128 pixels.

    Args:
        inputs: where the model begins.
        x: symbolic pixels around -1..1, (n, h, w, c).
        classes: how many there are.
    """
    from fastcnn import layers
    from fastcnn.models import Model

    for filters in (32, 64, 128, 128):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        if min(x.shape[1:3]) >= 4:
            x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(x))
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name=SMALL)
