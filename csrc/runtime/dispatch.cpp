// CPU -> table of kernels. The best that the CPU has, unless FASTCNN_ISA or set_isa names another.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>

#include "kernels/table.h"
#include "runtime.h"

namespace fastcnn {
#if defined(__x86_64__)
namespace avx512 {
extern const Table table;
}
namespace avx2 {
extern const Table table;
}
#endif
#if defined(__aarch64__)
namespace neon {
extern const Table table;
}
#else
namespace base {
extern const Table table;
}
#endif

namespace {

struct Candidate {
  const Table* table;
  bool (*supported)();
};

#if defined(__x86_64__)
bool has_avx512() {  // x86-64-v4
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_avx2() {  // x86-64-v3
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2");
}
bool has_base() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"); }  // x86-64-v2
const Candidate candidates[] = {{&avx512::table, has_avx512}, {&avx2::table, has_avx2}, {&base::table, has_base}};
constexpr const char* kNames = "avx512, avx2 or base, as far as this CPU has it";
#elif defined(__aarch64__)
const Candidate candidates[] = {{&neon::table, [] { return true; }}};
constexpr const char* kNames = "neon";
#else
const Candidate candidates[] = {{&base::table, [] { return true; }}};
constexpr const char* kNames = "base";
#endif
constexpr int kCandidates = sizeof candidates / sizeof candidates[0];

const Table* find(const char* name) {
  for (const Candidate& c : candidates)
    if (c.supported() && (!name || strcmp(name, c.table->isa) == 0)) return c.table;
  return nullptr;
}

struct Choice {
  const Table* table = nullptr;
  const char* reason = "the best this CPU has";
  char error[160] = "";
  Choice() {
    const char* asked = getenv("FASTCNN_ISA");
    if (asked && *asked) {
      table = find(asked);
      reason = "FASTCNN_ISA asks for it";
      if (!table) snprintf(error, sizeof error, "FASTCNN_ISA: expected %s; got %.40s", kNames, asked);
    }
    if (!table) table = find(nullptr);
    if (!table) {
      snprintf(error, sizeof error, "this CPU lacks SSE4.2, which the oldest kernels need (x86-64-v2)");
      table = candidates[kCandidates - 1].table;
    }
  }
};
Choice& choice() {
  static Choice one;
  return one;
}
std::atomic<const Table*> current{nullptr};

}  // namespace

const Table& kernels() {
  const Table* table = current.load(std::memory_order_acquire);
  if (!table) {
    table = choice().table;
    current.store(table, std::memory_order_release);
  }
  return *table;
}

const char* isa_name() { return kernels().isa; }
const char* isa_reason() { return choice().reason; }
const char* isa_error() { return choice().error[0] ? choice().error : nullptr; }

int isa_count() {
  int count = 0;
  for (const Candidate& c : candidates) count += c.supported();
  return count;
}

const char* isa_available(int i) {
  for (const Candidate& c : candidates)
    if (c.supported() && i-- == 0) return c.table->isa;
  return nullptr;
}

bool set_isa(const char* name) {
  const Table* table = name ? find(name) : nullptr;
  if (!table) return false;
  choice().reason = "set_isa asked for it";
  current.store(table, std::memory_order_release);
  return true;
}

}  // namespace fastcnn
