// How many threads a region may use: min(affinity, cgroup quota, OMP_NUM_THREADS), FASTCNN_NUM_THREADS, or the caller's
// own setting; and what keeps a forked child from waiting for threads that were not copied.
#include <dlfcn.h>
#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>

#include "runtime.h"
#include "runtime/parallel.h"

// LLVM's and Intel's OpenMP have it, GNU's has not.
extern "C" int kmp_get_blocktime(void) __attribute__((weak));

namespace fastcnn {
namespace {

// 0 where no quota is set.
int quota_from(const char* path_quota, const char* path_period) {
  long long quota = 0, period = 0;
  FILE* file = fopen(path_quota, "r");
  if (!file) return 0;
  char text[64] = "";
  size_t got = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[got] = 0;
  if (path_period) {  // cgroup v1: two files
    quota = atoll(text);
    file = fopen(path_period, "r");
    if (!file) return 0;
    if (fscanf(file, "%lld", &period) != 1) period = 0;
    fclose(file);
  } else if (sscanf(text, "%lld %lld", &quota, &period) != 2) {  // cgroup v2: "max 100000" or "200000 100000"
    return 0;
  }
  if (quota <= 0 || period <= 0) return 0;
  long long cpus = quota / period;
  return cpus < 1 ? 1 : (int)(cpus < kMaxThreads ? cpus : kMaxThreads);
}

// A positive number from the environment, or 0. "4,2" (OpenMP's nested form) counts as 4.
int positive_env(const char* name) {
  const char* text = getenv(name);
  if (!text) return 0;
  char* end = nullptr;
  errno = 0;
  long value = strtol(text, &end, 10);
  bool number = end != text && (*end == 0 || *end == ',' || *end == ' ');
  if (!number || errno || value < 1) return 0;
  return value < kMaxThreads ? (int)value : kMaxThreads;
}

int default_threads() {
  if (int own = positive_env("FASTCNN_NUM_THREADS")) return own;
  int threads = affinity_cpus();
  if (int quota = cgroup_cpus()) threads = quota < threads ? quota : threads;
  if (int omp = positive_env("OMP_NUM_THREADS")) threads = omp < threads ? omp : threads;
  return threads;
}

std::atomic<int> limit{0};  // 0: not asked for yet

// libgomp's team does not survive a fork: the child would wait for ever. Dissolving it before the fork costs a few
// milliseconds there and nothing elsewhere; both sides build a new one when they need it.
//
// Where LLVM's OpenMP was loaded first, it serves us, too. It cares for forks itself, and holds its locks when it comes
// here: it would wait for itself.
bool forks_by_itself() {
  if (!kmp_get_blocktime) return false;
  Dl_info its, ours;
  return dladdr((void*)kmp_get_blocktime, &its) && dladdr((void*)omp_pause_resource_all, &ours) &&
         its.dli_fbase == ours.dli_fbase;
}

void before_fork() {
  if (!omp_in_parallel() && !forks_by_itself()) omp_pause_resource_all(omp_pause_hard);
}
const int at_fork = pthread_atfork(before_fork, nullptr, nullptr);

}  // namespace

int affinity_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  // OMP_PROC_BIND has left this thread one core of those that the process may use.
  int count = omp_get_proc_bind() == omp_proc_bind_false ? CPU_COUNT(&set) : omp_get_num_procs();
  return count < 1 ? 1 : count < kMaxThreads ? count : kMaxThreads;
}

int cgroup_cpus() {
  if (int quota = quota_from("/sys/fs/cgroup/cpu.max", nullptr)) return quota;
  return quota_from("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us");
}

int thread_limit() {
  int now = limit.load(std::memory_order_relaxed);
  if (now > 0) return now;
  now = default_threads();
  int unset = 0;
  return limit.compare_exchange_strong(unset, now) ? now : unset;
}

void set_thread_limit(int threads) { limit.store(threads, std::memory_order_relaxed); }

}  // namespace fastcnn
