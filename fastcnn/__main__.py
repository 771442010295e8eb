"""``python -m fastcnn``: version, doctor, paths for those who build against the C API."""

import argparse
import shlex
import sys

import fastcnn
from fastcnn import config


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fastcnn", description=fastcnn.__doc__)
    parser.add_argument("--version", action="version", version=fastcnn.__version__)
    parser.add_argument("--includes", action="store_true", help="compiler flags for fastcnn.h")
    parser.add_argument("--libs", action="store_true", help="linker flags for libfastcnn")
    parser.add_argument("--cmakedir", action="store_true", help="what CMake wants as fastcnn_DIR")
    parser.add_argument("--pkgconfigdir", action="store_true", help="what pkg-config wants in PKG_CONFIG_PATH")
    commands = parser.add_subparsers(dest="command", metavar="command")
    doctor = commands.add_parser("doctor", help="this machine, this installation, and a self-test of the kernels")
    doctor.add_argument("--json", action="store_true", help="the same as JSON")
    bench = commands.add_parser("bench", help="what this machine can do, and how much of it the kernels reach")
    bench.add_argument("--json", action="store_true", help="the same as JSON")
    bench.add_argument("--seconds", type=float, default=0.3, help="time for each measurement (%(default)s)")
    demo = commands.add_parser("demo", help="trains a network on handwritten digits and shows what it learned")
    demo.add_argument(
        "--gallery", action="store_true", help="instead: the kernels at work on a picture, and their speed"
    )
    demo.add_argument("image", nargs="?", help="a picture for the gallery (needs Pillow); a synthesised one otherwise")
    demo.add_argument("--output", default="demo-output", help="folder of the pictures (%(default)s)")
    options = parser.parse_args(arguments)

    if options.command == "doctor":
        from fastcnn import doctor as doctor_module

        return doctor_module.main(options.json)
    if options.command == "bench":
        from fastcnn import quickbench

        return quickbench.main(options.seconds, options.json)
    if options.command == "demo":
        if options.gallery or options.image:
            from fastcnn.demo import gallery

            return gallery.main(options.image, options.output)
        from fastcnn.demo import training

        return training.main(options.output)

    lines = []
    if options.includes:
        lines.append("-I" + shlex.quote(config.get_include()))
    if options.libs:
        folder = shlex.quote(config.get_library_dir())
        lines.append(f"-L{folder} -lfastcnn -Wl,-rpath,{folder}")
    if options.cmakedir:
        lines.append(config.get_cmake_dir())
    if options.pkgconfigdir:
        lines.append(config.get_pkgconfig_dir())
    if not lines:
        parser.print_help()
    else:
        print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
