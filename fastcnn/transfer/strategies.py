"""The three strategies of transfer learning, the two modes they come down to, and which of them really happened."""

import hashlib
from dataclasses import dataclass
from typing import Any

from fastcnn.layers.layer import Layer
from fastcnn.tensor import Variable
from fastcnn.transfer.freezing import release, release_head
from fastcnn.transfer.parts import parts

__all__ = ["MODES", "Outcome", "Snapshot", "apply", "feature_extraction", "fine_tuning"]

MODES = ("feature_extraction", "fine_tuning")


def with_weights(layers: list[Layer]) -> list[Layer]:
    """Those that hold weights made for training."""
    return [layer for layer in layers if any(v._made_trainable for v in layer.weights)]


def apply(model: Any, strategy: int, part: float = 0.3, *, batch_norm: bool = True, head: str | None = None) -> Any:
    """Freezes and unfreezes a network for one of three strategies; the head is always trained.

    1 trains everything; 2 the last part of the base; 3 nothing of the base, whose features are taken as they are. What
    is frozen in the head, such as a whitening, stays frozen; a head that is frozen as a whole is opened.

    Args:
        model: base and head, as ``build`` and ``replace_head`` give it.
        strategy: 1, 2 or 3.
        part: of strategy 2: how much of the base is trained, as a part of its layers with weights; one layer at least.
        batch_norm: whether batch normalisations of the base that are unfrozen are trained.
        head: the name of the head's first layer; found out unless given.

    Returns:
        The model.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([
        ...     layers.Input((9, 9, 3)), layers.Conv2D(4, 3, name="low"), layers.Conv2D(4, 3, name="high"),
        ...     layers.Flatten(name="flat"), layers.Dense(2, name="classes"),
        ... ])
        >>> for strategy in (1, 2, 3):
        ...     print([layer.name for layer in apply(model, strategy, part=0.5).layers if layer.trainable])
        ['low', 'high', 'flat', 'classes']
        ['high', 'flat', 'classes']
        ['flat', 'classes']
    """
    if strategy not in (1, 2, 3) or isinstance(strategy, bool):
        raise ValueError(f"strategy must be 1 (all), 2 (a part of the base) or 3 (the head alone), got {strategy!r}")
    if not 0 <= part <= 1:
        raise ValueError(f"part must be from 0 to 1, got {part!r}")
    found = parts(model, head)
    require_head(model, found.head)
    learned = with_weights(found.body)
    count = {1: len(learned), 2: max(round(part * len(learned)), 1), 3: 0}[strategy]
    first = found.body.index(learned[len(learned) - count]) if learned and count else len(found.body)
    if strategy == 1:
        first = 0
    for layer in found.body[:first]:
        layer.trainable = False
    release(model, found.body[first:], batch_norm)
    release_head(model, found.head)
    return model


def require_head(model: Any, head: list[Layer]) -> None:
    if not with_weights(head):
        raise ValueError(
            f"model {model.name!r} has no head to train: make one with build(model, classes), or name the head's first "
            "layer, head='...'"
        )


def feature_extraction(model: Any) -> Any:
    """The first mode, strategy 3: the base gives features and stays as it is, bit for bit; the head learns.

    Args:
        model: base and head.

    Returns:
        The model.

    Example:
        >>> from fastcnn import layers, models
        >>> base = models.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 3)])
        >>> model = models.Sequential([base, layers.Flatten(), layers.Dense(2)])
        >>> len(feature_extraction(model).trainable_weights)
        2
    """
    return apply(model, 3)


def fine_tuning(model: Any, part: float = 1.0, *, batch_norm: bool = True) -> Any:
    """The second mode, strategies 1 and 2: the base, or its last part, learns too. It wants a small learning rate.

    Args:
        model: base and head.
        part: how much of the base is trained.
        batch_norm: whether its batch normalisations are.

    Returns:
        The model.

    Example:
        >>> from fastcnn import layers, models
        >>> base = models.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 3)])
        >>> model = models.Sequential([base, layers.Flatten(), layers.Dense(2)])
        >>> len(fine_tuning(feature_extraction(model)).trainable_weights)
        4
    """
    if not part > 0:
        raise ValueError(f"part must be more than 0, got {part!r}: without it there is only feature_extraction")
    return apply(model, 1 if part == 1 else 2, part, batch_norm=batch_norm)


@dataclass(frozen=True)
class Outcome:
    """What training has done to the base, as the weights tell.

    Attributes:
        changed: how many of the base's weights, as arrays, are other than before.
        total: how many there are.

    Example:
        >>> print(Outcome(changed=0, total=52))
        feature extraction: 0 of the 52 weights of the base changed
    """

    changed: int
    total: int

    @property
    def mode(self) -> str:
        """One of ``MODES``: training a new head alone is not fine-tuning."""
        return MODES[self.changed > 0]

    def __str__(self) -> str:
        return f"{self.mode.replace('_', ' ')}: {self.changed} of the {self.total} weights of the base changed"


class Snapshot:
    """How the base is now, to be compared with how it is later. Holds a checksum of each weight, no copies.

    Args:
        model: base and head, or a base alone.
        head: the name of the head's first layer; found out unless given.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
        >>> before = Snapshot(model)
        >>> before.outcome().mode
        'feature_extraction'
    """

    def __init__(self, model: Any, head: str | None = None):
        found: dict[int, Variable] = {id(v): v for layer in parts(model, head).body for v in layer.weights}
        self._sums = [(v, _checksum(v)) for v in found.values()]

    def outcome(self) -> Outcome:
        """What has changed since."""
        return Outcome(sum(_checksum(v) != before for v, before in self._sums), len(self._sums))


def _checksum(variable: Variable) -> bytes:
    return hashlib.blake2b(variable.array.tobytes(), digest_size=16).digest()
