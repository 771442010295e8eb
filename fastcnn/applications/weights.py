"""Files with published weights: where they are looked for, which variant of a network they fit, how they are read."""

import os
from pathlib import Path
from typing import Any

from fastcnn.applications.catalog import Files

__all__ = ["find_weights", "load", "variant_of", "weight_folders"]


def weight_folders() -> list[Path]:
    """Where published files are looked for: ``FASTCNN_WEIGHTS``, Keras's cache, PyTorch's cache.

    Example:
        >>> str(weight_folders()[-1]).endswith("checkpoints")
        True
    """
    named = os.environ.get("FASTCNN_WEIGHTS", "")
    keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    torch = Path(os.environ.get("TORCH_HOME") or Path.home() / ".cache" / "torch")
    folders = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    return [*folders, keras / "models", torch / "hub" / "checkpoints"]


def find_weights(name: str, files: Files, include_top: bool, variant: str | None) -> Path:
    """The first published file of a network, in the order of the folders.

    Args:
        name: of the network, for the message.
        files: what to look for.
        include_top: whether the top's weights are needed; a file that has them will do without, too.
        variant: "keras" or "torchvision" where only such files will do; None for either.

    Raises:
        FileNotFoundError: no folder has one; it says which file to put where.
    """
    patterns: list[str] = []
    if files.keras is not None and variant in (None, "keras"):
        whole, topless = files.keras
        patterns += [whole] if include_top else [topless, whole] if files.whole else [topless]
    if files.torch is not None and variant in (None, "torchvision"):
        checksum = "[0-9a-f]" * 8
        patterns += [f"{files.torch}-{checksum}.pth", f"{files.torch}.pth", f"{files.torch}.safetensors"]
    folders = weight_folders()
    for folder in folders:
        for pattern in patterns:
            if found := sorted(folder.glob(pattern)):
                return found[0]
    wanted = " or ".join(p.replace("[0-9a-f]" * 8, "????????") for p in patterns)
    if not patterns:
        raise FileNotFoundError(
            f"there are no published weights of {name}: pass weights=None for random ones, or the path of a file"
        )
    places = "".join(f"\n  {folder}" for folder in folders)
    raise FileNotFoundError(
        f"weights='imagenet': there is no file with weights of {name}. Put {wanted} into one of these "
        f"folders:{places}\n"
        "or name a folder in the environment variable FASTCNN_WEIGHTS, or pass the path of a file as weights; "
        "weights=None gives random ones"
    )


def variant_of(path: Path) -> str | None:
    """Which variant of a network a file of weights was made for, None where the file does not tell.

    Example:
        >>> variant_of(Path("resnet18-f37072fd.pth"))
        'torchvision'
    """
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        from fastcnn.saving.torch_names import looks_like_torch

        return "torchvision" if looks_like_torch(_names(path)) else None
    return "torchvision" if suffix in (".pth", ".pt", ".bin", ".onnx") else None


def _names(path: Path) -> list[str]:
    """The tensors of a safetensors file; none where it is damaged: its reader will say how."""
    import json

    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            header = json.loads(file.read(min(length, 100_000_000)))
        except (ValueError, RecursionError):
            return []
    return [name for name in header if name != "__metadata__"] if isinstance(header, dict) else []


def load(model: Any, path: Path, files: Files) -> None:
    """Gives a model the weights of a file; a whole file of Keras's fits a model without the top, too."""
    whole = files.keras is not None and files.whole and path.name == files.keras[0]
    if whole and not any(layer.name == "predictions" for layer in model.layers):
        model.load_weights(path, by_name=True)
    else:
        model.load_weights(path)
