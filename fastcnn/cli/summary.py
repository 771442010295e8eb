"""``fastcnn summary``: a model layer by layer, or the table of the published networks."""

import argparse
import json
from pathlib import Path
from typing import Any

from fastcnn.cli.numbers import count, size

__all__ = ["add", "run"]

_HELP = "a model's layers, shapes and parameters; without a name, the published networks"


def add(commands: Any) -> None:
    """The command's options."""
    parser = commands.add_parser("summary", help=_HELP, description=_HELP)
    parser.add_argument("model", nargs="?", help="a model's file, or the name of a network such as resnet18")
    parser.add_argument("--classes", type=count, default=1000, metavar="N", help="of a network by name (%(default)s)")
    parser.add_argument("--image-size", type=size, metavar="N|HxW", help="of a network by name")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(run=run)


def run(options: Any) -> int:
    """Prints it."""
    if options.model is None:
        _networks(options.json)
        return 0
    model, about = _model(options)
    if options.json:
        print(json.dumps(_facts(model, about), indent=2))
        return 0
    model.summary()
    if "class_names" in about:
        print("Classes: " + ", ".join(about["class_names"]))
    return 0


def _networks(as_json: bool) -> None:
    from fastcnn.applications.catalog import CATALOG, table

    if not as_json:
        print(f"small: a network for small images\n\n{table()}")
        return
    rows = [
        {"name": row.name, "parameters": row.parameters, "flops": row.flops, "image_size": row.size}
        for row in CATALOG.values()
    ]
    print(json.dumps({"command": "summary", "networks": rows}, indent=2))


def _model(options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    from fastcnn.cli import networks, notes

    path = Path(options.model)
    if path.is_file():
        return notes.load(path)
    if path.suffix or path.parent != Path():
        raise FileNotFoundError(f"{options.model}: there is no such file")
    name = networks.full_name(options.model)
    edge = networks.default_size(name)
    height, width = options.image_size or (edge, edge)
    return networks.make(name, (height, width, 1 if name == "LeNet5" else 3), options.classes), {}


def _facts(model: Any, about: dict[str, Any]) -> dict[str, Any]:
    layers = [
        {
            "name": layer.name,
            "type": type(layer).__name__,
            "output_shape": _plain(getattr(layer, "output_shape", None)),
            "parameters": int(layer.count_params()) if layer.built else None,
        }
        for layer in model.layers
    ]
    trainable = sum(int(v.numpy().size) for v in model.trainable_weights)
    return {
        "command": "summary",
        "name": model.name,
        "parameters": int(model.count_params()),
        "trainable_parameters": trainable,
        "input_shape": _plain(model.input_shape),
        "output_shape": _plain(model.output_shape),
        "notes": about,
        "layers": layers,
    }


def _plain(shape: Any) -> Any:
    return [_plain(part) for part in shape] if isinstance(shape, (list, tuple)) else shape
