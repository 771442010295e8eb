"""Pipelines that suit kinds of images."""

from typing import Any

from fastcnn.augment.affine import ShiftScaleRotate
from fastcnn.augment.blur import GaussianBlur
from fastcnn.augment.choices import OneOf
from fastcnn.augment.colour import ColorJitter
from fastcnn.augment.compose import Compose
from fastcnn.augment.dropout import CoarseDropout
from fastcnn.augment.flips import D4, HorizontalFlip
from fastcnn.augment.noise import GaussNoise
from fastcnn.augment.tone import RandomBrightnessContrast, RandomGamma
from fastcnn.registry import suggestion

__all__ = ["preset"]


def preset(name: str, seed: int | None = None) -> Compose:
    """A pipeline for a kind of images; sizes and types of images stay.

    Args:
        name: "natural": photographs, which stay likely when mirrored left to right, not upside down.
            "medical": X-rays and scans, where sides matter and grey values mean something: small moves, slight changes
            of brightness, no mirroring, no colours.
            "digits": characters and signs, which mirroring or turning far makes others: small moves alone.
            "satellite": seen from above there is no up: all eight ways to lay a square, haze, slight colours.
        seed: as in ``Compose``.

    Example:
        >>> preset("digits")
        Compose([
            ShiftScaleRotate(shift_limit=(-0.08, 0.08), rotate_limit=(-10, 10), border_mode='replicate', p=0.9),
        ], p=1.0)
    """
    if name not in _PRESETS:
        known = ", ".join(map(repr, _PRESETS))
        raise ValueError(f"name must be one of {known}, got {name!r}.{suggestion(name, _PRESETS)}".removesuffix("."))
    return Compose(_PRESETS[name](), seed=seed)


def _natural() -> list[Any]:
    return [
        HorizontalFlip(p=0.5),
        ShiftScaleRotate(rotate_limit=15, border_mode="reflect_101", p=0.7),
        RandomBrightnessContrast(p=0.5),
        ColorJitter(brightness=0, contrast=0, saturation=0.2, hue=0.03, p=0.3),
        CoarseDropout(p=0.3),
    ]


def _medical() -> list[Any]:
    return [
        ShiftScaleRotate(shift_limit=0.04, scale_limit=0.05, rotate_limit=7, p=0.7),
        RandomBrightnessContrast(brightness_limit=0.1, contrast_limit=0.1, p=0.5),
        GaussNoise(std_range=(0.0, 0.02), p=0.3),
    ]


def _digits() -> list[Any]:
    return [ShiftScaleRotate(shift_limit=0.08, scale_limit=0.1, rotate_limit=10, border_mode="replicate", p=0.9)]


def _satellite() -> list[Any]:
    return [
        D4(),
        ShiftScaleRotate(rotate_limit=45, border_mode="reflect_101", p=0.5),
        OneOf([RandomBrightnessContrast(), RandomGamma(), GaussianBlur(sigma_limit=(0.5, 1.0))], p=0.5),
        ColorJitter(brightness=0.05, contrast=0, saturation=0.15, hue=0.02, p=0.3),
    ]


_PRESETS = {"natural": _natural, "medical": _medical, "digits": _digits, "satellite": _satellite}
