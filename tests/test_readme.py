"""The programs in README.md run, one after the other, as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_programs_run(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    assert len(blocks) == 4
    check = "assert accuracy > 0.8, accuracy\nassert all(g is not None for g in gradients)\n"
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", "\n".join([*blocks[:2], check, *blocks[2:]])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "shapes.keras").is_file()
