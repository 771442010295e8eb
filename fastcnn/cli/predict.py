"""``fastcnn predict MODEL IMAGE...``: what the images show."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.cli.errors import one_line
from fastcnn.cli.numbers import count, size

__all__ = ["add", "probabilities", "run"]

_HELP = "names the classes of images, the most likely first"
_CHANNELS = {1: "grayscale", 3: "rgb", 4: "rgba"}


def add(commands: Any) -> None:
    """The command's options."""
    parser = commands.add_parser("predict", help=_HELP, description=_HELP)
    parser.add_argument("model", help="a model's file: of `fastcnn train`, or any other that fastcnn can load")
    parser.add_argument("images", nargs="+", metavar="image", help="image files, or folders of them")
    parser.add_argument("--top", type=count, default=5, metavar="N", help="how many classes to name (%(default)s)")
    parser.add_argument("--batch-size", type=count, default=32, metavar="N", help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    other = parser.add_argument_group("for models that are not of `fastcnn train`")
    other.add_argument("--classes", metavar="PATH", help="the names of the classes, a line each")
    other.add_argument(
        "--preprocess",
        choices=("tf", "torch", "caffe", "unit", "none"),
        help="how pixels were prepared for its training; as they are, 0..255, unless given",
    )
    other.add_argument("--image-size", type=size, metavar="N|HxW", help="where the model takes any size")
    parser.set_defaults(run=run)


def run(options: Any) -> int:
    """Prints the classes of each image; 1 where one could not be read."""
    from fastcnn.cli import notes

    model, about = notes.load(options.model)
    shape = _input_shape(model, options)
    names = _class_names(options, about, max(model.output_shape[-1], 2))
    found = list(_predictions(options, model, about, shape, names))
    bad = [one for one in found if "error" in one]
    for one in bad:
        print(f"fastcnn predict: error: {one['error']}", file=sys.stderr)
    if options.json:
        print(json.dumps({"command": "predict", "model": options.model, "predictions": found}, indent=2))
    else:
        _print([one for one in found if "error" not in one], options.top)
    return 1 if bad else 0


def _input_shape(model: Any, options: Any) -> tuple[int, int, int]:
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in _CHANNELS or len(model.output_shape) != 2:
        raise ValueError(
            f"{options.model} is no classifier of images: it takes {shape} and gives {model.output_shape}, expected "
            "(None, height, width, channels) and (None, classes)"
        )
    height, width = options.image_size or shape[1:3]
    if None in (height, width):
        raise ValueError(f"{options.model} takes images of any size: say which with --image-size")
    if any(n not in (None, given) for n, given in zip(shape[1:3], (height, width), strict=True)):
        raise ValueError(f"--image-size is {height}x{width}, but {options.model} takes {shape[1]}x{shape[2]}")
    return height, width, shape[-1]


def _class_names(options: Any, about: dict[str, Any], classes: int) -> list[str]:
    if options.classes:
        names = [line.strip() for line in Path(options.classes).read_text("utf-8").splitlines() if line.strip()]
        if len(names) != classes:
            raise ValueError(f"--classes {options.classes} has {len(names)} names, but the model has {classes} classes")
        return names
    names = about.get("class_names", [])
    return names if len(names) == classes else [f"class {i}" for i in range(classes)]


def _files(images: list[str]) -> list[str]:
    """The files, folders replaced by their images."""
    from fastcnn.data.folders import files_below

    found: list[str] = []
    for name in images:
        inside = files_below(Path(name)) if Path(name).is_dir() else [name]
        if not inside:
            raise ValueError(f"{name} has no images")
        found += inside
    return found


def _predictions(options: Any, model: Any, about: dict[str, Any], shape: tuple[int, int, int], names: list[str]) -> Any:
    """Of each image its classes, or what is wrong with it; read ahead by threads, in order."""
    from fastcnn.data.images import ImageFiles
    from fastcnn.data.loader import default_workers, in_order

    paths = _files(options.images)
    reader = ImageFiles(paths, _CHANNELS[shape[-1]], shape[:2], "bilinear")
    workers, size = default_workers(None), options.batch_size
    images = in_order(lambda i: _readable(reader, i), range(len(paths)), workers, 2 * size)
    waiting: list[tuple[str, Any]] = []
    for path, image in zip(paths, images, strict=True):
        waiting.append((path, image))
        if len(waiting) == size:
            yield from _batch(options, model, about, waiting, names)
            waiting = []
    yield from _batch(options, model, about, waiting, names)


def _readable(reader: Any, index: int) -> Any:
    """The image, or the words that say why not."""
    try:
        return reader[index]
    except (ValueError, OSError) as error:
        return one_line(error)


def _batch(options: Any, model: Any, about: dict[str, Any], items: list[tuple[str, Any]], names: list[str]) -> Any:
    good = [image for _, image in items if not isinstance(image, str)]
    rows = iter(probabilities(_outputs(options, model, about, np.stack(good).astype(np.float32))) if good else [])
    for path, image in items:
        if isinstance(image, str):
            yield {"file": path, "error": image}
            continue
        row = next(rows)
        best = np.argsort(-row, kind="stable")[: options.top]
        classes = [{"class": names[i], "index": int(i), "probability": round(float(row[i]), 6)} for i in best]
        yield {"file": path, "classes": classes}


def _outputs(options: Any, model: Any, about: dict[str, Any], x: Any) -> Any:
    if options.preprocess and not about:
        from fastcnn.preprocessing.modes import preprocess_input

        x = preprocess_input(x, options.preprocess)
    return model.predict(x, batch_size=len(x), verbose=0)


def probabilities(outputs: Any) -> Any:
    """Probabilities of all classes, also where a model gives logits, or one number for two classes.

    Args:
        outputs: (n, classes).

    Example:
        >>> probabilities(np.array([[0.25]])).tolist(), probabilities(np.array([[0.0, 0.0]])).tolist()
        ([[0.75, 0.25]], [[0.5, 0.5]])
    """
    outputs = np.asarray(outputs, np.float64)
    within = bool((outputs >= 0).all() and (outputs <= 1).all())
    if outputs.shape[-1] == 1:
        second = outputs if within else 1 / (1 + np.exp(-outputs))
        return np.concatenate([1 - second, second], axis=-1)
    if within and np.allclose(outputs.sum(axis=-1), 1, atol=1e-3):
        return outputs
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _print(found: list[dict[str, Any]], top: int) -> None:
    wide = max((len(one["file"]) for one in found), default=0)
    for one in found:
        if top == 1:
            best = one["classes"][0]
            print(f"{one['file']:{wide}}  {best['probability']:6.1%}  {best['class']}")
            continue
        print(one["file"])
        for best in one["classes"]:
            print(f"  {best['probability']:6.1%}  {best['class']}")
