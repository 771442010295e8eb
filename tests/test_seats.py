"""The threads of a region: on a core each, and everywhere allowed afterwards."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
several_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core has no free seat")

MEETING = """
#include <pthread.h>
#include <stdio.h>
#include "runtime/seats.h"

cpu_set_t allowed;
bool alone;

void pin(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
}

void* second(void* seats) {
  int cpu = sched_getcpu();
  pin(cpu);
  if (!alone) sched_setaffinity(0, sizeof allowed, &allowed);
  ((fastcnn::Seats*)seats)->sit(1, 1);
  int now = sched_getcpu();
  cpu_set_t after;
  sched_getaffinity(0, sizeof after, &after);
  printf("%d %d\\n", now != cpu, alone ? CPU_COUNT(&after) == 1 : CPU_EQUAL(&after, &allowed));
  ((fastcnn::Seats*)seats)->rise();
  return nullptr;
}

int main(int count, char**) {
  alone = count > 1;
  sched_getaffinity(0, sizeof allowed, &allowed);
  pin(sched_getcpu());  // the second thread inherits it: both are on one core
  fastcnn::Seats seats;
  pthread_t thread;
  pthread_create(&thread, nullptr, second, &seats);
  seats.sit(0, 1);
  seats.wait(1);
  pthread_join(thread, nullptr);
}
"""


@pytest.fixture(scope="module")
def meeting(tmp_path_factory):
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    folder = tmp_path_factory.mktemp("seats")
    (folder / "meeting.cpp").write_text(MEETING)
    sources = [folder / "meeting.cpp", ROOT / "csrc/runtime/seats.cpp"]
    flags = ["-std=c++17", "-O1", "-pthread", f"-I{ROOT / 'csrc'}"]
    subprocess.run([compiler, *flags, *sources, "-o", folder / "meeting"], check=True, timeout=100)
    return folder / "meeting"


@several_cores
def test_a_thread_on_the_first_one_s_core_moves(meeting):
    assert subprocess.run([meeting], capture_output=True, text=True, check=True).stdout == "1 1\n"


@several_cores
def test_a_thread_that_may_not_move_stays(meeting):
    assert subprocess.run([meeting, "alone"], capture_output=True, text=True, check=True).stdout == "0 1\n"


@several_cores
def test_bound_threads_count_the_cores_of_the_process():
    """OMP_PROC_BIND binds the first thread to a core before anybody counts."""
    program = "import fastcnn; print(fastcnn.get_num_threads())"
    counts = []
    for extra in ({}, {"OMP_PROC_BIND": "true"}):
        env = {k: v for k, v in os.environ.items() if "NUM_THREADS" not in k} | extra
        run = subprocess.run([sys.executable, "-P", "-c", program], env=env, capture_output=True, text=True, check=True)
        counts.append(int(run.stdout))
    assert counts[0] == counts[1] > 1
