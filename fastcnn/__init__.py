"""fastcnn: convolutional networks on the CPU you already have."""

from fastcnn import kernels, reference
from fastcnn._core import get_num_threads, set_num_threads

__version__ = "0.1.0"
__all__ = ["__version__", "get_num_threads", "kernels", "reference", "set_num_threads"]
