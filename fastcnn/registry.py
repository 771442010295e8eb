"""Names to classes and back: what a string such as ``"adam"`` means, and how an object becomes part of a config."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from fastcnn.checked import Checked
from fastcnn.naming import snake_case

__all__ = [
    "Configured",
    "Registry",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "register_keras_serializable",
    "suggestion",
]

_custom: dict[str, Any] = {}


_OUTSIDE = {
    "recurrent layers": r"(LSTM|GRU|SimpleRNN|RNN|ConvLSTM[123]D|StackedRNNCells|Bidirectional)(Cell)?",
    "attention": r"(Additive|MultiHead|GroupQuery|GroupedQuery)?Attention|dot_product_attention",
    "3-D layers": r"[A-Z]\w+3D(Transpose)?",
    "mixed precision": r"LossScaleOptimizer|mixed_precision|dtype_policies|\w*DTypePolicy|quantizers",
    "training on several machines": r"distribution|DataParallel|ModelParallel|DeviceMesh|LayoutMap",
    "text processing": r"TextVectorization|\w+Lookup|Hashing|HashedCrossing|text_dataset_from_directory|imdb|reuters",
    "audio processing": r"\w+Spectrogram|audio_dataset_from_directory|i?stft|ctc\w*|CTC",
    "layers of other frameworks": r"(TFSM|Jax|Flax)Layer|TorchModuleWrapper",
}  # what fastcnn has not and will not have: Keras's names of it


def suggestion(name: str, known: Any) -> str:
    """``" Did you mean 'relu'?"``, or nothing where no known name is near; or that Keras's name is left out on purpose.

    Example:
        >>> suggestion("rellu", ["relu"]), suggestion("GRU", ["relu"])
        (" Did you mean 'relu'?", ' fastcnn has no recurrent layers, by decision')
    """
    import difflib
    import re

    for what, names in _OUTSIDE.items():
        if re.fullmatch(names, str(name)):
            return f" fastcnn has no {what}, by decision"
    listed = [str(k) for k in known]
    plain = str(name).lower().replace("_", "")
    same = [k for k in listed if k.lower().replace("_", "") == plain][:1]
    near = [k for k in listed if sorted(k) == sorted(str(name))][:1]  # letters in another order
    near = near or difflib.get_close_matches(str(name), listed, n=1)
    if not near or near[0].lower().replace("_", "") != plain:
        near += same
    if not near and plain:
        near = sorted(k for k in listed if k.startswith(f"{name}_"))[:2]
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def get_custom_objects() -> dict[str, Any]:
    """The classes and functions that the user has made known, by name; may be changed.

    Example:
        >>> get_custom_objects()["twice"] = lambda x: x * 2
        >>> from fastcnn import activations
        >>> activations.get("twice")(3)
        6
        >>> del get_custom_objects()["twice"]
    """
    return _custom


@contextmanager
def custom_object_scope(custom_objects: dict[str, Any]) -> Iterator[None]:
    """Makes classes and functions known by name within a ``with`` block.

    Args:
        custom_objects: by name.

    Example:
        >>> from fastcnn import activations
        >>> with custom_object_scope({"twice": lambda x: x * 2}):
        ...     activations.get("twice")(3)
        6
    """
    before = dict(_custom)
    _custom.update(custom_objects)
    try:
        yield
    finally:
        _custom.clear()
        _custom.update(before)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Makes a class or function known to ``load_model`` under ``package>name``: a decorator.

    Args:
        package: keeps names of different authors apart.
        name: the class's own unless given.

    Example:
        >>> @register_keras_serializable("mine")
        ... class Doubling:
        ...     pass
        >>> get_registered_name(Doubling)
        'mine>Doubling'
        >>> get_custom_objects().pop("mine>Doubling") is Doubling
        True
    """

    def register(thing: Any) -> Any:
        full = f"{package}>{name or thing.__name__}"
        _custom[full] = thing
        thing._registered_name = full
        return thing

    return register


def get_registered_name(obj: Any) -> str:
    """``package>name`` of a registered class, else its own name.

    Args:
        obj: a class or function.

    Example:
        >>> get_registered_name(dict)
        'dict'
    """
    return str(getattr(obj, "_registered_name", obj.__name__))


class Configured(Checked):
    """What can be made again from the arguments of its constructor; subclasses write ``get_config``.

    Example:
        >>> class Scale(Configured):
        ...     def __init__(self, by=1.0):
        ...         self.by = by
        ...
        ...     def get_config(self):
        ...         return {"by": self.by}
        >>> Scale.from_config(Scale(2.0).get_config())
        Scale(by=2.0)
    """

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Another one, with the arguments that ``get_config`` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"


