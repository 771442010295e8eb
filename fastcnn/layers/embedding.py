"""Embedding: a learned vector for each number."""

from typing import Any

from fastcnn import constraints, initializers, ops, regularizers
from fastcnn.layers.arguments import integers
from fastcnn.layers.layer import Layer
from fastcnn.layers.registry import registry
from fastcnn.seam import Shape
from fastcnn.tensor import Variable

__all__ = ["Embedding"]


@registry.register()
class Embedding(Layer):
    """A row of a table for each whole number: for words before Conv1D, for the classes of a conditional network.

    Args:
        input_dim: how many rows; inputs are 0 to ``input_dim - 1``.
        output_dim: how long a row is.
        embeddings_initializer: what the table begins as.
        embeddings_regularizer: a function of the table, added to the loss.
        embeddings_constraint: a function applied to the table after each update.
        mask_zero: not supported.
        weights: a list with the table to begin with, as ``set_weights`` takes it.
        lora_rank, lora_alpha, quantization_config: not supported.

    Shapes: (n, ...) to (n, ..., output_dim). Weights: embeddings (input_dim, output_dim).

    Example:
        >>> layer = Embedding(3, 2, weights=[[[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]])
        >>> layer([[2, 1]]).numpy()
        array([[[3., 4.],
                [1., 2.]]], dtype=float32)
    """

    _least_axes = 0

    embeddings: Variable

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: Any = None,
        lora_alpha: Any = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        unsupported = {"mask_zero": mask_zero or None, "lora_rank": lora_rank, "lora_alpha": lora_alpha}
        for name, value in {**unsupported, "quantization_config": quantization_config}.items():
            if value is not None:
                raise NotImplementedError(f"Embedding: {name} is not supported, got {value!r}; leave it out")
        length = kwargs.pop("input_length", None)  # of Keras 2
        if length is not None:
            kwargs["input_shape"] = tuple(length) if isinstance(length, (list, tuple)) else (length,)
        super().__init__(**kwargs)
        self.input_dim = integers(input_dim, 1, "input_dim")[0]
        self.output_dim = integers(output_dim, 1, "output_dim")[0]
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        if weights is not None:
            self.build()
            self.set_weights(list(weights) if isinstance(weights, (list, tuple)) else [weights])

    def build(self, input_shape: Any = None) -> None:
        """Makes the table (input_dim, output_dim)."""
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """(n, ...) to (n, ..., output_dim)."""
        whole = inputs if "int" in inputs.dtype else ops.cast(inputs, "int32")
        try:
            return ops.take(self.embeddings, whole, axis=0)
        except IndexError as error:
            raise IndexError(f"Embedding {self.name!r} has input_dim={self.input_dim}, but {error}") from None

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(n, ..., output_dim)."""
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "mask_zero": False,
        }
