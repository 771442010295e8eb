"""What is done to images before a network sees them."""

from fastcnn.preprocessing.modes import preprocess_input

__all__ = ["preprocess_input"]
