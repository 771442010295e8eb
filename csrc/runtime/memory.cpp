// Aligned memory for results and workspaces.
//
// A fresh large buffer costs a page fault per 4 KiB, often more than the kernel that fills it. So freed blocks are
// kept, up to a bound, and handed out again; and large ones ask for huge pages.
#include <stdlib.h>
#include <sys/mman.h>

#include <mutex>

#include "runtime.h"

namespace fastcnn {
namespace {

constexpr size_t kAlign = 64, kHugePage = size_t(2) << 20;
constexpr size_t kCachedFrom = size_t(64) << 10;  // smaller blocks are malloc's business
constexpr int kSlots = 64;

struct Header {
  size_t bytes;  // of the whole block, header included
  size_t tag;
  char fill[kAlign - 2 * sizeof(size_t)];
};
static_assert(sizeof(Header) == kAlign, "the payload behind the header must stay aligned");
constexpr size_t kTag = 0xfa57c99;

struct Cache {
  std::mutex lock;
  Header* free[kSlots] = {};
  size_t bytes = 0;
  size_t limit = size_t(1) << 30;
};
Cache& cache() {
  static Cache* one = new Cache;  // never destroyed: arrays may outlive every other static
  return *one;
}

// Sizes are rounded up by an eighth at most, so that a block fits the next request of about its size.
size_t rounded(size_t bytes) {
  size_t step = kAlign;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace

void* allocate(size_t bytes) {
  if (bytes > PTRDIFF_MAX / 2) return nullptr;
  size_t whole = rounded(bytes + sizeof(Header));
  if (whole >= kCachedFrom) {
    Cache& c = cache();
    std::lock_guard<std::mutex> hold(c.lock);
    int best = -1;
    for (int i = 0; i < kSlots; i++)
      if (c.free[i] && c.free[i]->bytes >= whole && c.free[i]->bytes <= whole + whole / 4 &&
          (best < 0 || c.free[i]->bytes < c.free[best]->bytes))
        best = i;
    if (best >= 0) {
      Header* header = c.free[best];
      c.free[best] = nullptr;
      c.bytes -= header->bytes;
      return header + 1;
    }
  }
  void* block = nullptr;
  if (posix_memalign(&block, whole >= 2 * kHugePage ? kHugePage : kAlign, whole) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
  if (whole >= 2 * kHugePage) madvise(block, whole, MADV_HUGEPAGE);
#endif
  Header* header = static_cast<Header*>(block);
  header->bytes = whole;
  header->tag = kTag;
  return header + 1;
}

void release(void* memory) {
  if (!memory) return;
  Header* header = static_cast<Header*>(memory) - 1;
  if (header->tag != kTag) abort();  // not from allocate: the heap is already broken
  Cache& c = cache();
  if (header->bytes >= kCachedFrom) {
    std::lock_guard<std::mutex> hold(c.lock);
    if (c.bytes + header->bytes <= c.limit)
      for (int i = 0; i < kSlots; i++)
        if (!c.free[i]) {
          c.free[i] = header;
          c.bytes += header->bytes;
          return;
        }
  }
  header->tag = 0;
  free(header);
}

void release_cached() {
  Cache& c = cache();
  std::lock_guard<std::mutex> hold(c.lock);
  for (int i = 0; i < kSlots; i++)
    if (c.free[i]) {
      c.free[i]->tag = 0;
      free(c.free[i]);
      c.free[i] = nullptr;
    }
  c.bytes = 0;
}

size_t cached_bytes() {
  std::lock_guard<std::mutex> hold(cache().lock);
  return cache().bytes;
}

void set_cache_limit(size_t bytes) {
  {
    std::lock_guard<std::mutex> hold(cache().lock);
    cache().limit = bytes;
  }
  if (cached_bytes() > bytes) release_cached();
}

}  // namespace fastcnn
