"""Transforms one after another."""

import copy
from collections.abc import Iterator
from typing import Any

from fastcnn.augment import arguments
from fastcnn.augment.base import Transform
from fastcnn.augment.draws import Draws
from fastcnn.augment.sample import Sample

__all__ = ["BaseCompose", "Compose", "ReplayCompose", "Sequential"]


class BaseCompose(Transform):
    """What holds other transforms: a list of them, written on a line each.

    Args:
        transforms: a list of transforms.
        p: the probability that anything happens.
    """

    def __init__(self, transforms: Any, p: float = 0.5):
        super().__init__(p)
        if isinstance(transforms, Transform):
            raise TypeError(f"transforms must be a list of transforms, got {type(transforms).__name__}: write [...]")
        self.transforms = list(transforms)
        for transform in self.transforms:
            if not isinstance(transform, Transform):
                raise TypeError(
                    f"transforms must be transforms of fastcnn.augment, got {transform!r}; "
                    "Lambda(image=function) makes one of a function"
                )

    _opening = ""

    def __len__(self) -> int:
        return len(self.transforms)

    def __getitem__(self, index: int) -> Any:
        return self.transforms[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.transforms)

    def get_config(self) -> dict[str, Any]:
        """The arguments, with transforms as ``to_dict`` describes them."""
        return super().get_config() | {"transforms": [t.to_dict() for t in self.transforms]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The transform that ``get_config`` described."""
        from fastcnn.augment.dicts import from_dict

        return cls(**config | {"transforms": [from_dict(t) for t in config["transforms"]]})

    def __repr__(self) -> str:
        lines = "".join(f"    {line}\n" for t in self.transforms for line in f"{t!r},".splitlines())
        inside = f"{self._opening}[\n{lines}]" if lines else f"{self._opening}[]"
        return f"{type(self).__name__}({', '.join([inside, *self._written(but='transforms')])})"


class Compose(BaseCompose):
    """Applies transforms in their order.

    Args:
        transforms: a list of transforms.
        bbox_params: None; bounding boxes are not available.
        keypoint_params: None; keypoints are not available.
        additional_targets: further keywords of calls, and how they are treated: ``{"image2": "image"}``, "image" or
            "mask". They get the same random numbers.
        p: the probability that anything happens.
        is_check_shapes: whether image and masks must be of one height and width.
        strict: whether keywords of a call that are no target are errors.
        mask_interpolation: how all transforms in it read masks, in place of their own way.
        seed: the calls of this pipeline follow from it; None: from fastcnn's global seed.
        save_applied_params: whether the result has ``"applied_transforms"``: a list of (name, parameters).

    Example:
        >>> import numpy as np
        >>> from fastcnn.augment import HorizontalFlip, RandomBrightnessContrast
        >>> aug = Compose([HorizontalFlip(p=1.0), RandomBrightnessContrast(brightness_limit=0.2, contrast_limit=0)])
        >>> aug(image=np.zeros((8, 8, 3), np.uint8))["image"].shape
        (8, 8, 3)
        >>> aug
        Compose([
            HorizontalFlip(p=1.0),
            RandomBrightnessContrast(contrast_limit=(0, 0), p=0.5),
        ], p=1.0)
    """

    def __init__(
        self,
        transforms: Any,
        bbox_params: Any = None,
        keypoint_params: Any = None,
        additional_targets: dict[str, str] | None = None,
        p: float = 1.0,
        is_check_shapes: bool = True,
        strict: bool = False,
        mask_interpolation: int | str | None = None,
        seed: int | None = None,
        save_applied_params: bool = False,
    ):
        super().__init__(transforms, p)
        if bbox_params is not None:
            raise NotImplementedError("bbox_params: fastcnn.augment has no bounding boxes")
        if keypoint_params is not None:
            raise NotImplementedError("keypoint_params: fastcnn.augment has no keypoints")
        for name, kind in (additional_targets or {}).items():
            arguments.choice(f"additional_targets[{name!r}]", kind, ("image", "mask"))
        self.bbox_params, self.keypoint_params = None, None
        self.additional_targets = dict(additional_targets) if additional_targets else None
        self.is_check_shapes = arguments.flag("is_check_shapes", is_check_shapes)
        self.strict = arguments.flag("strict", strict)
        self.save_applied_params = arguments.flag("save_applied_params", save_applied_params)
        self.mask_interpolation = None
        if mask_interpolation is not None:
            self.mask_interpolation = arguments.interpolation(mask_interpolation, "mask_interpolation")
            self.transforms = [_reading_masks(t, self.mask_interpolation) for t in self.transforms]
        self.seed = seed
        self.set_random_seed(seed)

    def call_with_key(self, data: dict[str, Any], key: Any, force_apply: bool = False) -> dict[str, Any]:
        """As calling it, with all random numbers from ``key``: the same key gives the same result."""
        targets = self.additional_targets or {}
        if self.strict:
            for name in data:
                if name not in ("image", "mask", "masks", *targets):
                    raise ValueError(f"{name} is not a target of this pipeline; strict=False lets it pass")
        sample = Sample(data, targets, self.is_check_shapes)
        if self.save_applied_params:
            sample.record = []
        self.run(sample, Draws(key), force_apply)
        result = sample.put_into(data)
        return result if sample.record is None else result | {"applied_transforms": sample.record}

    def run(self, sample: Sample, draws: Draws, force: bool = False) -> None:
        """Applies all, or none."""
        if force or self._chosen(draws):
            for transform in self.transforms:
                transform.run(sample, draws)


def _reading_masks(transform: Any, interpolation: str) -> Any:
    """A copy that reads masks so; the one given may be in other pipelines, too."""
    copied = copy.copy(transform)
    if isinstance(copied, BaseCompose):
        copied.transforms = [_reading_masks(t, interpolation) for t in copied.transforms]
    if hasattr(copied, "mask_interpolation"):
        copied.mask_interpolation = interpolation
    return copied


class Sequential(BaseCompose):
    """Applies transforms in their order: a group inside ``OneOf`` or ``SomeOf``. Arguments as in ``BaseCompose``.

    Example:
        >>> from fastcnn.augment import Blur, HorizontalFlip
        >>> len(Sequential([HorizontalFlip(), Blur()], p=0.5))
        2
    """

    def run(self, sample: Sample, draws: Draws, force: bool = False) -> None:
        """Applies all, or none."""
        if force or self._chosen(draws):
            for transform in self.transforms:
                transform.run(sample, draws)


class ReplayCompose(Compose):
    """``Compose`` whose results say what was done, so that it can be done again to another image.

    Args:
        transforms: a list of transforms.
        bbox_params: None; bounding boxes are not available.
        keypoint_params: None; keypoints are not available.
        additional_targets: as in ``Compose``.
        p: the probability that anything happens.
        is_check_shapes: whether image and masks must be of one height and width.
        save_key: where in the result it says so.

    Example:
        >>> import numpy as np
        >>> a, b = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3), np.uint8)
        >>> from fastcnn.augment import HorizontalFlip, VerticalFlip
        >>> once = ReplayCompose([HorizontalFlip(), VerticalFlip()])(image=a)
        >>> again = ReplayCompose.replay(once["replay"], image=a)
        >>> np.array_equal(once["image"], again["image"])
        True
    """

    def __init__(
        self,
        transforms: Any,
        bbox_params: Any = None,
        keypoint_params: Any = None,
        additional_targets: dict[str, str] | None = None,
        p: float = 1.0,
        is_check_shapes: bool = True,
        save_key: str = "replay",
    ):
        super().__init__(transforms, bbox_params, keypoint_params, additional_targets, p, is_check_shapes)
        self.save_key = save_key

    def call_with_key(self, data: dict[str, Any], key: Any, force_apply: bool = False) -> dict[str, Any]:
        """As ``Compose`` does, and says by which key."""
        result = super().call_with_key(data, key, force_apply)
        return result | {self.save_key: {"transform": self.to_dict(), "key": key, "force_apply": force_apply}}

    @staticmethod
    def replay(saved: dict[str, Any], **data: Any) -> dict[str, Any]:
        """Does to ``data`` what ``saved``, out of an earlier result, was written for."""
        from fastcnn.augment.dicts import from_dict

        pipeline = from_dict(saved["transform"])
        return Compose.call_with_key(pipeline, data, saved["key"], saved["force_apply"])
