"""The kernels: NumPy in, NumPy out, no autograd. For benchmarks and for other tools."""

from . import (
    activations,
    arithmetic,
    axis_activations,
    clipping,
    comparison,
    conv,
    depthwise,
    elementary,
    global_pooling,
    image_colors,
    images,
    linear,
    losses,
    normalization,
    optimizers,
    pooling,
    random,
    reductions,
    resizing,
    shaping,
)
from .linear import *  # noqa: F403
from .conv import *  # noqa: F403
from .depthwise import *  # noqa: F403
from .pooling import *  # noqa: F403
from .global_pooling import *  # noqa: F403
from .resizing import *  # noqa: F403
from .normalization import *  # noqa: F403
from .activations import *  # noqa: F403
from .axis_activations import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .comparison import *  # noqa: F403
from .elementary import *  # noqa: F403
from .reductions import *  # noqa: F403
from .shaping import *  # noqa: F403
from .losses import *  # noqa: F403
from .random import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .clipping import *  # noqa: F403
from .images import *  # noqa: F403
from .image_colors import *  # noqa: F403

__all__ = [
    *linear.__all__,
    *conv.__all__,
    *depthwise.__all__,
    *pooling.__all__,
    *global_pooling.__all__,
    *resizing.__all__,
    *normalization.__all__,
    *activations.__all__,
    *axis_activations.__all__,
    *arithmetic.__all__,
    *comparison.__all__,
    *elementary.__all__,
    *reductions.__all__,
    *shaping.__all__,
    *losses.__all__,
    *random.__all__,
    *optimizers.__all__,
    *clipping.__all__,
    *images.__all__,
    *image_colors.__all__,
]
