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

__all__ = [
    "ChannelMeanSubtraction",
    "MeanImageSubtraction",
    "PCAWhitening",
    "Standardization",
    "ZCAWhitening",
    "ZeroCenter",
    "image",
    "preprocess_input",
]
