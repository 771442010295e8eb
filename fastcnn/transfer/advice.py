"""What to do with a pretrained base and one's own data: two measurements, and the rule that follows from them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastcnn.registry import suggestion
from fastcnn.training.arrays import as_arrays, check_lengths
from fastcnn.transfer.features import extract_features
from fastcnn.transfer.parts import parts
from fastcnn.transfer.probes import linear_probe, nearest_probe, thumbnails
from fastcnn.transfer.strategies import apply, with_weights

__all__ = ["Advice", "advise"]

PROBES = {"linear": linear_probe, "nearest": nearest_probe}
# (similar, many): quadrant, strategy, part of the base that is trained, learning rate.
RULE = {
    (True, True): (1, 2, 0.3, 1e-4),
    (False, True): (2, 1, 1.0, 1e-4),
    (False, False): (3, 2, 0.5, 1e-5),
    (True, False): (4, 3, 0.0, 1e-3),
}
WHY = {
    1: "similar and many: the general features near the input fit as they are, the last ones are worth tuning",
    2: "dissimilar and many: the data suffice to train everything; the pretrained weights are a quick start",
    3: "dissimilar and few: the last features do not fit and must learn, slowly; with those near the input frozen "
    "there is less to overfit with",
    4: "similar and few: the features fit, and there is too little data to change them; train the classifier alone",
}
TITLES = {1: "train everything", 2: "freeze a part of the base", 3: "freeze the base, train the classifier"}


@dataclass(frozen=True)
class Advice:
    """What ``advise`` found, and what follows.

    Attributes:
        quadrant: 1 similar and many, 2 dissimilar and many, 3 dissimilar and few, 4 similar and few.
        strategy: 1 trains everything, 2 a part of the base, 3 the classifier alone; as of ``apply``.
        part: how much of the base is trained.
        freeze_until: the first layer of the base that is trained, as of ``freeze``: a name; 0 for the whole base, 1.0
            for nothing of it.
        learning_rate: of what is trained: of the second phase of ``fine_tune``, of the head in strategy 3.
        similarity: how far the base's features tell the classes apart, from 0.0 (chance) to 1.0 (all of them).
        samples_per_class: the median.
        accuracy: of the probe on the features.
        pixel_accuracy: of the same probe on small images.
        reasons: sentences.

    Example:
        >>> advice = Advice(4, 3, 0.0, 1.0, 1e-3, 0.9, 40.0, 0.92, 0.4, ("it is like what the base knows",))
        >>> print(advice)
        Quadrant 4 (similar, few): strategy 3, freeze the base, train the classifier
          freeze until 1.0, learning rate 0.001
          similarity 0.90, 40 samples per class
          - it is like what the base knows
    """

    quadrant: int
    strategy: int
    part: float
    freeze_until: Any
    learning_rate: float
    similarity: float
    samples_per_class: float
    accuracy: float
    pixel_accuracy: float
    reasons: tuple[str, ...] = field(default=())

    def apply(self, model: Any) -> Any:
        """Freezes and unfreezes the layers of a model, base and head, as advised; returns it."""
        return apply(model, self.strategy, self.part)

    def __str__(self) -> str:
        kind = {1: "similar, many", 2: "dissimilar, many", 3: "dissimilar, few", 4: "similar, few"}[self.quadrant]
        lines = [
            f"Quadrant {self.quadrant} ({kind}): strategy {self.strategy}, {TITLES[self.strategy]}",
            f"  freeze until {self.freeze_until}, learning rate {self.learning_rate:g}",
            f"  similarity {self.similarity:.2f}, {self.samples_per_class:g} samples per class",
        ]
        return "\n".join([*lines, *(f"  - {reason}" for reason in self.reasons)])


def advise(
    base: Any,
    x: Any,
    y: Any,
    *,
    similar: float = 0.6,
    many: int = 100,
    probe: str = "linear",
    most: int = 1000,
    layer: Any = None,
    cache: Any = None,
    batch_size: int = 32,
    seed: int = 0,
) -> Advice:
    """Measures how well a pretrained base suits data, and advises what to train and how fast.

    Two measurements decide. Similarity is what the base's frozen features, globally pooled, are worth for these
    classes: the leave-one-out accuracy of a simple classifier on them, from chance (0.0) to perfect (1.0); features
    that do worse than the pixels of 16x16 images are not similar, whatever they reach. Size is the number of samples
    per class.

    ========== ======================= ==========================
    .          many                    few
    similar    1: part of the base     4: the classifier alone
    dissimilar 2: everything           3: part of the base, slowly
    ========== ======================= ==========================

    Args:
        base: functional or Sequential, with its pretrained weights; a head is left aside.
        x: images, (n, h, w, c), preprocessed as the base wants them.
        y: labels, ints or words (n,), or one-hot (n, classes).
        similar: from which similarity on data are similar.
        many: from how many samples per class on there are many.
        probe: "linear" (ridge regression) or "nearest" (five nearest neighbours).
        most: how many samples are measured, chosen at random, as many of each class as can be. All are counted.
        layer: up to which layer features are computed; the last convolutional block unless given.
        cache: a file for the features, as of ``extract_features``.
        batch_size: of the base.
        seed: of the choice of samples.

    Returns:
        An ``Advice``: to print, and to ``apply``.

    Example:
        >>> import fastcnn
        >>> from fastcnn import layers, models
        >>> fastcnn.utils.set_random_seed(0)
        >>> base = models.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(8, 3, activation="relu", name="conv")])
        >>> y = np.arange(60) % 2
        >>> x = np.random.default_rng(0).normal(size=(60, 8, 8, 1)) * (1 + 4 * y[:, None, None, None])
        >>> advice = advise(base, x, y)
        >>> advice.quadrant, advice.strategy, advice.samples_per_class
        (4, 3, 30.0)
    """
    if probe not in PROBES:
        raise ValueError(f"probe must be 'linear' or 'nearest', got {probe!r}.{suggestion(probe, PROBES)}")
    images = np.asarray(as_arrays(x, "x"))
    labels, names = _labels(y, check_lengths(x=images))
    counts = np.bincount(labels)
    chosen = _chosen(labels, most, seed)
    features = extract_features(base, images[chosen], layer, cache, pooling="avg", batch_size=batch_size)
    accuracy = PROBES[probe](features, labels[chosen])
    pixels = PROBES[probe](thumbnails(images[chosen]), labels[chosen])
    chance = 1.0 / len(counts)
    similarity = max((accuracy - chance) / (1.0 - chance), 0.0)
    behind = pixels - accuracy > _error(accuracy, pixels, len(chosen))
    size = float(np.median(counts))
    quadrant, strategy, part, rate = RULE[similarity >= similar and not behind, size >= many]
    reasons = (
        _about_similarity(probe, accuracy, chance, similarity, similar),
        _about_pixels(accuracy, pixels, behind),
        _about_size(counts, names, size, many),
        WHY[quadrant],
    )
    until = _until(base, strategy, part)
    return Advice(quadrant, strategy, part, until, rate, similarity, size, accuracy, pixels, reasons)


def _labels(y: Any, n: int) -> tuple[Any, Any]:
    """Labels as ints from 0, and what they were called."""
    given = np.asarray(getattr(y, "array", y))
    if given.ndim == 2 and given.shape[1] > 1:
        given = given.argmax(1)
    given = given.reshape(-1)
    if len(given) != n:
        raise ValueError(f"x has {n} samples, but y has {len(given)}; they must be as many")
    names, labels = np.unique(given, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"y must have two classes or more, got only {names.tolist()}")
    counts = np.bincount(labels)
    if counts.min() < 2:
        raise ValueError(f"each class needs two samples or more; class {names[counts.argmin()]!s} has one")
    return labels.reshape(-1), names


def _chosen(labels: Any, most: int, seed: int) -> Any:
    """Which samples are measured, in order: as many of each class as can be, within ``most``."""
    classes = len(np.bincount(labels))
    if isinstance(most, bool) or not isinstance(most, int) or most < 2 * classes:
        raise ValueError(f"most must allow two samples of each of the {classes} classes, got {most!r}")
    if len(labels) <= most:
        return np.arange(len(labels))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    # Of each class the first sample, then of each the second, ...
    turn = np.empty(len(labels), np.int64)
    for c in range(classes):
        own = shuffled[labels[shuffled] == c]
        turn[own] = np.arange(len(own))
    return np.sort(shuffled[np.argsort(turn[shuffled], kind="stable")[:most]])


def _error(accuracy: float, pixels: float, n: int) -> float:
    """The standard error of the difference of two accuracies on the same samples, at most."""
    return float(np.sqrt((accuracy * (1 - accuracy) + pixels * (1 - pixels)) / n))


def _until(base: Any, strategy: int, part: float) -> Any:
    learned = with_weights(parts(base).body)
    if strategy == 1 or not learned:
        return 0
    return 1.0 if strategy == 3 else learned[len(learned) - max(round(part * len(learned)), 1)].name


def _about_similarity(probe: str, accuracy: float, chance: float, similarity: float, similar: float) -> str:
    found = (
        f"a {probe} classifier on the frozen features is right in {accuracy:.0%} of cases, where chance is {chance:.0%}"
    )
    return f"{found}: similarity {similarity:.2f}, {'at least' if similarity >= similar else 'below'} {similar:g}"


def _about_pixels(accuracy: float, pixels: float, behind: bool) -> str:
    if behind:
        return f"the pixels themselves do better, {pixels:.0%}: the base does not see what tells these classes apart"
    return f"the pixels themselves reach {pixels:.0%}" + (": the base adds little" if accuracy <= pixels else "")


def _about_size(counts: Any, names: Any, size: float, many: int) -> str:
    said = f"{size:g} samples per class, {'at least' if size >= many else 'below'} {many}"
    if counts.max() > 3 * counts.min():
        said += f"; from {counts.min()} of {names[counts.argmin()]!s} to {counts.max()} of {names[counts.argmax()]!s}"
    return said
