"""Pictures before they meet a network: generators that change them at random, layers that bring them into a range."""

from fastcnn.layers import (
    ChannelMeanSubtraction,
    MeanImageSubtraction,
    PCAWhitening,
    Standardization,
    ZCAWhitening,
    ZeroCenter,
)
from fastcnn.preprocessing import image
from fastcnn.preprocessing.modes import preprocess_input
from fastcnn.utils import image_dataset_from_directory

__all__ = [
    "ChannelMeanSubtraction",
    "MeanImageSubtraction",
    "PCAWhitening",
    "Standardization",
    "ZCAWhitening",
    "ZeroCenter",
    "image",
    "image_dataset_from_directory",
    "preprocess_input",
]
