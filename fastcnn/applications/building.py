"""What all published networks have in common: their arguments, where they begin, how they end."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from fastcnn import layers
from fastcnn._arrays import INT
from fastcnn.applications.catalog import Files, find_entry
from fastcnn.applications.weights import find_weights, load, variant_of
from fastcnn.layers.arguments import choice, integers
from fastcnn.layers.nests import contents
from fastcnn.models import Model
from fastcnn.tensor import SymbolicTensor

__all__ = ["Building", "application", "named_like"]


class Building:
    """A network on its way from arguments to a model. The arguments are Keras's, and so are the rules for them.

    A builder calls ``start``, puts layers upon what it gives, calls ``head`` or ends in its own way, then ``model``.

    Args:
        network: its name in the catalog: sizes, variants and files of weights come from there.
        include_top: whether it ends in the classifier that it was published with.
        weights: "imagenet" (published weights, looked for in ``applications.weights.weight_folders()``), None (random
            ones), or the path of a file.
        input_tensor: what ``layers.Input`` or another layer gave; the network begins there.
        input_shape: (h, w, c); any size from the smallest on; None for the published size with the top, for any size
            without.
        pooling: how a network without its top ends: None (with maps), "avg" or "max".
        classes: how many the top tells apart.
        classifier_activation: of the top; None for logits.
        name: of the model.
        variant: "keras" or "torchvision"; None: as the file of weights has it, else the catalog's first.
        files: which published files there are, where they are not the catalog's.
        size: the published size, where it is not the catalog's.
        any_size: whether the top, too, takes images of any size.

    Example:
        >>> build = Building("ResNet18", weights=None, include_top=False, pooling="avg")
        >>> x = layers.Conv2D(4, 3, name="conv1")(build.start())
        >>> build.model(build.head(x)).output_shape
        (None, 4)
    """

    def __init__(
        self,
        network: str,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str | None = None,
        *,
        variant: str | None = None,
        files: Files | None = None,
        size: int | None = None,
        any_size: bool = False,
    ):
        self.entry = find_entry(network)
        self.include_top = bool(include_top)
        self.input_tensor, self.input_shape = input_tensor, input_shape
        self.pooling = None if pooling is None else choice(pooling, ("avg", "max"), "pooling")
        self.classes = integers(classes, 1, "classes")[0]
        self.classifier_activation = classifier_activation
        self.name = self.entry.name.lower() if name is None else name
        self.files = self.entry.files if files is None else files
        self.size = self.entry.size if size is None else size
        self._one_size = self.include_top and not any_size
        if variant is not None:
            variant = choice(variant, self.entry.variants, "variant")
        self.imagenet = isinstance(weights, str) and weights == "imagenet"
        self._check_top(weights)
        self.shape = self._shape()  # mistakes in arguments come before missing files
        self.path = self._find(weights, variant)
        read = None if self.path is None else variant_of(self.path)
        if variant is None and read in self.entry.variants:
            variant = read
        elif variant is not None and read is not None and read != variant:
            raise ValueError(f"variant={variant!r}, but {self.path} holds weights of the variant {read!r}")
        self.variant: str = variant or self.entry.variants[0]

    def _check_top(self, weights: Any) -> None:
        if self.imagenet and self.include_top and self.classes != 1000:
            raise ValueError(
                f"weights='imagenet' with include_top=True has 1000 classes, got classes={self.classes}; use "
                "include_top=False and put a Dense layer of your own on top, or weights=None"
            )
        activation = self.classifier_activation
        softmax = activation in (None, "softmax") or getattr(activation, "__name__", None) == "softmax"
        if weights is not None and self.include_top and not softmax:
            raise ValueError(
                "classifier_activation must be None or 'softmax' where weights are loaded, for they were trained with "
                f"it; got {activation!r}"
            )

    def _find(self, weights: Any, variant: str | None) -> Path | None:
        if weights is None:
            return None
        if self.imagenet:
            return find_weights(self.entry.name, self.files, self.include_top, variant)
        try:
            path = Path(weights)
        except TypeError:
            path = None
        if path is None or not path.is_file():
            raise ValueError(
                "weights must be None (random), 'imagenet' (published) or the path of a file that exists, "
                f"got {weights!r}"
            )
        return path

    # ---- where it begins

    def start(self) -> Any:
        """The symbolic tensor that the first layer takes, (n, h, w, c)."""
        self._begin: Any = layers.Input(self.shape) if self.input_tensor is None else self.input_tensor
        return self._begin

    def _shape(self) -> tuple[int | None, ...]:
        """The shape of one image, checked."""
        given = self.input_shape
        if self.input_tensor is not None:
            tensor = self._tensor_shape()
            if given is not None and not _agree(tuple(given), tensor):
                raise ValueError(f"input_shape={tuple(given)} does not agree with input_tensor of shape {tensor}")
            given = tensor
        if given is None:
            free = self.entry.channels
            return (self.size, self.size, free) if self._one_size else (None, None, free)
        shape = self._checked(given)
        if self.imagenet and self._one_size and shape != (self.size, self.size, 3):
            raise ValueError(
                f"weights='imagenet' with include_top=True takes input_shape ({self.size}, {self.size}, 3), "
                f"got {shape}{_slip(shape, self.size)}; include_top=False takes any size"
            )
        if self._one_size and None in shape:
            raise ValueError(f"include_top=True needs an input_shape without None, got {shape}")
        return shape

    def _tensor_shape(self) -> tuple[int | None, ...]:
        if not isinstance(self.input_tensor, SymbolicTensor):
            raise ValueError(
                "input_tensor must be what layers.Input or a layer called on it gives, "
                f"got {type(self.input_tensor).__name__}; pass arrays to the model itself"
            )
        if len(self.input_tensor.shape) != 4:
            raise ValueError(f"input_tensor must be (n, h, w, c), got shape {self.input_tensor.shape}")
        return tuple(self.input_tensor.shape[1:])

    def _checked(self, given: Any) -> tuple[int | None, ...]:
        shape = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        sizes = all(n is None or (isinstance(n, INT) and not isinstance(n, bool) and n > 0) for n in shape)
        if len(shape) != 3 or not sizes or shape[-1] is None:
            raise ValueError(
                f"input_shape must be (height, width, channels) such as ({self.size}, {self.size}, 3), got {given!r}"
            )
        least = self.entry.least
        if any(n is not None and n < least for n in shape[:2]):
            first = shape[0] in (1, 3) and shape[1] == shape[2]
            hint = f"; channels come last: ({shape[1]}, {shape[2]}, {shape[0]})" if first else ""
            raise ValueError(
                f"{self.entry.name} takes images of at least {least}x{least}, got input_shape={shape}{hint}"
            )
        if self.imagenet and shape[-1] != 3:
            raise ValueError(f"weights='imagenet' takes images of 3 channels, got input_shape={shape}")
        if shape[-1] not in (1, 3):
            warnings.warn(f"{self.entry.name} is made for 1 or 3 channels, got input_shape={shape}", stacklevel=5)
        slip = _slip(shape, self.size)
        if slip and not (self.imagenet and self._one_size):
            warnings.warn(f"input_shape={shape}{slip}", stacklevel=5)
        return shape

    # ---- how it ends

    def top(self, x: Any, name: str = "predictions", **arguments: Any) -> Any:
        """The last layer of the classifier: as many numbers as classes.

        Args:
            x: (n, features).
            name: of the layer.
            arguments: others of ``Dense``.
        """
        return layers.Dense(self.classes, activation=self.classifier_activation, name=name, **arguments)(x)

    def pool(self, x: Any, avg: str | None = "avg_pool", max: str | None = "max_pool") -> Any:
        """What a network without its top ends in: maps, or one number for each as ``pooling`` says.

        Args:
            x: (n, h, w, c).
            avg, max: the names of the layer; None for automatic ones.
        """
        if self.pooling == "avg":
            return layers.GlobalAveragePooling2D(name=avg)(x)
        return x if self.pooling is None else layers.GlobalMaxPooling2D(name=max)(x)

    def head(
        self, x: Any, name: str = "predictions", avg: str | None = "avg_pool", max: str | None = "max_pool"
    ) -> Any:
        """The usual end: with the top, the mean of each map and a Dense layer; else ``pool``.

        Args:
            x: (n, h, w, c).
            name: of the Dense layer.
            avg, max: names of the pooling layers.
        """
        if not self.include_top:
            return self.pool(x, avg, max)
        return self.top(layers.GlobalAveragePooling2D(name=avg)(x), name)

    def model(self, x: Any) -> Model:
        """The model from the beginning to x, with the weights that were asked for."""
        model = Model(_sources(self._begin), x, name=self.name)
        if self.path is not None:
            load(model, self.path, self.files)
        return model


def _agree(given: tuple[Any, ...], tensor: tuple[Any, ...]) -> bool:
    return len(given) == len(tensor) and all(a == b or None in (a, b) for a, b in zip(given, tensor, strict=True))


def _slip(shape: tuple[Any, ...], size: int) -> str:
    """244 for 224 is a mistake that has made its way into many notes."""
    return "; did you mean 224? That is what this network was trained on" if 244 in shape[:2] and size == 224 else ""


def _sources(tensor: Any) -> Any:
    """The inputs that a symbolic tensor depends on."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    stack = [tensor]
    while stack:
        t = stack.pop()
        if id(t) in seen or not isinstance(t, SymbolicTensor):
            continue
        seen.add(id(t))
        before = [] if t.node is None else contents([list(t.node.inputs), t.node.attrs])
        if before:
            stack.extend(reversed(before))
        else:
            found[id(t)] = t
    inputs = list(found.values())
    return inputs[0] if len(inputs) == 1 else inputs


