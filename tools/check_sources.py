"""The rules of the sources that no linter knows. Prints what breaks them; exit status 1 if anything does."""

import ast
import re
import subprocess
import sys
from pathlib import Path

LONGEST = 600
# Words of one instruction set: kernels are written once, for all of them.
ISA_WORDS = re.compile(
    r"\b(_mm\d*_\w+|__m(128|256|512)[di]?|__mmask\d+|immintrin|__AVX\w*__|__FMA__|__SSE\w*__|avx\w*|sse\d\w*"
    r"|v\w+q_[fsu]\d+|float32x4_t|arm_neon|__ARM\w*|neon)\b"
)
MAY_NAME_ISAS = {"csrc/kernels/vec.h", "csrc/runtime/dispatch.cpp"}
# Templates and inline functions of the standard library become weak symbols: the linker may then keep the copy that was
# compiled for AVX-512, and run it on every CPU.
LIBRARY_WORDS = re.compile(r"\bstd::|#include <(?!(stdint|stddef|math|string|omp|immintrin|arm_neon)\.h)")
# Imports run one way: layers -> ops -> seam -> kernels; models -> layers, losses, optimizers, training.
_TRAINING = {"models", "training", "plan", "callbacks", "saving"}
_ABOVE_OPS = _TRAINING | {"layers", "losses", "metrics", "optimizers"}
MUST_NOT_IMPORT = {
    "kernels": _ABOVE_OPS | {"ops", "seam", "tensor", "autograd"},
    "reference": _ABOVE_OPS | {"ops", "seam", "tensor", "autograd"},
    "seam": _ABOVE_OPS | {"ops"},
    "autograd": _ABOVE_OPS,
    "ops": _ABOVE_OPS,
    **dict.fromkeys(("activations", "constraints", "initializers", "random", "regularizers"), _ABOVE_OPS),
    "augment": _ABOVE_OPS | {"ops", "data", "preprocessing"},
    "saving": {"models", "training", "plan", "callbacks", "applications", "transfer"},
    "callbacks": {"models", "layers", "applications", "transfer"},
    "losses": _TRAINING | {"layers", "optimizers"},
    "metrics": _TRAINING | {"layers", "optimizers"},
    "optimizers": _TRAINING | {"layers", "losses", "metrics"},
    "layers": _TRAINING | {"losses", "metrics", "optimizers"},
    "plan": {"models", "training", "callbacks"},
    "training": {"models", "layers"},
}
# These count names and walk nests, and know no concrete class.
MAY_BE_IMPORTED = {"fastcnn.layers.registry", "fastcnn.training.arrays"}


def code(text: str) -> str:
    """The text without comments and string literals, line by line."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'"(?!\w+\.h")[^"\n]*"', '""', text)


def imported(tree: ast.AST) -> list[tuple[int, str]]:
    """The modules that are imported anywhere, as (line, name)."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"fastcnn.{a.name}" for a in node.names] if node.module == "fastcnn" else [node.module]
            found += [(node.lineno, name) for name in names]
    return found


def wrong_imports(path: str, text: str) -> list[str]:
    own = Path(path).with_suffix("").parts[1]
    forbidden = MUST_NOT_IMPORT.get(own, set())
    return [
        f"{path}:{line}: {own} must not import {name}"
        for line, name in (imported(ast.parse(text)) if forbidden else [])
        if name.startswith("fastcnn.") and name.split(".")[1] in forbidden and name not in MAY_BE_IMPORTED
    ]


def findings(path: str) -> list[str]:
    text = Path(path).read_text()
    found = []
    length = text.count("\n")
    if length > LONGEST:
        found.append(f"{path}: {length} lines, at most {LONGEST}")
    if path.startswith("csrc/") and path.endswith((".h", ".cpp")):
        for number, line in enumerate(code(text).splitlines(), 1):
            word = ISA_WORDS.search(line)
            if word and path not in MAY_NAME_ISAS:
                found.append(f"{path}:{number}: names an instruction set: {word[0]}")
            word = LIBRARY_WORDS.search(line)
            if word and path.startswith("csrc/kernels/"):
                found.append(f"{path}:{number}: the standard library in a kernel: {line.strip()}")
    if path.startswith("fastcnn/") and path.endswith(".py"):
        found += wrong_imports(path, text)
    return found


def main() -> int:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    sources = [p for p in tracked if p.endswith((".py", ".pyx", ".pxd", ".h", ".cpp", ".c", ".cmake"))]
    found = [line for path in sources if Path(path).is_file() for line in findings(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
