"""Pictures from files: reading, listing, loading ahead in threads, keeping what was read."""

from fastcnn.data.dataset import AUTOTUNE, ImageDataset
from fastcnn.data.folders import list_folder
from fastcnn.data.loader import in_order
from fastcnn.data.reading import UnreadableImageError, read_image

__all__ = ["AUTOTUNE", "ImageDataset", "UnreadableImageError", "in_order", "list_folder", "read_image"]
