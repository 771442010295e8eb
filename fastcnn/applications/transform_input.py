"""Networks that torchvision took over with their weights: those were trained on pixels from -1 to 1."""

from typing import Any

from fastcnn import layers

__all__ = ["to_minus_one_to_one"]

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of torchvision's normalisation


def to_minus_one_to_one(x: Any) -> Any:
    """A layer that undoes torchvision's normalisation and brings pixels to -1..1.

    Args:
        x: symbolic (n, h, w, 3).
    """
    if x.shape[-1] != 3:
        raise ValueError(f"transform_input=True takes images of 3 channels, got shape {tuple(x.shape)}")
    scale, offset = [std / 0.5 for std in _STD], [(mean - 0.5) / 0.5 for mean in _MEAN]
    return layers.Rescaling(scale, offset, name="transform_input")(x)