class Registry:
    """What names of one kind mean.

    Args:
        kind: for messages: "layer", "optimizer".
        module: what Keras calls the module, such as "keras.layers": configs name it.
        functions: whether plain functions are of this kind; they serialize to their name.
    """

    by_module: dict[str, "Registry"] = {}  # noqa: RUF012 (one for all: which registry a module named in a config is)

    def __init__(self, kind: str, module: str, functions: bool = False):
        self.kind, self.module, self.functions = kind, module, functions
        self.names: dict[str, Any] = {}
        Registry.by_module[module] = self

    def register(self, *aliases: str) -> Callable[[Any], Any]:
        """A decorator: the class is known by its own name, in any case, and by the aliases."""

        def add(thing: Any) -> Any:
            for name in (thing.__name__, *aliases):
                self.names[name] = thing
            self.names.setdefault(snake_case(thing.__name__), thing)
            return thing

        return add

    def find(self, name: str) -> Any:
        """The class or function of that name."""
        for names in (_custom, self.names):
            if name in names:
                return names[name]
        for full, thing in _custom.items():
            if full.partition(">")[2] == name:
                return thing
        folded = {known.lower(): thing for known, thing in self.names.items()}
        if name.lower() in folded:
            return folded[name.lower()]
        raise ValueError(f"there is no {self.kind} {name!r}.{suggestion(name, [*self.names, *_custom])}")

    def get(self, identifier: Any) -> Any:
        """An object from a name, a config, a class, or the object itself; None stays None.

        Args:
            identifier: any of these.

        Example:
            >>> from fastcnn import initializers
            >>> initializers.get("zeros")((2,)).numpy()
            array([0., 0.], dtype=float32)
        """
        if identifier is None:
            return None
        if isinstance(identifier, str):
            found = self.find(identifier)
            return found() if isinstance(found, type) else found
        if isinstance(identifier, dict):
            return self.deserialize(identifier)
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier) or hasattr(identifier, "get_config"):
            return identifier
        article = "an" if self.kind[0] in "aeio" else "a"
        raise TypeError(f"cannot make {article} {self.kind} of {identifier!r}; give a name, an object or a config")

    def serialize(self, thing: Any) -> Any:
        """The config of an object, in Keras 3's form."""
        if thing is None:
            return None
        if not hasattr(thing, "get_config"):
            name = str(getattr(thing, "_registered_name", None) or thing.__name__)
            if self.names.get(name) is thing:
                return name
            return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
        cls, known_as = type(thing), getattr(thing, "serialized_as", None)
        module, name = known_as or (self._home(thing), cls.__name__)
        registered = getattr(cls, "_registered_name", None)
        if not registered and not known_as and not cls.__module__.startswith("fastcnn."):
            registered = name  # Keras looks for a class with a module nowhere but there, whatever custom_objects say
        config = {
            "module": None if registered else module,
            "class_name": name,
            "config": thing.get_config(),
            "registered_name": registered,
        }
        built = thing.get_build_config() if hasattr(thing, "get_build_config") else None
        return config if built is None else {**config, "build_config": built}

    def _home(self, thing: Any) -> str:
        """The module of an object's class, which for a layer that serves as activation is that of layers."""
        name = type(thing).__name__
        others = (module for module, r in Registry.by_module.items() if r.names.get(name) is type(thing))
        return self.module if name in self.names else next(others, self.module)

    def _function(self, name: str) -> Any:
        try:
            return self.find(name)
        except ValueError as error:
            raise ValueError(f"{error} If it is yours, pass custom_objects={{{name!r}: the function}}") from None

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The object that a config, or a name, describes.

        Args:
            config: what ``serialize`` returned.
            custom_objects: classes and functions by name that take part besides the registered ones.

        Example:
            >>> from fastcnn import regularizers
            >>> regularizers.deserialize(regularizers.serialize(regularizers.L2(0.5))).get_config()
            {'l2': 0.5}
        """
        if custom_objects:
            with custom_object_scope(custom_objects):
                return self.deserialize(config)
        if config is None or not isinstance(config, dict):
            return self.get(config)
        if "class_name" not in config:
            raise ValueError(f"the config of a {self.kind} needs a 'class_name', got the keys {sorted(config)}")
        inner = config.get("config", {})
        home = Registry.by_module.get(str(config.get("module")), self)
        if home.module == "keras.layers" and self.functions:  # such as LeakyReLU, the activation of another layer
            return home.deserialize(config)
        if config["class_name"] == "function":
            return self._function(str(inner))
        cls = self.find(str(config.get("registered_name") or config["class_name"]))
        if not isinstance(cls, type):
            return cls
        made = cls.from_config(dict(inner)) if hasattr(cls, "from_config") else cls(**inner)
        if config.get("build_config") and hasattr(made, "build_from_config"):
            made.build_from_config(config["build_config"])
        return made
