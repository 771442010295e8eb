"""PyTorch as a peer: both layouts, eager and compiled; it also writes what other libraries convert from."""

import warnings
from typing import Any

import torch

from bench.peer_task import LEARNING_RATE, MOMENTUM, Call, Factories, Task
from bench.torch_networks import translate

OPSET = 17


def versions() -> dict[str, str]:
    return {"torch": torch.__version__}


def export(task: Task) -> None:
    """model.onnx for the batch, image.onnx and model.pt for one image."""
    module = translate(task.blueprint()).eval()
    x = _images(task.x(), last=False)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, batch in (("model.onnx", task.batch), ("half.onnx", max(1, task.batch // 2))):
            some = x[:batch].contiguous()
            path = str(task.path(name))
            torch.onnx.export(module, (some,), path, dynamo=False, opset_version=OPSET, input_names=["x"])
        torch.jit.trace(module, x[:1].contiguous()).save(str(task.path("model.pt")))


def _images(x: Any, last: bool) -> Any:
    """Images (n, h, w, c) as PyTorch's (n, c, h, w), in memory as asked."""
    tensor = torch.from_numpy(x).permute(0, 3, 1, 2)
    return tensor.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def _module(task: Task, last: bool) -> Any:
    module = translate(task.blueprint())
    return module.to(memory_format=torch.channels_last) if last else module


def _inference(task: Task, variant: str, last: bool, compiled: bool, frozen: bool) -> Call:
    module, x = _module(task, last).eval(), _images(task.x(), last)
    if compiled:
        module = torch.compile(module, dynamic=False, options={"freezing": True} if frozen else None)

    def run() -> Any:
        # Freezing looks at torch.no_grad(); eager code is fastest in inference mode.
        with torch.no_grad() if compiled else torch.inference_mode():
            return module(x)

    task.check(variant, run().numpy())
    return run


def _stepper(task: Task, last: bool, compiled: bool) -> tuple[Any, Any]:
    module = _module(task, last).train()
    optimizer = torch.optim.SGD(module.parameters(), LEARNING_RATE, momentum=MOMENTUM, fused=True)
    called = torch.compile(module, dynamic=False) if compiled else module

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(called(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return module, step


def _training(task: Task, variant: str, last: bool, compiled: bool) -> Call:
    module, step = _stepper(task, last, compiled)
    x, y = _images(task.x(), last), torch.from_numpy(task.y())
    if task.mode == "train":
        with torch.no_grad():
            task.check(variant, module.eval()(x).numpy())
        module.train()
        task.check_loss(variant, step(x, y).item())
    return lambda: step(x, y).item()


def _epoch(task: Task, last: bool, compiled: bool) -> Call:
    """The plainest loop: a permutation, and its parts selected."""
    _, step = _stepper(task, last, compiled)
    x, y = _images(task.x(), last), torch.from_numpy(task.y())

    def run(n: int) -> float:
        total = 0.0
        for chosen in torch.randperm(n).split(task.batch):
            some = x.index_select(0, chosen)
            if last:
                some = some.contiguous(memory_format=torch.channels_last)
            total += step(some, y.index_select(0, chosen)).item() * len(chosen)
        return total / n

    run(3 * task.batch + len(x) % task.batch)
    return lambda: run(len(x))


def factories(task: Task) -> Factories:
    torch.set_num_threads(task.threads)
    torch.manual_seed(0)
    made: Factories = {}
    for last in (False, True):
        layout = "channels_last" if last else "contiguous"
        for words, compiled, frozen in (("eager", False, False), ("compiled", True, False), ("frozen", True, True)):
            variant = f"PyTorch {words} {layout}"
            if task.mode == "inference":
                made[variant] = lambda v=variant, o=(last, compiled, frozen): _inference(task, v, *o)
            elif frozen or (compiled and task.mode == "memory"):
                continue
            elif task.mode == "epoch":
                made[variant] = lambda o=(last, compiled): _epoch(task, *o)
            else:
                made[variant] = lambda v=variant, o=(last, compiled): _training(task, v, *o)
    return made
