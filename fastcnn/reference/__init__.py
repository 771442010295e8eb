"""The kernels in plain NumPy: the truth for tests and the yardstick for benchmarks."""

from . import (
    activations,
    arithmetic,
    conv,
    depthwise,
    image_colors,
    images,
    linear,
    losses,
    normalization,
    optimizers,
    pooling,
    random,
    shaping,
)
from .linear import *  # noqa: F403
from .conv import *  # noqa: F403
from .depthwise import *  # noqa: F403
from .pooling import *  # noqa: F403
from .normalization import *  # noqa: F403
from .activations import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .shaping import *  # noqa: F403
from .losses import *  # noqa: F403
from .random import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .images import *  # noqa: F403
from .image_colors import *  # noqa: F403

__all__ = [
    *linear.__all__,
    *conv.__all__,
    *depthwise.__all__,
    *pooling.__all__,
    *normalization.__all__,
    *activations.__all__,
    *arithmetic.__all__,
    *shaping.__all__,
    *losses.__all__,
    *random.__all__,
    *optimizers.__all__,
    *images.__all__,
    *image_colors.__all__,
]
