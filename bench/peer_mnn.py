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
    # The command mnnconvert does this, too, and then reports to its makers over the network.
    convert = "import sys, MNN, _tools; _tools.mnnconvert(sys.argv)"
    options = ["-f", "ONNX", "--modelFile", "model.onnx", "--MNNModel", path.name, "--bizCode", "MNN"]
    done = subprocess.run([sys.executable, "-c", convert, *options], capture_output=True, text=True, cwd=task.folder)
    if not path.exists():
        raise RuntimeError(f"mnnconvert did not convert {task.network}: {(done.stderr or done.stdout)[-300:]}")
    return str(path)


def _inference(task: Task) -> Call:
    interpreter = MNN.Interpreter(_convert(task))
    session = interpreter.createSession(
        {"backend": "CPU", "numThread": task.threads, "precision": "high", "memory": "normal", "power": "high"}
    )
    x = np.ascontiguousarray(task.x().transpose(0, 3, 1, 2))
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
