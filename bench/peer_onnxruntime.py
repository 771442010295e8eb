"""ONNX Runtime as a peer: inference of what PyTorch exported."""

import numpy as np
import onnxruntime

from bench.peer_task import Call, Factories, Task, no_export

export = no_export


def versions() -> dict[str, str]:
    return {"onnxruntime": onnxruntime.__version__}


def _inference(task: Task) -> Call:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = task.threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads spin during a run, which is fastest, and not behind it.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(str(task.path("model.onnx")), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: np.ascontiguousarray(task.x().transpose(0, 3, 1, 2))}
    task.check("ONNX Runtime", session.run(None, feed)[0])
    return lambda: session.run(None, feed)[0]


def factories(task: Task) -> Factories:
    return {"ONNX Runtime": lambda: _inference(task)} if task.mode == "inference" else {}
