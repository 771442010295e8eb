"""Layers, with Keras 3's names, arguments and weight shapes."""

from fastcnn.absent import explain_absent

from . import (
    activation,
    augmentation,
    augmentation_colors,
    augmentation_mixing,
    borders,
    centring,
    conv,
    conv_transpose,
    core,
    cropping,
    depthwise,
    dots,
    embedding,
    global_pooling,
    maxout,
    merging,
    normalization,
    pooling,
    preprocessing,
    regularization,
    reshaping,
    residual,
    separable,
    upsampling,
    wrapping,
)
from .activation import *  # noqa: F403
from .augmentation import *  # noqa: F403
from .augmentation_colors import *  # noqa: F403
from .augmentation_mixing import *  # noqa: F403
from .borders import *  # noqa: F403
from .centring import *  # noqa: F403
from .conv import *  # noqa: F403
from .conv_transpose import *  # noqa: F403
from .core import *  # noqa: F403
from .cropping import *  # noqa: F403
from .depthwise import *  # noqa: F403
from .dots import *  # noqa: F403
from .embedding import *  # noqa: F403
from .global_pooling import *  # noqa: F403
from .input import Input, InputLayer
from .input_spec import InputSpec
from .layer import Layer
from .maxout import *  # noqa: F403
from .merging import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403
from .preprocessing import *  # noqa: F403
from .registry import deserialize, get, serialize
from .regularization import *  # noqa: F403
from .reshaping import *  # noqa: F403
from .residual import *  # noqa: F403
from .separable import *  # noqa: F403
from .upsampling import *  # noqa: F403
from .whitening import PCAWhitening, ZCAWhitening
from .wrapping import *  # noqa: F403

__all__ = [
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "PCAWhitening",
    "ZCAWhitening",
    "deserialize",
    "get",
    "serialize",
    *core.__all__,
    *conv.__all__,
    *conv_transpose.__all__,
    *depthwise.__all__,
    *separable.__all__,
    *pooling.__all__,
    *global_pooling.__all__,
    *reshaping.__all__,
    *residual.__all__,
    *borders.__all__,
    *centring.__all__,
    *upsampling.__all__,
    *merging.__all__,
    *dots.__all__,
    *activation.__all__,
    *maxout.__all__,
    *normalization.__all__,
    *regularization.__all__,
    *preprocessing.__all__,
    *augmentation.__all__,
    *augmentation_colors.__all__,
    *augmentation_mixing.__all__,
    *cropping.__all__,
    *embedding.__all__,
    *wrapping.__all__,
]
explain_absent(__name__)
