"""Galleries: images with their labels, those a network gets wrong, and what augmentation makes of one."""

from typing import Any

import numpy as np

from fastcnn.viz.arguments import check_choice, class_labels, labels_of, one_image, plain, several_images, shown, whole
from fastcnn.viz.figures import finish, new_figure
from fastcnn.viz.grids import grid_shape, picture_axes, put_picture, wrapped

__all__ = ["augmentation_preview", "misclassified", "show_images"]

Array = np.ndarray[Any, Any]


def show_images(
    images: Any,
    labels: Any = None,
    class_names: Any = None,
    *,
    titles: Any = None,
    n: int = 25,
    columns: int | None = None,
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """Images in a grid, with the names of their classes above them.

    Args:
        images: (n, h, w, c), (n, h, w), or a list of images of any sizes. Preprocessed ones are stretched to be seen.
        labels: the class of each, (n,) or one-hot.
        class_names: in the order of the classes.
        titles: what is written above each instead.
        n: how many at most.
        columns: how many in a row.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``.

    Example:
        >>> figure = show_images(np.zeros((2, 8, 8, 3), np.uint8), [1, 0], class_names=["cat", "dog"])
        >>> [ax.get_title() for ax in figure.axes]
        ['dog', 'cat']
    """
    pictures = several_images(images)
    whole(n, "n")
    if labels is not None and titles is not None:
        raise ValueError("labels and titles exclude each other: titles are written as they are")
    if labels is not None:
        found = _as_many(labels_of(labels, "labels"), "labels", len(pictures))
        names = class_labels(class_names, int(found.max()) + 1)
        titles = [names[i] for i in found]
    elif titles is not None:
        titles = [str(title) for title in _as_many(list(titles), "titles", len(pictures))]
    lines = ["" if titles is None else wrapped(titles[i]) for i in range(min(n, len(pictures)))]
    return finish(_grid([shown(p) for p in pictures[:n]], lines, columns, figsize), path)


def _as_many(values: Any, argument: str, count: int) -> Any:
    if len(values) != count:
        raise ValueError(f"{argument} must be as many as the images, {count}, got {len(values)}")
    return values


def _grid(pictures: list[Array], titles: list[str], columns: Any, figsize: Any) -> Any:
    if columns is not None:
        whole(columns, "columns")
    rows, across = grid_shape(len(pictures), columns)
    lines = max(title.count("\n") + bool(title) for title in titles)
    figure = new_figure(1.75 * across, rows * (1.6 + 0.17 * lines), figsize)
    axes = picture_axes(figure, len(pictures), columns)
    for ax, picture, title in zip(axes, pictures, titles, strict=True):
        put_picture(ax, picture, title)
    return figure


def misclassified(
    images: Any,
    y_true: Any,
    y_pred: Any,
    class_names: Any = None,
    *,
    n: int = 16,
    order: str = "confidence",
    columns: int | None = None,
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """The images that a network gets wrong: what they are, what it took them for, and how sure it was.

    Args:
        images: as of ``show_images``.
        y_true: classes (n,), or one-hot (n, classes).
        y_pred: what ``predict`` gave: probabilities (n, classes), or (n, 1) of a sigmoid; or classes.
        class_names: in the order of the classes.
        n: how many at most.
        order: "confidence" begins with the mistakes the network was surest of, "given" is the order of the images.
        columns: how many in a row.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``; with a line of text where there is no mistake.

    Example:
        >>> images = np.zeros((3, 8, 8, 3), np.uint8)
        >>> predicted = [[0.9, 0.1], [0.75, 0.25], [0.2, 0.8]]
        >>> figure = misclassified(images, [0, 1, 1], predicted, class_names=["cat", "dog"])
        >>> figure.axes[0].get_title().splitlines()
        ['true: dog', 'predicted: cat', '75.0 %']
    """
    check_choice(order, "order", ["confidence", "given"])
    whole(n, "n")
    pictures = several_images(images)
    true = _as_many(labels_of(y_true, "y_true"), "y_true", len(pictures))
    predicted = _as_many(labels_of(y_pred, "y_pred"), "y_pred", len(pictures))
    sure = _confidence(y_pred, predicted)
    names = class_labels(class_names, int(max(true.max(), predicted.max())) + 1)
    wrong = np.flatnonzero(true != predicted)
    if not len(wrong):
        figure = new_figure(4, 1, figsize)
        figure.text(0.5, 0.5, f"all {len(true)} images are classified right", ha="center", va="center")
        return finish(figure, path)
    some = f"; the first {n}"
    if order == "confidence" and sure is not None:
        some = f"; the {n} it was surest of"
        wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    titles = []
    for i in wrong[:n]:
        lines = [f"true: {names[true[i]]}", f"predicted: {names[predicted[i]]}"]
        lines += [] if sure is None else [f"{100 * sure[i]:.1f} %"]
        titles.append("\n".join(wrapped(line, 24) for line in lines))
    figure = _grid([shown(pictures[i]) for i in wrong[:n]], titles, columns, figsize)
    figure.suptitle(f"{len(wrong)} of {len(true)} wrong{some if len(wrong) > n else ''}", fontsize=10)
    return finish(figure, path)


def _confidence(y_pred: Any, predicted: Array) -> Array | None:
    """The probabilities of the predicted classes, if they are known."""
    array = plain(y_pred, "y_pred")
    if array.dtype.kind != "f":
        return None
    if array.ndim == 2 and array.shape[1] > 1:
        sums = array.sum(1)
        known = array.min() >= 0 and np.all(np.abs(sums - 1) < 1e-3)
        return array[np.arange(len(array)), predicted] if known else None
    flat = array.reshape(len(array))
    if np.array_equal(flat, np.round(flat)):
        return None
    return np.where(predicted == 1, flat, 1 - flat)


def augmentation_preview(
    transform: Any,
    image: Any,
    n: int = 11,
    seed: int = 0,
    *,
    columns: int | None = None,
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """An image, and what a random augmentation makes of it, so many times over.

    Args:
        transform: of ``fastcnn.augment``; a layer that augments (or a Sequential of such); an ``ImageDataGenerator``;
            or any function of an image.
        image: (h, w, c); uint8 for what wants 0..255.
        n: how many pictures besides the image itself.
        seed: of the draws: the same pictures for the same seed. A function of one's own draws as it likes.
        columns: how many in a row.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``.

    Example:
        >>> from fastcnn import augment
        >>> figure = augmentation_preview(augment.HorizontalFlip(p=1.0), np.eye(4, dtype=np.uint8)[..., None], n=3)
        >>> [ax.get_title() for ax in figure.axes]
        ['image', '1', '2', '3']
    """
    from fastcnn.viz.previews import augmented

    whole(n, "n")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be an int of at least 0, got {seed!r}")
    pixels = one_image(image)
    made = [one_image(m, "transform's result") for m in augmented(transform, pixels, n, int(seed))]
    first, *rest = _alike([pixels, *made])
    titles = ["image", *(str(i + 1) for i in range(n))]
    return finish(_grid([first, *rest], titles, columns, figsize), path)


def _alike(images: list[Array]) -> list[Array]:
    """Images as they are drawn; the augmented ones all stretched by the same factor, where they have to be."""
    first, rest = images[0], images[1:]
    floats = [m for m in rest if m.dtype != np.uint8]
    low = min((float(m.min()) for m in floats), default=0.0)
    high = max((float(m.max()) for m in floats), default=0.0)
    if first.dtype == np.uint8 and high > 16 and low > -32:
        rest = [np.clip(m, 0, 255) for m in rest]  # pixels, changed beyond their range
    elif floats and (low < -1e-3 or high > 255):
        rest = [(m - low) / max(high - low, 1e-12) for m in rest]
    return [shown(m) for m in (first, *rest)]
