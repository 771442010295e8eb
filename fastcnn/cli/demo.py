"""``fastcnn demo``: a training to look at."""

from typing import Any

__all__ = ["add", "run"]


def add(commands: Any) -> None:
    """The command's options."""
    parser = commands.add_parser("demo", help="trains a network on handwritten digits and shows what it learned")
    parser.add_argument(
        "--gallery", action="store_true", help="instead: the kernels at work on a picture, and their speed"
    )
    parser.add_argument(
        "image", nargs="?", help="a picture for the gallery (needs Pillow); a synthesised one otherwise"
    )
    parser.add_argument("--output", default="demo-output", help="folder of the pictures (%(default)s)")
    parser.set_defaults(run=run)


def run(options: Any) -> int:
    """Trains, or shows the gallery."""
    if options.gallery or options.image:
        from fastcnn.demo import gallery

        return gallery.main(options.image, options.output)
    from fastcnn.demo import training

    return training.main(options.output)
