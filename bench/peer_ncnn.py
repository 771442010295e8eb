"""ncnn as a peer: inference of what pnnx converts from PyTorch. It takes one image at a time."""

import importlib.metadata
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ncnn
import numpy as np
import pnnx

from bench.peer_task import Call, Factories, Task, no_export

export = no_export


def versions() -> dict[str, str]:
    return {"ncnn": importlib.metadata.version("ncnn"), "pnnx": importlib.metadata.version("pnnx")}


def _convert(task: Task) -> None:
    if task.path("model.ncnn.bin").exists():
        return
    side = task.x().shape[1:]
    shape = f"inputshape=[1,{side[2]},{side[0]},{side[1]}]f32"
    done = subprocess.run(
        [pnnx.EXEC_PATH, "model.pt", shape, "fp16=0"], cwd=task.folder, capture_output=True, text=True
    )
    if not task.path("model.ncnn.bin").exists():
        raise RuntimeError(f"pnnx did not convert {task.network}: {done.stderr[-300:]}")


def _net(task: Task, threads: int) -> Any:
    _convert(task)
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_winograd_convolution = net.opt.use_sgemm_convolution = net.opt.use_packing_layout = True
    for name in dir(net.opt):  # all that is not float32
        if name.startswith(("use_fp16", "use_bf16")):
            setattr(net.opt, name, False)
    if net.load_param(str(task.path("model.ncnn.param"))) or net.load_model(str(task.path("model.ncnn.bin"))):
        raise RuntimeError(f"ncnn does not load {task.network}")
    return net


def _one(net: Any, image: Any) -> Any:
    extractor = net.create_extractor()
    extractor.input("in0", image)
    _, output = extractor.extract("out0")
    return np.array(output)


def _inference(task: Task, variant: str, side_by_side: bool) -> Call:
    """Each image on all threads, or as many images at once as there are threads, each on one."""
    net = _net(task, 1 if side_by_side else task.threads)
    x = np.ascontiguousarray(task.x().transpose(0, 3, 1, 2))
    images = [ncnn.Mat(image) for image in x]
    if side_by_side:
        pool = ThreadPoolExecutor(task.threads)

        def run() -> Any:
            return list(pool.map(lambda image: _one(net, image), images))
    else:

        def run() -> Any:
            return [_one(net, image) for image in images]

    task.check(variant, np.stack(run()))
    return run


def factories(task: Task) -> Factories:
    if task.mode != "inference":
        return {}
    made: Factories = {"ncnn": lambda: _inference(task, "ncnn", False)}
    if task.batch > 1:
        made["ncnn, images at once"] = lambda: _inference(task, "ncnn, images at once", True)
    return made
