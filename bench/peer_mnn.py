"""MNN as a peer: inference of what mnnconvert makes of PyTorch's export, in float32."""

import importlib.metadata
import subprocess
import sys
from typing import Any

import MNN
import numpy as np

from bench.peer_task import Call, Factories, Task, no_export

export = no_export


def versions() -> dict[str, str]:
    return {"MNN": importlib.metadata.version("MNN")}


def _convert(task: Task) -> str:
    path = task.path("model.mnn")
    command = [sys.executable, "-m", "MNN.tools.mnnconvert", "-f", "ONNX", "--modelFile", str(task.path("model.onnx"))]
    done = subprocess.run(
        [*command, "--MNNModel", str(path), "--bizCode", "MNN"], capture_output=True, text=True, cwd=task.folder
    )
    if not path.exists():
        raise RuntimeError(f"mnnconvert did not convert {task.network}: {(done.stderr or done.stdout)[-300:]}")
    return str(path)


def _inference(task: Task) -> Call:
    interpreter = MNN.Interpreter(_convert(task))
    session = interpreter.createSession(
        {"backend": "CPU", "numThread": task.threads, "precision": "high", "memory": "normal", "power": "high"}
    )
    x = np.ascontiguousarray(task.images().transpose(0, 3, 1, 2))
    taker, giver = interpreter.getSessionInput(session), interpreter.getSessionOutput(session)
    interpreter.resizeTensor(taker, x.shape)
    interpreter.resizeSession(session)
    source = MNN.Tensor(x.shape, MNN.Halide_Type_Float, x, MNN.Tensor_DimensionType_Caffe)
    shape = giver.getShape()

    def run() -> Any:
        taker.copyFrom(source)
        interpreter.runSession(session)
        target = MNN.Tensor(shape, MNN.Halide_Type_Float, np.zeros(shape, np.float32), MNN.Tensor_DimensionType_Caffe)
        giver.copyToHostTensor(target)
        return target

    task.check("MNN", np.array(run().getData()))
    return run


def factories(task: Task) -> Factories:
    return {"MNN": lambda: _inference(task)} if task.mode == "inference" else {}
