"""What ``fastcnn train`` tells: before, and after."""

from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["introduction", "result", "text"]


def introduction(options: Any, data: Any, model: Any) -> str:
    """The images and the network, in two lines."""
    counts = np.bincount(np.concatenate([part.labels for part in (data.training, data.validation) if part is not None]))
    each = f"{counts.min():,} to {counts.max():,} of each" if counts.min() != counts.max() else f"{counts[0]:,} of each"
    held = 0 if data.validation is None else len(data.validation.file_paths)
    height, width, channels = model.input_shape[1:]
    began = f"weights of {options.weights}" if options.weights else "random weights"
    return (
        f"{options.folder}: {counts.sum():,} images of {len(data.class_names)} classes, {each}; "
        f"{counts.sum() - held:,} to learn from, {held:,} to validate\n"
        f"{options.model}: {model.count_params():,} parameters, {began}; images of {height}x{width}x{channels}, "
        f"batches of {options.batch_size}, augmentation: {options.augment}"
    )


def result(
    options: Any, data: Any, model: Any, best: Any, rate: float, interrupted: bool, seconds: float
) -> dict[str, Any]:
    """All that is known after training; the model gets its best weights."""
    from fastcnn import __version__

    wanted = ("weights", "optimizer", "batch_size", "augment", "validation_split", "seed", "patience")
    found = best.best_epoch is not None
    return {
        "command": "train",
        "version": __version__,
        "model": options.model,
        "parameters": int(model.count_params()),
        "input_shape": list(model.input_shape[1:]),
        "settings": {**{name: getattr(options, name) for name in wanted}, "learning_rate": rate},
        "classes": data.class_names,
        "images": {
            "training": len(data.training.file_paths),
            "validation": 0 if data.validation is None else len(data.validation.file_paths),
        },
        "history": best.epochs,
        "best_epoch": best.best_epoch + 1 if found else None,
        "validation": _validation(options, data, model, best) if found and not interrupted else None,
        "interrupted": interrupted,
        "output": options.output if found else None,
        "seconds": round(seconds, 2),
    }


def _validation(options: Any, data: Any, model: Any, best: Any) -> dict[str, Any] | None:
    """How the best model does on the images that were held back."""
    if data.validation is None:
        return None
    from fastcnn.metrics import confusion_matrix
    from fastcnn.saving.native import load_native_weights

    load_native_weights(model, options.output)
    labels, names = np.asarray(data.validation.labels), data.class_names
    taken_for = model.predict(data.validation, verbose=0).argmax(axis=1)
    matrix = np.asarray(confusion_matrix(labels, taken_for, len(names))).astype(int)
    wrong = matrix - np.diag(np.diag(matrix))
    order = [np.unravel_index(i, wrong.shape) for i in np.argsort(-wrong, axis=None, kind="stable")[:5]]
    return {
        "loss": best.epochs[best.best_epoch].get("val_loss"),
        "accuracy": float((labels == taken_for).mean()),
        "wrong": int(wrong.sum()),
        "per_class": {
            name: float(row[i] / max(row.sum(), 1)) for i, (name, row) in enumerate(zip(names, matrix, strict=True))
        },
        "confused": [
            {"class": names[i], "taken_for": names[j], "images": int(wrong[i, j]), "of": int(matrix[i].sum())}
            for i, j in order
            if wrong[i, j]
        ],
    }


def text(found: dict[str, Any]) -> str:
    """The result for people."""
    lines = [""]
    if found["interrupted"]:
        lines.append(f"Interrupted after {_epochs(len(found['history']))}.")
    if found["best_epoch"] is None:
        lines.append("No epoch was finished, so there is no model.")
    else:
        lines.append(_best(found))
        lines += _details(found["validation"])
        megabytes = Path(found["output"]).stat().st_size / 1e6
        lines.append(f"Saved {found['output']} ({megabytes:.1f} MB): fastcnn predict {found['output']} IMAGE...")
    if found["interrupted"] and found["output"] and not found["settings"]["weights"]:
        lines.append("The same command with --resume goes on.")
    return "\n".join(lines)


def _epochs(n: int) -> str:
    return f"{n} epoch{'s' * (n != 1)}"


def _best(found: dict[str, Any]) -> str:
    numbers = found["history"][found["best_epoch"] - 1]
    kind = "validation" if "val_accuracy" in numbers else "training"
    prefix = "val_" if kind == "validation" else ""
    words = f"{kind} accuracy {numbers[prefix + 'accuracy']:.1%}, loss {numbers[prefix + 'loss']:.4f}"
    return (
        f"Best was epoch {found['best_epoch']} of {len(found['history'])}: {words} ({_time(found['seconds'])} in all)"
    )


def _details(validation: dict[str, Any] | None) -> list[str]:
    if validation is None or not validation["wrong"]:
        return []
    worst = sorted(validation["per_class"].items(), key=lambda pair: pair[1])[:3]
    lines = ["Hardest classes: " + ", ".join(f"{name} {part:.0%} right" for name, part in worst if part < 1)]
    mistakes = (
        f"{m['class']} taken for {m['taken_for']} ({m['images']} of {m['of']})" for m in validation["confused"][:3]
    )
    return [*lines, "Most mistakes: " + ", ".join(mistakes)]


def _time(seconds: float) -> str:
    """In words such as 8 s, 2 min 5 s, 1 h 3 min.

    Example:
        >>> _time(8.4), _time(125), _time(3780)
        ('8 s', '2 min 5 s', '1 h 3 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
