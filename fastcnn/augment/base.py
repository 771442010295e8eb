"""What all transforms share: calling them, their arguments, their configs, and where their random numbers come from."""

import threading
from typing import Any

import numpy as np

from fastcnn.augment import arguments
from fastcnn.augment.draws import Draws
from fastcnn.augment.sample import Sample
from fastcnn.random import draw_seed
from fastcnn.registry import suggestion

__all__ = ["DualTransform", "ImageOnlyTransform", "Transform"]

_lock = threading.Lock()
# What programs written for albumentations 1 still say, and what took its place where a class has that.
_RENAMED = {
    "always_apply": "p",
    "value": "fill",
    "cval": "fill",
    "pad_cval": "fill",
    "fill_value": "fill",
    "mask_value": "fill_mask",
    "cval_mask": "fill_mask",
    "mask_fill_value": "fill_mask",
    "mode": "border_mode",
    "pad_mode": "border_mode",
    "var_limit": "std_range",
    "mean": "mean_range",
    "max_holes": "num_holes_range",
    "min_holes": "num_holes_range",
    "max_height": "hole_height_range",
    "min_height": "hole_height_range",
    "max_width": "hole_width_range",
    "min_width": "hole_width_range",
    "height": "size",
    "width": "size",
}


class _Checked(type):
    """Tells which keyword a class does not know, and which one was probably meant."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if not cls.__init__.__code__.co_flags & 8:  # type: ignore[misc]  # 8: it takes **kwargs and looks itself
            known = _argument_names(cls)
            for name in kwargs:
                if name not in known:
                    hint = f" It is now {_RENAMED[name]!r}" if _RENAMED.get(name) in known else suggestion(name, known)
                    raise TypeError(
                        f"{cls.__name__} has no argument {name!r}; it has {', '.join(known)}.{hint}".removesuffix(".")
                    )
        return super().__call__(*args, **kwargs)


def _argument_names(cls: Any) -> tuple[str, ...]:
    code = cls.__init__.__code__
    return tuple(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])


class Transform(metaclass=_Checked):
    """Something that happens to an image with probability ``p``; the base of all transforms.

    A transform keeps nothing of a call but the count of calls, so that threads can share it. Subclasses override
    ``parameters`` (draws what is random), ``apply`` and, where masks follow, ``apply_to_mask``.

    Args:
        p: the probability.

    Example:
        >>> import numpy as np
        >>> class Darker(ImageOnlyTransform):
        ...     def parameters(self, draws, image):
        ...         return {"shift": draws.integer(1, 3)}
        ...     def apply(self, image, shift):
        ...         return image >> shift
        >>> bool(Darker(p=1.0)(image=np.full((2, 2, 3), 200, np.uint8))["image"].max() <= 100)
        True
    """

    def __init__(self, p: float = 0.5):
        self.p = arguments.probability(p)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """What is random in one call: the keyword arguments of ``apply``. Draws from ``draws`` only."""
        return {}

    def apply(self, image: Any, *args: Any, **parameters: Any) -> Any:
        """The new image, (h, w, c), uint8 or float32, as is the one given, which stays as it is."""
        raise NotImplementedError(f"{type(self).__name__} must override apply(self, image, **parameters)")

    def apply_to_mask(self, mask: Any, *args: Any, **parameters: Any) -> Any:
        """The new mask, (h, w, c); the same one unless overridden."""
        return mask

    def __call__(self, *args: Any, force_apply: bool = False, **data: Any) -> dict[str, Any]:
        """Transforms ``image`` and what goes with it.

        Args:
            force_apply: whether to do it whatever ``p`` is.
            data: ``image``, (h, w) or (h, w, c), uint8 or float32 from 0 to 1; maybe ``mask`` or ``masks``; other
                keywords come back as they are.

        Returns:
            The keywords, transformed.
        """
        if args:
            raise TypeError('a transform takes its image by name: aug(image=img)["image"]')
        return self.call_with_key(data, self._next_key(), force_apply)

    def call_with_key(self, data: dict[str, Any], key: Any, force_apply: bool = False) -> dict[str, Any]:
        """As calling it, with all random numbers from ``key``: the same key gives the same result."""
        sample = Sample(data, {})
        self.run(sample, Draws(key), force_apply)
        return sample.put_into(data)

    def run(self, sample: Sample, draws: Draws, force: bool = False) -> None:
        """Transforms what is in ``sample``, or leaves it, as ``p`` wants."""
        if not force and not self._chosen(draws):
            return
        parameters = self.parameters(draws, sample.images[0])
        sample.images = [np.ascontiguousarray(self.apply(image, **parameters)) for image in sample.images]
        if sample.masks:
            sample.masks = [np.ascontiguousarray(self.apply_to_mask(mask, **parameters)) for mask in sample.masks]
        if sample.record is not None:
            sample.record.append((type(self).__name__, parameters))

    def _chosen(self, draws: Draws) -> bool:
        return bool(self.p == 1 or draws.random() < self.p)

    _seed: int | None = None
    _calls = 0

    def _next_key(self) -> tuple[int, int]:
        with _lock:
            if self._seed is None:
                self._seed = draw_seed()
            self._calls += 1
            return self._seed, self._calls - 1

    def set_random_seed(self, seed: int | None) -> None:
        """Makes the calls from now on follow from ``seed``; None: from fastcnn's global seed."""
        if seed is not None:
            arguments.integer("seed", seed, 0)
        with _lock:
            self._seed, self._calls = seed, 0

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal transform."""
        return {name: getattr(self, name) for name in _argument_names(type(self))}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The transform that ``get_config`` described."""
        return cls(**config)

    def to_dict(self) -> dict[str, Any]:
        """Class name and config, which JSON can hold: ``fastcnn.augment.from_dict`` makes the transform of it."""
        return {"class_name": type(self).__name__, "config": self.get_config()}

    def __repr__(self) -> str:
        """As one would write it: the arguments that are not the default, and ``p``."""
        return f"{type(self).__name__}({', '.join(self._written())})"

    def _written(self, but: str = "") -> list[str]:
        usual, config = self._usual(), self.get_config()
        given = {name: value for name, value in config.items() if name not in ("p", but)}
        words = [f"{name}={value!r}" for name, value in given.items() if name not in usual or usual[name] != value]
        return [*words, f"p={self.p!r}"]

    def _usual(self) -> dict[str, Any]:
        """The defaults, in the form in which they are kept."""
        names = _argument_names(type(self))
        needed = names[: len(names) - len(type(self).__init__.__defaults__ or ())]
        try:
            usual = type(self)(**{name: getattr(self, name) for name in needed}).get_config()
        except ValueError:  # one of several arguments must be given
            usual = dict(zip(names[len(needed) :], type(self).__init__.__defaults__ or (), strict=True))
        return {name: value for name, value in usual.items() if name not in needed}


class ImageOnlyTransform(Transform):
    """A transform of colours: masks stay as they are."""


class DualTransform(Transform):
    """A transform that moves pixels: masks follow images. Unless overridden, masks are treated as images are."""

    def apply_to_mask(self, mask: Any, *args: Any, **parameters: Any) -> Any:
        """As for images."""
        return self.apply(mask, *args, **parameters)
