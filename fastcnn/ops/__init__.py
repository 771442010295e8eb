"""Operations on tensors, with keras.ops' names: each runs a kernel, and the tapes know its gradient."""

from . import activations, arithmetic, creation, indexing, linear, losses, normalization, pooling, reductions, shaping
from . import conv as conv_family  # the name conv will be the operation's
from .activations import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .conv import *  # noqa: F403
from .creation import *  # noqa: F403
from .indexing import *  # noqa: F403
from .linear import *  # noqa: F403
from .losses import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403
from .reductions import *  # noqa: F403
from .shaping import *  # noqa: F403

__all__ = [
    *arithmetic.__all__,
    *creation.__all__,
    *reductions.__all__,
    *shaping.__all__,
    *indexing.__all__,
    *linear.__all__,
    *conv_family.__all__,
    *pooling.__all__,
    *activations.__all__,
    *normalization.__all__,
    *losses.__all__,
    *noise.__all__,
]
