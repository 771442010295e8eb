"""fastcnn: convolutional networks on the CPU you already have."""

from fastcnn import kernels, reference
from fastcnn._core import get_num_threads, set_num_threads
from fastcnn.config import get_cmake_dir, get_include, get_library_dir, get_pkgconfig_dir, show_config

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "get_cmake_dir",
    "get_include",
    "get_library_dir",
    "get_num_threads",
    "get_pkgconfig_dir",
    "kernels",
    "reference",
    "set_num_threads",
    "show_config",
]
