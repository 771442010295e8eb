"""OpenVINO as a peer: inference of what PyTorch exported, in float32, as one request or as two at once."""

from typing import Any

import numpy as np
import openvino

from bench.peer_task import Call, Factories, Task, no_export

export = no_export


def versions() -> dict[str, str]:
    return {"openvino": openvino.__version__.split("-")[0]}


def _compiled(task: Task, file: str, hint: str, **options: Any) -> Any:
    core = openvino.Core()
    settings = {
        "PERFORMANCE_HINT": hint,
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": task.threads,
        **options,
    }
    return core.compile_model(core.read_model(task.path(file)), "CPU", settings)


def _latency(task: Task) -> Call:
    request = _compiled(task, "model.onnx", "LATENCY").create_infer_request()
    x = np.ascontiguousarray(task.x().transpose(0, 3, 1, 2))

    def run() -> Any:
        return request.infer([x], share_inputs=True, share_outputs=True)[0]

    task.check("OpenVINO latency", run())
    return run


def _throughput(task: Task) -> Call:
    """The batch in two halves, each on a thread of its own."""
    model = _compiled(task, "half.onnx", "THROUGHPUT", PERFORMANCE_HINT_NUM_REQUESTS=2, NUM_STREAMS=2)
    x = np.ascontiguousarray(task.x().transpose(0, 3, 1, 2))
    requests = [model.create_infer_request() for _ in range(2)]
    halves = np.split(x, 2)

    def run() -> Any:
        for request, half in zip(requests, halves, strict=True):
            request.start_async([half], share_inputs=True)
        for request in requests:
            request.wait()
        return [request.get_output_tensor(0).data for request in requests]

    task.check("OpenVINO throughput", np.concatenate(run()))
    return run


def factories(task: Task) -> Factories:
    if task.mode != "inference":
        return {}
    made: Factories = {"OpenVINO latency": lambda: _latency(task)}
    if task.batch % 2 == 0:
        made["OpenVINO throughput"] = lambda: _throughput(task)
    return made