class Application(Protocol):
    """A function that makes a published network, with Keras's arguments."""

    __name__: str

    def __call__(
        self,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str | None = None,
        *,
        variant: str | None = None,
    ) -> Model:
        """The model; see ``Building`` for the arguments."""


def application(body: Callable[[Building], Any]) -> Application:
    """Makes Keras's function from a function that puts layers upon ``build.start()``: a decorator.

    Args:
        body: named as in the catalog; takes a ``Building``, returns the last tensor.

    Example:
        >>> @application
        ... def LeNet5(build):
        ...     return build.head(layers.Conv2D(4, 3)(build.start()))
        >>> LeNet5(weights=None, classes=7).output_shape
        (None, 7)
    """

    def function(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str | None = body.__name__.lower(),
        *,
        variant: str | None = None,
    ) -> Model:
        build = Building(
            body.__name__,
            include_top,
            weights,
            input_tensor,
            input_shape,
            pooling,
            classes,
            classifier_activation,
            name,
            variant=variant,
        )
        return build.model(body(build))

    return named_like(body, function)


def named_like(body: Callable[..., Any], function: Any) -> Any:
    """A function with the name and the docstring of another, and arguments of its own.

    Args:
        body: the other.
        function: what is renamed.

    Example:
        >>> named_like(len, lambda x: 1).__name__
        'len'
    """
    function.__name__, function.__qualname__ = body.__name__, body.__name__
    function.__module__, function.__doc__ = body.__module__, body.__doc__
    return function
