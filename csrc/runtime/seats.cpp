// Where the threads of a region sit, and how the first waits for the others.
#include "runtime/seats.h"

#include <time.h>

namespace fastcnn {
namespace {

constexpr int64_t kBetweenMoves =
    200000;  // ns: where every core is busy, Linux moves the thread back; no fight with it
constexpr int kGlances = 20, kYields = 20, kSpins = 3000;

int64_t nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");  // takes about as long; `yield` takes no time at all
#endif
}

}  // namespace

Seats::Seats() { take(sched_getcpu()); }

bool Seats::take(int cpu) {
  if (cpu < 0 || cpu >= kCpus) return true;
  uint64_t bit = uint64_t(1) << cpu % kBits;
  return !(__atomic_fetch_or(&taken_[cpu / kBits], bit, __ATOMIC_RELAXED) & bit);
}

// Who has been asleep may have been woken on the first thread's core, where it would sit and wait until that one's work
// is done: so the first thread lets it pass before it begins.
void Seats::sit(int thread, int others) {
  if (thread) {
    __atomic_fetch_add(&arrived_, 1, __ATOMIC_RELAXED);
    if (!take(sched_getcpu())) move();
    return;
  }
  for (int i = 0; i < kGlances && __atomic_load_n(&arrived_, __ATOMIC_RELAXED) < others; i++) pause();
  if (__atomic_load_n(&arrived_, __ATOMIC_RELAXED) < others) sched_yield();
}

void Seats::rise() { __atomic_fetch_add(&left_, 1, __ATOMIC_RELEASE); }

void Seats::move() {
  thread_local int64_t moved = -kBetweenMoves;
  int64_t now = nanoseconds();
  if (now < moved + kBetweenMoves) return;
  moved = now;
  cpu_set_t allowed, free;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  free = allowed;
  for (int i = 0; i < kCpus; i++)
    if (__atomic_load_n(&taken_[i / kBits], __ATOMIC_RELAXED) >> i % kBits & 1) CPU_CLR(i, &free);
  if (CPU_COUNT(&free) == 0 || sched_setaffinity(0, sizeof free, &free) != 0) return;
  take(sched_getcpu());
  sched_setaffinity(0, sizeof allowed, &allowed);
}

// A thread that has not come may be waiting for this core. One that works is waited for awake for a while: were this
// thread asleep, Linux might wake it on the core of the other, and the next region would begin with both there.
void Seats::wait(int others) {
  for (int i = 0; i < kYields && __atomic_load_n(&arrived_, __ATOMIC_RELAXED) < others; i++) sched_yield();
  for (int i = 0; i < kSpins && __atomic_load_n(&left_, __ATOMIC_ACQUIRE) < others; i++) pause();
}

bool reaches(const int64_t* count, int64_t all) {
  int64_t now = 0;
  for (int i = 0; i < kSpins && (now = __atomic_load_n(count, __ATOMIC_ACQUIRE)) < all; i++) pause();
  return now >= all;
}

}  // namespace fastcnn
