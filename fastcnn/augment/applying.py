"""Any transform, ours or not, applied to one image with a key."""

from typing import Any

from fastcnn.augment.base import Transform

__all__ = ["apply"]


def apply(transform: Any, image: Any, key: Any, mask: Any = None) -> Any:
    """Applies a transform to one image; with ours, the result is a function of image and key alone.

    Args:
        transform: a transform of this package; or any callable: one with an ``image`` keyword is called by it, and
            where it returns a dict, ``"image"`` is taken out; all others are called with the image. None: the image.
        image: (h, w) or (h, w, c), uint8 or float32 from 0 to 1.
        key: integers such as (seed, epoch, index); only our transforms listen to it.
        mask: goes the way the image goes.

    Returns:
        The image; or (image, mask) if there is a mask.

    Example:
        >>> import numpy as np
        >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
        >>> from fastcnn.augment import RandomRotate90
        >>> a, b = (apply(RandomRotate90(p=1.0), image, key=(7, 0, 3)) for _ in range(2))
        >>> np.array_equal(a, b)
        True
        >>> int(apply(lambda x: 255 - x, image, key=0)[0, 0, 0])
        255
    """
    data = {"image": image} if mask is None else {"image": image, "mask": mask}
    if transform is None:
        result: Any = data
    elif isinstance(transform, Transform):
        result = transform.call_with_key(data, key)
    elif not callable(transform):
        raise TypeError(f"transform must be a transform, a callable or None, got {type(transform).__name__}")
    elif _takes_keywords(transform):
        result = transform(**data)
    elif mask is not None:
        raise ValueError(f"{transform!r} takes no keywords image and mask, so a mask cannot follow")
    else:
        result = transform(image)
    if not isinstance(result, dict):
        return result
    return result["image"] if mask is None else (result["image"], result["mask"])


def _takes_keywords(function: Any) -> bool:
    """Whether it is called as ``f(image=image)``: it names the argument, or all it takes is keywords."""
    import inspect

    try:
        found = inspect.signature(getattr(function, "forward", function)).parameters.values()
    except (TypeError, ValueError):  # of functions written in C nothing is known
        return False
    if any(p.name == "image" and p.kind is not p.POSITIONAL_ONLY for p in found):
        return True
    positional = any(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in found)
    return not positional and any(p.kind is p.VAR_KEYWORD for p in found)
