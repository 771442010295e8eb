"""20,000 broken calls: each returns or raises an error that names an argument, within a second; none crashes."""

import concurrent.futures

from hostile import described, hostile
from test_guard import program

from fastcnn import _core

CALLS, PARTS = 20_000, 8


def batch(part: int) -> tuple[int, str]:
    isas = _core.available_isas()
    first, last = CALLS * part // PARTS, CALLS * (part + 1) // PARTS
    return program("hostile.py", isas[part % len(isas)], first, last)


def test_hostile_calls() -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        outcomes = list(two.map(batch, range(PARTS)))
    wrong = []
    for status, output in outcomes:
        lines = output.splitlines()
        wrong += [line for line in lines if line.startswith("!")]
        if status != 0 or not lines or lines[-1] != "done":
            started = [int(line) for line in lines if line.isdigit()]
            last = described(*hostile(started[-1])) if started else "before the first call"
            wrong.append(f"! status {status} in call {started[-1:]}: {last}\n" + "\n".join(lines[-15:]))
    assert not wrong, f"{len(wrong)} of {CALLS} calls ended badly:\n" + "\n".join(wrong[:40])
