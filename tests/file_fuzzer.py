"""Loads mutated copies of a file, watched: run as ``python file_fuzzer.py LOADER SEED COUNT SECONDS`` in a process of its own.

Every load must succeed or raise a documented error, with 512 MB of address space, without running, importing, connecting
or opening anything but the file. Prints what happened as JSON.
"""

import contextlib
import copy
import difflib
import encodings.ascii
import io
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

assert difflib  # suggestions in messages import it late
assert encodings.ascii  # so does h5py, for names that are no UTF-8
INTERESTING = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1]
FORBIDDEN = ("subprocess", "os.system", "os.exec", "os.fork", "os.posix_spawn", "socket", "import", "exec", "compile", "pickle", "ctypes", "os.remove", "os.rename", "os.mkdir", "shutil", "ftplib", "urllib")  # fmt: skip


def mutate(data, rng):
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(out))) if rng.random() < 0.5 else int(rng.integers(min(len(out), 2048)))
        kind = int(rng.integers(7))
        if kind == 0:
            out[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            out[at] = int(rng.integers(256))
        elif kind == 2:
            width = int(rng.choice([2, 4, 8]))
            value = INTERESTING[int(rng.integers(len(INTERESTING)))] % (1 << (8 * width))
            out[at : at + width] = value.to_bytes(width, "little")
        elif kind == 3:
            del out[at : at + int(rng.integers(1, 64))]
        elif kind == 4:
            other = int(rng.integers(len(out)))
            out[at:at] = out[other : other + int(rng.integers(1, 64))]
        elif kind == 5:
            digits = [i for i in range(len(out)) if 48 <= out[i] <= 57] if len(out) < 1 << 16 else []
            if digits:
                out[digits[int(rng.integers(len(digits)))]] = 48 + int(rng.integers(10))
        else:
            del out[max(at, 1) :]
        if not out:
            out = bytearray(b"\0")
    return bytes(out)


VALUES = [None, True, -1, 0, 1, 2, 3, 7, 1e9, -(2**31), 10**9, 10**30, 0.5, float("nan"), float("inf"), "", "x", "same", "relu", "Dense", [], {}, [1], [None, 3], [[1, 2]], {"class_name": "Dense", "config": {}}, {"class_name": "function", "config": "eval"}]  # fmt: skip


def mutate_tree(data, rng):
    """Some value somewhere in a JSON document becomes another, or is lost."""
    tree = json.loads(data)
    for _ in range(int(rng.integers(1, 4))):
        holders = []
        stack = [tree]
        while stack:
            node = stack.pop()
            children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
            if children:
                holders.append(node)
            stack.extend(children)
        if not holders:
            break
        holder = holders[int(rng.integers(len(holders)))]
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = keys[int(rng.integers(len(keys)))]
        if rng.random() < 0.2:
            del holder[key]
        elif rng.random() < 0.3:
            other = holders[int(rng.integers(len(holders)))]
            holder[key] = json.loads(json.dumps(other))
        else:
            holder[key] = copy.deepcopy(VALUES[int(rng.integers(len(VALUES)))])
    return json.dumps(tree).encode()


def mutate_pickle(data, rng):
    """The pickle of a PyTorch archive is damaged, the checksums of the archive are right."""
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, mutate(content, rng) if name.endswith("data.pkl") else content)
    return file.getvalue()


def damaged(name, data, rng, i):
    if name == "config" and i % 4:
        return mutate_tree(data, rng)
    if name == "pth" and data.startswith(b"PK") and i % 2:
        return mutate_pickle(data, rng)
    return mutate(data, rng)


def loader(name):
    import fastcnn.saving as saving

    if name == "hdf5":
        from fastcnn.saving.h5read import H5File

        def read(path):
            with H5File(path) as h5:
                for dataset in h5.datasets:
                    h5.read(dataset)
                for group in h5.groups:
                    h5.attribute(group, "name")

        return read
    if name == "config":
        from fastcnn.saving.blueprint import model_from
        from fastcnn.saving.gate import Source, parse_json

        def build(path):
            text = path.read_bytes()
            source = Source(path, len(text))
            return model_from(parse_json(text, source, "the config"), None, source)

        return build
    if name == "onnx":
        from fastcnn.saving.onnx_weights import onnx_modules, read_onnx

        return lambda path: onnx_modules(read_onnx(path))
    return {
        "safetensors": saving.read_safetensors,
        "npz": saving.read_npz,
        "model": saving.load_model,
        "pth": saving.read_torch,
    }[name]


def write(path, data):
    """Over the old content: emptying a file before it is written again makes some file systems wait for the disk."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def watch(path, done):
    def hook(event, args):
        if len(done) > 9 or not armed:
            return
        if event == "open" and isinstance(args[0], (str, bytes)) and os.fsdecode(args[0]) != str(path):
            done.append(f"open {args[0]!r}")
        elif event.startswith(FORBIDDEN) and event != "import":
            done.append(f"{event} {str(args)[:100]}")
        elif event == "import" and args[0] not in sys.modules and not str(args[0]).startswith(("encodings", "fastcnn")):
            done.append(f"import {args[0]}")

    armed = []
    sys.addaudithook(hook)
    return armed


def campaign(count, seconds, attempt, refusals, armed, done, limit):
    """``attempt(i)`` for each i, with at most ``limit`` more bytes of address space; what happened, for JSON."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + limit,) * 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = {"loaded": 0, "refused": 0, "wrong": [], "slowest": 0.0}
    end = time.monotonic() + seconds
    for i in range(count):
        if time.monotonic() > end:
            break
        run = attempt(i)
        start = time.monotonic()
        armed.append(True)
        try:
            run()
            results["loaded"] += 1
        except refusals:
            results["refused"] += 1
        except BaseException as error:
            results["wrong"].append(f"{i}: {type(error).__name__}: {str(error)[:200]}")
        armed.clear()
        results["slowest"] = max(results["slowest"], time.monotonic() - start)
    results["forbidden"] = done
    results["grown_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return results


def main():
    name, seed, count, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    data, rng = seed.read_bytes(), np.random.default_rng(0)
    load = loader(name)
    path = seed.with_name(f"mutated-{seed.name}")
    load(seed)
    for warm in (b"", data[: len(data) // 2], data[:-1], data + b"x", data[:50] + b"\xff" + data[51:]):
        path.write_bytes(warm)
        with contextlib.suppress(Exception):
            load(path)
    done = []
    armed = watch(path, done)

    def attempt(i):
        write(path, damaged(name, data, rng, i))
        return lambda: load(path)

    refusals = (ValueError, TypeError, NotImplementedError)
    print(json.dumps(campaign(count, seconds, attempt, refusals, armed, done, 512 << 20)))


if __name__ == "__main__":
    main()
