"""No kernel's code may end up in another instruction set's place.

Weak symbols (inline functions, templates) of the same name are merged by the linker: a copy compiled for AVX-512 could
then run on a CPU that lacks it. So kernel objects hold none outside their own namespace.
"""

import re
import subprocess
from pathlib import Path

import pytest

import fastcnn

ARCHIVE = Path(fastcnn.get_library_dir()) / "libfastcnn.a"
KERNEL = re.compile(r" [TRDB] fastcnn::(base|avx2|avx512)::")


def members() -> list[str]:
    """What nm says of each object of the static library."""
    listing = subprocess.run(["nm", "-C", "--defined-only", ARCHIVE], capture_output=True, text=True, check=True).stdout
    return re.split(r"\n\n[^\n]*\.o:\n", "\n" + listing)


def leaks(member: str) -> list[str]:
    isa = KERNEL.search(member)
    if not isa:
        return []
    mine = f"fastcnn::{isa[1]}::"
    return [line for line in member.splitlines() if re.search(r" [WVu] ", line) and mine not in line]


@pytest.mark.skipif(not ARCHIVE.exists(), reason="needs the installed package; `make test` has it")
def test_kernels_share_nothing_between_instruction_sets() -> None:
    kernels = [member for member in members() if KERNEL.search(member)]
    found = {isa for member in kernels for isa in KERNEL.findall(member)}
    assert "base" in found and len(kernels) == len(found), "one object for each instruction set was not found"
    assert [leak for member in kernels for leak in leaks(member)] == []


def test_a_leak_would_be_found() -> None:
    good = "00 R fastcnn::avx2::pool_kernels\n00 W fastcnn::avx2::round(int)\n00 t fastcnn::helper(int)"
    assert leaks(good) == []
    assert leaks(good + "\n00 W std::vector<int>::size()") == ["00 W std::vector<int>::size()"]
    assert leaks("00 T fastcnn::base::f()\n00 W fastcnn::avx2::round(int)")
