"""``fastcnn train FOLDER``: from a folder of class folders to a model in a file."""

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from fastcnn.cli.numbers import count, fraction, positive, size

__all__ = ["AUGMENT", "OPTIMIZERS", "add", "run"]

AUGMENT = ("none", "natural", "medical", "digits", "satellite")
OPTIMIZERS = {"adam": ("Adam", 1e-3, {}), "adamw": ("AdamW", 1e-3, {}), "rmsprop": ("RMSprop", 1e-3, {}),
              "sgd": ("SGD", 1e-2, {"momentum": 0.9, "nesterov": True})}  # fmt: skip

_HELP = "learns to tell apart the images of a folder that holds a folder of each class"
_EPILOG = """examples:
  fastcnn train signs --epochs 30 --augment digits
  fastcnn train flowers --model squeezenet --weights squeezenet1_1-b8a52dc0.pth --fine-tune 5"""


def add(commands: Any) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "train", help=_HELP, description=_HELP, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help="holds a folder of images for each class")
    parser.add_argument(
        "--model",
        type=_network,
        default="small",
        metavar="NAME",
        help="small, or a network such as resnet18 of those that `fastcnn summary` lists (%(default)s)",
    )
    parser.add_argument(
        "--weights",
        metavar="PATH",
        help="pretrained: a file, or imagenet for one in the usual folders; a new head learns on the frozen network",
    )
    parser.add_argument(
        "--fine-tune",
        type=count,
        nargs="?",
        const=0,
        metavar="EPOCHS",
        help="then the whole network, at a tenth of the learning rate; as many as --epochs unless given",
    )
    parser.add_argument("--epochs", type=count, default=20, help="at most (%(default)s)")
    parser.add_argument(
        "--patience",
        type=count,
        default=8,
        metavar="EPOCHS",
        help="stops when validation has not improved for so many (%(default)s)",
    )
    parser.add_argument("--batch-size", type=count, default=32, metavar="N", help="(%(default)s)")
    parser.add_argument(
        "--image-size",
        type=size,
        metavar="N|HxW",
        help="images are resized to it; what the network was made for unless given",
    )
    parser.add_argument("--grayscale", action="store_true", help="one channel instead of three")
    parser.add_argument(
        "--augment",
        choices=AUGMENT,
        default="none",
        help="random changes, other ones each epoch, for this kind of images (%(default)s)",
    )
    parser.add_argument("--optimizer", choices=tuple(OPTIMIZERS), default="adam", help="(%(default)s)")
    parser.add_argument(
        "--learning-rate",
        type=positive,
        metavar="RATE",
        help="0.001 unless given, 0.01 for sgd; halved when validation stands still",
    )
    parser.add_argument(
        "--validation-split",
        type=fraction,
        default=0.2,
        metavar="PART",
        help="part of each class that is held back (%(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of all that is random; the same seed gives the same model (%(default)s)"
    )
    parser.add_argument(
        "--cache", nargs="?", const="memory", metavar="PATH.npy", help="keep decoded images, in memory or in this file"
    )
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="what to do about images that cannot be read (%(default)s)",
    )
    parser.add_argument(
        "--output", default="model.fastcnn", metavar="PATH", help="where the best model is kept (%(default)s)"
    )
    parser.add_argument("--resume", action="store_true", help="goes on with a training that was interrupted")
    parser.add_argument(
        "--json", action="store_true", help="the result as JSON on standard output; progress goes to standard error"
    )
    parser.set_defaults(run=run, wrong=parser.error)


