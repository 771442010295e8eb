"""Operations on tensors, with keras.ops' names: each runs a kernel, and the tapes know its gradient."""

from fastcnn.absent import explain_absent

from . import (
    activations,
    arithmetic,
    branching,
    comparison,
    contraction,
    conversion,
    creation,
    depthwise,
    elementary,
    global_pooling,
    image,
    indexing,
    joining,
    linear,
    losses,
    matrices,
    noise,
    normalization,
    numbers,
    operands,
    pooling,
    reductions,
    remainders,
    repeating,
    resizing,
    scattering,
    shaping,
    sorting,
    transposed,
)
from . import conv as conv_family  # the name conv will be the operation's
from .activations import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .branching import *  # noqa: F403
from .comparison import *  # noqa: F403
from .contraction import *  # noqa: F403
from .conv import *  # noqa: F403
from .conversion import *  # noqa: F403
from .creation import *  # noqa: F403
from .depthwise import *  # noqa: F403
from .elementary import *  # noqa: F403
from .global_pooling import *  # noqa: F403
from .indexing import *  # noqa: F403
from .joining import *  # noqa: F403
from .linear import *  # noqa: F403
from .losses import *  # noqa: F403
from .matrices import *  # noqa: F403
from .noise import *  # noqa: F403
from .normalization import *  # noqa: F403
from .numbers import *  # noqa: F403
from .operands import *  # noqa: F403
from .pooling import *  # noqa: F403
from .reductions import *  # noqa: F403
from .remainders import *  # noqa: F403
from .repeating import *  # noqa: F403
from .resizing import *  # noqa: F403
from .scattering import *  # noqa: F403
from .shaping import *  # noqa: F403
from .sorting import *  # noqa: F403
from .transposed import *  # noqa: F403

__all__ = [
    *conversion.__all__,
    *arithmetic.__all__,
    *elementary.__all__,
    *comparison.__all__,
    *creation.__all__,
    *reductions.__all__,
    *shaping.__all__,
    *joining.__all__,
    *repeating.__all__,
    *operands.__all__,
    *indexing.__all__,
    *sorting.__all__,
    *linear.__all__,
    *conv_family.__all__,
    *transposed.__all__,
    *depthwise.__all__,
    *pooling.__all__,
    *global_pooling.__all__,
    *resizing.__all__,
    *activations.__all__,
    *normalization.__all__,
    *noise.__all__,
    *losses.__all__,
    *numbers.__all__,
    *matrices.__all__,
    *remainders.__all__,
    *contraction.__all__,
    *scattering.__all__,
    *branching.__all__,
    "image",
]
explain_absent(__name__)
