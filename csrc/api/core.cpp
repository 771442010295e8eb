// Status, messages, workspaces, threads and ISA: what every other function of the C API stands on.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/check.h"
#include "fastcnn.h"
#include "runtime/runtime.h"

namespace fastcnn {
namespace {

thread_local char message[512] = "";

// Room to align a caller's workspace, which may start anywhere.
constexpr size_t kAlign = 64;

struct Lent {
  char* memory;
  size_t bytes, used;
  size_t* wanted;
};
thread_local Lent lent = {nullptr, 0, 0, nullptr};

}  // namespace

fastcnn_status fail(fastcnn_status status, const char* format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  return status;
}

Check& Check::that(bool good, const char* format, ...) {
  if (failed() || good) return *this;
  char text[400];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  status_ = fail(FASTCNN_INVALID_ARGUMENT, "%s: %s", function_, text);
  return *this;
}

Check& Check::range(const char* name, int64_t value, int64_t low, int64_t high) {
  if (high == INT64_MAX)
    return that(value >= low, "%s must be at least %lld, got %lld", name, (long long)low, (long long)value);
  return that(value >= low && value <= high, "%s must be between %lld and %lld, got %lld", name, (long long)low,
              (long long)high, (long long)value);
}

Check& Check::pointer(const char* name, const void* p, int64_t count) {
  return that(p != nullptr || count == 0, "%s must not be NULL", name);
}

Check& Check::finite(const char* name, float value) {
  return that(isfinite(value), "%s must be finite, got %g", name, (double)value);
}

void check_epilogue(Check& check, const fastcnn_epilogue* e) {
  if (!e) return;
  check.range("activation", e->activation, 0, FASTCNN_ACTIVATION_COUNT - 1);
  check.that(!e->gate || clamps(e->activation), "a gate goes with linear, relu and relu6 only");
}

void check_prologue(Check& check, const fastcnn_prologue* p, int64_t channels) {
  if (!p) return;
  check.pointer("prologue.mean", p->mean, channels).pointer("prologue.scale", p->scale, channels);
  check.pointer("prologue.shift", p->shift, channels);
  check.that(clamps(p->activation), "the prologue's activation must be linear, relu or relu6");
}

int64_t Check::count(const char* name, const int64_t* dims, int rank, int64_t element_bytes) {
  int64_t total = 1, bytes = 0;
  bool empty = false;
  for (int i = 0; i < rank; i++) {
    // One number is the argument itself; several are those of an array, whose pointer may have the same name.
    that(dims[i] >= 0, rank > 1 ? "the sizes of %s must be at least 0, got %lld" : "%s must be at least 0, got %lld",
         name, (long long)dims[i]);
    empty |= dims[i] == 0;
  }
  if (failed()) return 0;
  // Of an empty array the other dims count: distances between its elements are computed all the same.
  for (int i = 0; i < rank; i++) total = checked_product(total, dims[i] ? dims[i] : 1);
  bytes = checked_product(total, element_bytes);
  that(bytes >= 0 && bytes <= (INT64_MAX >> 16), "%s is too large: its bytes do not fit the address space", name);
  return failed() || empty ? 0 : total;
}

Workspace::Workspace(const char* function, void* given, size_t given_bytes, size_t bytes) {
  if (bytes == 0) return;
  if (given) {
    if (given_bytes < bytes) {
      status_ =
          fail(FASTCNN_WORKSPACE_TOO_SMALL, "%s: workspace must hold %zu bytes, got %zu", function, bytes, given_bytes);
      return;
    }
    uintptr_t start = (reinterpret_cast<uintptr_t>(given) + kAlign - 1) / kAlign * kAlign;
    data_ = reinterpret_cast<char*>(start);
    return;
  }
  if (lent.wanted) {
    size_t whole = (bytes + kAlign - 1) / kAlign * kAlign;
    if (lent.used + whole > *lent.wanted) *lent.wanted = lent.used + whole;
    if (lent.memory && whole <= lent.bytes && lent.used <= lent.bytes - whole) {
      data_ = lent.memory + lent.used;
      lent.used += borrowed_ = whole;
      return;
    }
  }
  owned_ = allocate(bytes);
  data_ = static_cast<char*>(owned_);
  if (!owned_) status_ = fail(FASTCNN_OUT_OF_MEMORY, "%s: no memory for a workspace of %zu bytes", function, bytes);
}

Workspace::~Workspace() {
  lent.used -= borrowed_;
  release(owned_);
}

}  // namespace fastcnn

using namespace fastcnn;

const char* fastcnn_last_error(void) { return message; }

const char* fastcnn_version(void) { return "0.4.0"; }
int fastcnn_abi_version(void) { return FASTCNN_ABI_VERSION; }

fastcnn_status fastcnn_set_num_threads(int threads) {
  Check check("set_num_threads");
  check.range("threads", threads, 0, kMaxThreads);
  if (!check.failed()) set_thread_limit(threads);
  return check.status();
}
int fastcnn_get_num_threads(void) { return thread_limit(); }
int fastcnn_affinity_cpus(void) { return affinity_cpus(); }
int fastcnn_cgroup_cpus(void) { return cgroup_cpus(); }

const char* fastcnn_get_isa(void) { return isa_name(); }
fastcnn_status fastcnn_set_isa(const char* name) {
  if (set_isa(name)) return FASTCNN_OK;
  char list[64] = "";
  for (int i = 0; i < isa_count(); i++) {
    if (i) strncat(list, ", ", sizeof list - strlen(list) - 1);
    strncat(list, isa_available(i), sizeof list - strlen(list) - 1);
  }
  return fail(FASTCNN_INVALID_ARGUMENT, "set_isa: name must be one of %s on this CPU, got %.40s", list,
              name ? name : "NULL");
}

const char* fastcnn_isa_reason(void) { return isa_reason(); }
const char* fastcnn_isa_error(void) { return isa_error(); }
const char* fastcnn_available_isa(int i) { return i < 0 ? nullptr : isa_available(i); }

void* fastcnn_alloc(size_t bytes) { return allocate(bytes); }
fastcnn_status fastcnn_lend_workspace(void* memory, size_t bytes, size_t* wanted) {
  Check check("lend_workspace");
  check.that(reinterpret_cast<uintptr_t>(memory) % kAlign == 0, "memory must be aligned to %d bytes", (int)kAlign);
  check.that(memory || bytes == 0, "memory must be given where bytes is not 0, got %zu bytes", bytes);
  check.that(wanted || !memory, "wanted must be given with memory");
  check.that(lent.used == 0, "no call of this thread may be under way");
  if (!check.failed()) lent = {static_cast<char*>(memory), bytes, 0, wanted};
  return check.status();
}
void fastcnn_free(void* memory) { release(memory); }
size_t fastcnn_cached_bytes(void) { return cached_bytes(); }
void fastcnn_set_cache_limit(size_t bytes) { set_cache_limit(bytes); }
void fastcnn_clear_cache(void) { release_cached(); }
