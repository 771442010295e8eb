"""Some of several transforms."""

from typing import Any

from fastcnn.augment import arguments
from fastcnn.augment.compose import BaseCompose
from fastcnn.augment.draws import Draws
from fastcnn.augment.sample import Sample

__all__ = ["OneOf", "OneOrOther", "RandomOrder", "SomeOf"]


class OneOf(BaseCompose):
    """Applies exactly one of the transforms, each as likely as its own ``p`` says in comparison with the others'.

    Args:
        transforms: a list of transforms.
        p: the probability that anything happens.

    Example:
        >>> import numpy as np
        >>> from fastcnn.augment import HorizontalFlip, VerticalFlip
        >>> aug = OneOf([HorizontalFlip(p=0.5), VerticalFlip(p=0.5)], p=1.0)
        >>> image = np.array([[0, 1], [2, 3]], np.uint8)
        >>> aug(image=image)["image"].ravel().tolist() in ([1, 0, 3, 2], [2, 3, 0, 1])
        True
    """

    def __init__(self, transforms: Any, p: float = 0.5):
        super().__init__(transforms, p)
        self._weights = [transform.p for transform in self.transforms]
        if self.transforms and not sum(self._weights):
            raise ValueError("OneOf cannot choose: p is 0 for all transforms in it")

    def run(self, sample: Sample, draws: Draws, force: bool = False) -> None:
        """Applies one, or none."""
        if self.transforms and (force or self._chosen(draws)):
            self.transforms[draws.weighted(self._weights)].run(sample, draws, force=True)


class SomeOf(BaseCompose):
    """Chooses ``n`` of the transforms, each as likely as the others, and applies them in their order in the list.

    Those chosen still have their own ``p``.

    Args:
        transforms: a list of transforms.
        n: how many.
        replace: whether one may be chosen several times.
        p: the probability that anything happens.

    Example:
        >>> from fastcnn.augment import Blur, HorizontalFlip, VerticalFlip
        >>> SomeOf([HorizontalFlip(), VerticalFlip(), Blur()], n=2)
        SomeOf([
            HorizontalFlip(p=0.5),
            VerticalFlip(p=0.5),
            Blur(p=0.5),
        ], n=2, p=1.0)
    """

    def __init__(self, transforms: Any, n: int = 1, replace: bool = False, p: float = 1.0):
        super().__init__(transforms, p)
        self.n = arguments.integer("n", n)
        self.replace = arguments.flag("replace", replace)
        if not self.replace and n > len(self.transforms):
            raise ValueError(f"n is {n}, but there are {len(self.transforms)} transforms; replace=True repeats them")

    def run(self, sample: Sample, draws: Draws, force: bool = False) -> None:
        """Applies some, or none."""
        if force or self._chosen(draws):
            for index in self._ordered(self._choose(draws)):
                self.transforms[index].run(sample, draws)

    def _choose(self, draws: Draws) -> list[int]:
        count = len(self.transforms)
        if self.replace:
            return [draws.integer(0, count - 1) for _ in range(self.n)]
        return draws.subset(self.n, count)

    def _ordered(self, indices: list[int]) -> list[int]:
        return sorted(indices)


class RandomOrder(SomeOf):
    """As ``SomeOf``, in random order. Arguments as there.

    Example:
        >>> from fastcnn.augment import HorizontalFlip, VerticalFlip
        >>> RandomOrder([HorizontalFlip(), VerticalFlip()], n=2).n
        2
    """

    def _ordered(self, indices: list[int]) -> list[int]:
        return indices


class OneOrOther(BaseCompose):
    """Applies the first transform with probability ``p``, else the other, whatever their own ``p``.

    Args:
        first: a transform.
        second: the other.
        transforms: both in a list, in place of the two.
        p: the probability of the first.

    Example:
        >>> from fastcnn.augment import HorizontalFlip, VerticalFlip
        >>> OneOrOther(HorizontalFlip(), VerticalFlip(), p=0.8)
        OneOrOther(transforms=[
            HorizontalFlip(p=0.5),
            VerticalFlip(p=0.5),
        ], p=0.8)
    """

    _opening = "transforms="

    def __init__(self, first: Any = None, second: Any = None, transforms: Any = None, p: float = 0.5):
        if transforms is None:
            if first is None or second is None:
                raise ValueError("OneOrOther needs first and second, or transforms=[first, second]")
            transforms = [first, second]
        super().__init__(transforms, p)
        if len(self.transforms) != 2:
            raise ValueError(f"transforms must be two, got {len(self.transforms)}")

    def get_config(self) -> dict[str, Any]:
        """The two transforms as ``to_dict`` describes them, and ``p``."""
        return {"transforms": [t.to_dict() for t in self.transforms], "p": self.p}

    def run(self, sample: Sample, draws: Draws, force: bool = False) -> None:
        """Applies one of the two; there is no third way."""
        self.transforms[0 if self._chosen(draws) else 1].run(sample, draws, force=True)