def _network(name: str) -> str:
    from fastcnn.cli.networks import full_name

    try:
        return full_name(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(options: Any) -> int:
    """Trains; what is printed, or with ``--json`` the result alone."""
    _check(options)
    from fastcnn.cli import report

    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        result = _train(options)
        print(report.text(result))
    if options.json:
        print(json.dumps(result, indent=2))
    return 130 if result["interrupted"] else 0


def _check(options: Any) -> None:
    if options.fine_tune is not None and not options.weights:
        options.wrong("argument --fine-tune: needs --weights; without them the whole network is trained anyway")
    if options.weights and options.model == "small":
        options.wrong("argument --weights: there are none for small; name a published network with --model")
    if options.resume and options.weights:
        options.wrong("argument --resume: cannot be used with --weights")
    if options.weights and options.grayscale:
        options.wrong("argument --grayscale: cannot be used with --weights, which are for images of three channels")
    if not options.output.endswith(".fastcnn"):
        options.wrong(f"argument --output: must end in .fastcnn, got {options.output!r}")
    if options.cache not in (None, "memory") and not options.cache.endswith(".npy"):
        options.wrong(f"argument --cache: must end in .npy, got {options.cache!r}")


def _train(options: Any) -> dict[str, Any]:
    if options.weights not in (None, "imagenet") and not Path(options.weights).is_file():
        raise FileNotFoundError(f"--weights {options.weights}: there is no such file")
    from fastcnn import utils
    from fastcnn.cli import folders, networks, report
    from fastcnn.cli.best_model import BestModel

    began = time.perf_counter()
    _check_backup(options)
    utils.set_random_seed(options.seed)
    edge = networks.default_size(options.model)
    height, width = options.image_size or (edge, edge)
    grey = options.grayscale or options.model == "LeNet5"
    data = folders.pictures(options, (height, width), "grayscale" if grey else "rgb")
    model = networks.make(options.model, (height, width, 1 if grey else 3), len(data.class_names), options.weights)
    model.compile(_optimizer(options), "sparse_categorical_crossentropy", metrics=["accuracy"])
    about = {"class_names": data.class_names, "model": options.model, "pixels": "0..255"}
    Path(options.output).parent.mkdir(parents=True, exist_ok=True)
    best = BestModel(model, options.output, about, "loss" if data.validation is None else "val_loss")
    print(report.introduction(options, data, model), flush=True)
    interrupted = _interrupted(options, model, data, best)
    return report.result(options, data, model, best, _rate(options), interrupted, time.perf_counter() - began)


def _interrupted(options: Any, model: Any, data: Any, best: Any) -> bool:
    """Trains; True where Ctrl-C ended it. A backup that is of no use is removed."""
    from fastcnn.data.reading import UnreadableImageError

    useful = False
    try:
        _fit(options, model, data, best)
        if best.best_epoch is None:
            raise ValueError(f"{best.monitor} was never a finite number: {_slower(options)}")
    except KeyboardInterrupt:
        useful = best.best_epoch is not None
        return True
    except UnreadableImageError as error:
        raise ValueError(f"{error}; --on-error skip leaves such images out") from error
    except RuntimeError as error:
        if "the loss became" in str(error):
            raise ValueError(f"{error}: {_slower(options)}") from error
        useful = best.best_epoch is not None
        raise
    except Exception:
        useful = best.best_epoch is not None
        raise
    finally:
        if not useful:
            _remove(backup_folder(options))
    return False


def _slower(options: Any) -> str:
    return f"try a smaller --learning-rate than {_rate(options):g}"


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _check_backup(options: Any) -> None:
    backup = Path(backup_folder(options))
    there = backup.is_dir() and any(backup.glob("*.fastcnn"))
    if there and not options.resume and not options.weights:
        raise ValueError(f"{backup} holds a training that was interrupted: go on with --resume, or delete that folder")
    if options.resume and not there:
        print(f"no interrupted training in {backup}: this is a new one")


def backup_folder(options: Any) -> str:
    """Where an interrupted training is kept: beside the model."""
    return f"{options.output}.backup"


def _rate(options: Any) -> float:
    return options.learning_rate or OPTIMIZERS[options.optimizer][1]


def _optimizer(options: Any) -> Any:
    from fastcnn import optimizers

    name, _, more = OPTIMIZERS[options.optimizer]
    return getattr(optimizers, name)(_rate(options), **more)


def _fit(options: Any, model: Any, data: Any, best: Any) -> None:
    """All phases; the model's best state is in its file."""
    if not options.weights:
        from fastcnn.callbacks import BackupAndRestore

        callbacks = [*_callbacks(options, best), BackupAndRestore(backup_folder(options))]
        model.fit(data.training, validation_data=data.validation, epochs=options.epochs, callbacks=callbacks)
        return
    from fastcnn import transfer

    best.phase, rate = "head", _rate(options)
    arguments = {"validation_data": data.validation}
    once = options.augment == "none"  # each image gives the same features in each epoch
    print(f"The new head, on the frozen network{', whose features are computed once' * once}:", flush=True)
    if once:
        arguments |= {"batch_size": options.batch_size, "verbose": 1, "callbacks": _callbacks(options, best)}
        transfer.train_head(model, data.training, epochs=options.epochs, lr=rate, **arguments)
    else:
        arguments |= {"callbacks": _callbacks(options, best)}
        transfer.fine_tune(model, data.training, head_epochs=options.epochs, epochs=0, head_lr=rate, **arguments)
    if options.fine_tune is None:
        return
    from fastcnn.saving.native import load_native_weights

    load_native_weights(model, options.output)
    best.phase, arguments = "tune", {"validation_data": data.validation, "callbacks": _callbacks(options, best)}
    print("The whole network:", flush=True)
    epochs = options.fine_tune or options.epochs
    transfer.fine_tune(model, data.training, head_epochs=0, epochs=epochs, lr=rate / 10, **arguments)


def _callbacks(options: Any, best: Any) -> list[Any]:
    from fastcnn.callbacks import EarlyStopping, ReduceLROnPlateau, TerminateOnNaN

    slower = ReduceLROnPlateau(monitor=best.monitor, factor=0.5, patience=max(options.patience // 2, 1))
    stop = EarlyStopping(monitor=best.monitor, patience=options.patience)
    return [slower, stop, TerminateOnNaN(raise_error=True), best]
