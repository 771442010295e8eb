"""Layers of residual branches: how much of a branch is added, and for which samples."""

from typing import Any

from fastcnn import ops
from fastcnn._arrays import NUMBER
from fastcnn.initializers import Constant
from fastcnn.layers.arguments import integers
from fastcnn.layers.input_spec import InputSpec, SameShape
from fastcnn.layers.registry import registry
from fastcnn.layers.regularization import Dropout

__all__ = ["LayerScale", "StochasticDepth"]

_HOME = "keras.src.applications.convnext"  # Keras has both beside their network only


@registry.register()
class LayerScale(SameShape):
    """Each channel times a number that is learned, small in the beginning.

    Args:
        init_values: what the numbers begin as.
        projection_dim: how many channels there are.

    Input and output shape: (..., projection_dim), the same. Weight: gamma (projection_dim,).

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.LayerScale(0.5, 2)(np.array([[1.0, 3.0]])).numpy().tolist()
        [[0.5, 1.5]]
    """

    serialized_as = (_HOME, "LayerScale")

    def __init__(self, init_values: float, projection_dim: int, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(init_values, NUMBER) or isinstance(init_values, bool):
            raise ValueError(f"init_values must be a number, got {init_values!r}")
        self.init_values = float(init_values)
        self.projection_dim = integers(projection_dim, 1, "projection_dim")[0]

    def build(self, input_shape: Any) -> None:
        self.gamma = self.add_weight((self.projection_dim,), Constant(self.init_values), name="gamma")
        self.input_spec = InputSpec(min_ndim=2, axes={-1: self.projection_dim})
        self.built = True

    def call(self, inputs: Any) -> Any:
        self._check(inputs)
        return ops.multiply(inputs, self.gamma)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "init_values": self.init_values, "projection_dim": self.projection_dim}


@registry.register()
class StochasticDepth(Dropout):
    """Zeros for whole samples in training, the others divided by the part that is kept.

    Args:
        drop_path_rate: which share of the samples to drop.

    Input and output shape: (n, ...), the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.StochasticDepth(0.5)
        >>> y = layer(np.ones((100, 2, 3)), training=True).numpy()
        >>> {tuple(set(sample.ravel().tolist())) for sample in y} == {(0.0,), (2.0,)}
        True
    """

    serialized_as = (_HOME, "StochasticDepth")

    def __init__(self, drop_path_rate: float, **kwargs: Any):
        if not isinstance(drop_path_rate, NUMBER) or not 0 <= drop_path_rate <= 1:
            raise ValueError(f"drop_path_rate must be a number from 0 to 1, got {drop_path_rate!r}")
        super().__init__(drop_path_rate, **kwargs)
        self.drop_path_rate = drop_path_rate

    def build(self, input_shape: Any) -> None:
        self.noise_shape = (None, *(1 for _ in input_shape[1:]))
        self.built = True

    def get_config(self) -> dict[str, Any]:
        config = {k: v for k, v in super().get_config().items() if k not in ("rate", "seed", "noise_shape")}
        return {**config, "drop_path_rate": self.drop_path_rate}
