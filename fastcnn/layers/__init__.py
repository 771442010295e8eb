"""Layers, with Keras 3's names, arguments and weight shapes."""

<<<<<<< HEAD
from .registry import deserialize, get, serialize
from .layer import Layer
from .input import Input, InputLayer
from . import borders, conv, conv_transpose, core, dots, global_pooling, merging, pooling, reshaping, separable
from . import activation, maxout, normalization, preprocessing, regularization, upsampling
from .activation import *  # noqa: F403
=======
from . import (
    borders,
    conv,
    conv_transpose,
    core,
    dots,
    global_pooling,
    merging,
    pooling,
    reshaping,
    separable,
    upsampling,
)
>>>>>>> layers1
from .borders import *  # noqa: F403
from .conv import *  # noqa: F403
from .conv_transpose import *  # noqa: F403
from .core import *  # noqa: F403
from .dots import *  # noqa: F403
from .global_pooling import *  # noqa: F403
<<<<<<< HEAD
from .input_spec import InputSpec
from .maxout import *  # noqa: F403
=======
from .input import Input, InputLayer
from .layer import Layer
>>>>>>> layers1
from .merging import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403
<<<<<<< HEAD
from .preprocessing import *  # noqa: F403
from .regularization import *  # noqa: F403
=======
from .registry import deserialize, get, serialize
>>>>>>> layers1
from .reshaping import *  # noqa: F403
from .separable import *  # noqa: F403
from .upsampling import *  # noqa: F403

__all__ = [
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "deserialize",
    "get",
    "serialize",
    *core.__all__,
    *conv.__all__,
    *conv_transpose.__all__,
    *separable.__all__,
    *pooling.__all__,
    *global_pooling.__all__,
    *reshaping.__all__,
    *borders.__all__,
    *upsampling.__all__,
    *merging.__all__,
    *dots.__all__,
    *activation.__all__,
    *maxout.__all__,
    *normalization.__all__,
    *regularization.__all__,
    *preprocessing.__all__,
]
