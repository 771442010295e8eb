"""The rules of the sources that no linter knows. Prints what breaks them; exit status 1 if anything does."""

import re
import subprocess
import sys
from pathlib import Path

LONGEST = 600
# Words of one instruction set: kernels are written once, for all of them.
ISA_WORDS = re.compile(
    r"\b(_mm\d*_\w+|__m(128|256|512)[di]?|__mmask\d+|immintrin|__AVX\w*__|__FMA__|__SSE\w*__|avx\w*|sse\d\w*)\b"
)
MAY_NAME_ISAS = {"csrc/kernels/vec.h", "csrc/kernels/micro.cpp", "csrc/runtime/dispatch.cpp"}
# Templates and inline functions of the standard library become weak symbols: the linker may then keep the copy that was
# compiled for AVX-512, and run it on every CPU.
LIBRARY_WORDS = re.compile(r"\bstd::|#include <(?!stdint\.h|stddef\.h|math\.h|string\.h|omp\.h|immintrin\.h)")


def code(text: str) -> str:
    """The text without comments and string literals, line by line."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'"(?!\w+\.h")[^"\n]*"', '""', text)


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
    return found


def main() -> int:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    sources = [p for p in tracked if p.endswith((".py", ".pyx", ".pxd", ".h", ".cpp", ".c", ".cmake"))]
    found = [line for path in sources if Path(path).is_file() for line in findings(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
