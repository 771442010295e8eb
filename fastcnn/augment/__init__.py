"""Images changed at random while a network trains: albumentations' names and arguments over fastcnn's kernels.

A transform is called as ``aug(image=image)["image"]``; ``apply(aug, image, key)`` makes the result a function of image
and key alone, which is how data sets call it: with the key (seed, epoch, index of the sample).
"""

from fastcnn.absent import refuse as _refuse
from fastcnn.augment.affine import Affine, Rotate, ShiftScaleRotate
from fastcnn.augment.applying import apply
from fastcnn.augment.arguments import (
    BORDER_CONSTANT,
    BORDER_REFLECT,
    BORDER_REFLECT_101,
    BORDER_REPLICATE,
    BORDER_WRAP,
    INTER_AREA,
    INTER_CUBIC,
    INTER_LINEAR,
    INTER_NEAREST,
)
from fastcnn.augment.base import DualTransform, ImageOnlyTransform, Transform
from fastcnn.augment.blur import Blur, GaussianBlur
from fastcnn.augment.choices import OneOf, OneOrOther, RandomOrder, SomeOf
from fastcnn.augment.colour import ColorJitter, HueSaturationValue, ToGray
from fastcnn.augment.compose import Compose, ReplayCompose, Sequential
from fastcnn.augment.crops import CenterCrop, RandomCrop, RandomResizedCrop
from fastcnn.augment.dicts import from_dict, to_dict
from fastcnn.augment.draws import Draws
from fastcnn.augment.dropout import CoarseDropout
from fastcnn.augment.flips import D4, HorizontalFlip, RandomRotate90, Transpose, VerticalFlip
from fastcnn.augment.noise import GaussNoise
from fastcnn.augment.normalizing import Normalize, ToFloat
from fastcnn.augment.padding import PadIfNeeded
from fastcnn.augment.presets import preset
from fastcnn.augment.resizing import LongestMaxSize, Resize, SmallestMaxSize
from fastcnn.augment.simple import Lambda, NoOp
from fastcnn.augment.tone import CLAHE, RandomBrightnessContrast, RandomGamma

Vertical = VerticalFlip
Horizontal = HorizontalFlip
ShiftScaleRotation = ShiftScaleRotate

__all__ = [
    "BORDER_CONSTANT",
    "BORDER_REFLECT",
    "BORDER_REFLECT_101",
    "BORDER_REPLICATE",
    "BORDER_WRAP",
    "CLAHE",
    "D4",
    "INTER_AREA",
    "INTER_CUBIC",
    "INTER_LINEAR",
    "INTER_NEAREST",
    "Affine",
    "Blur",
    "CenterCrop",
    "CoarseDropout",
    "ColorJitter",
    "Compose",
    "Draws",
    "DualTransform",
    "GaussNoise",
    "GaussianBlur",
    "Horizontal",
    "HorizontalFlip",
    "HueSaturationValue",
    "ImageOnlyTransform",
    "Lambda",
    "LongestMaxSize",
    "NoOp",
    "Normalize",
    "OneOf",
    "OneOrOther",
    "PadIfNeeded",
    "RandomBrightnessContrast",
    "RandomCrop",
    "RandomGamma",
    "RandomOrder",
    "RandomResizedCrop",
    "RandomRotate90",
    "ReplayCompose",
    "Resize",
    "Rotate",
    "Sequential",
    "ShiftScaleRotate",
    "ShiftScaleRotation",
    "SmallestMaxSize",
    "SomeOf",
    "ToFloat",
    "ToGray",
    "Transform",
    "Transpose",
    "Vertical",
    "VerticalFlip",
    "apply",
    "from_dict",
    "preset",
    "to_dict",
]


def __getattr__(name: str) -> object:
    _refuse(name, __name__, __all__)
