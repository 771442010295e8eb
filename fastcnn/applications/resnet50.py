"""ResNet50 where Keras has it, too: ``applications.resnet50``."""

from fastcnn.applications.resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
