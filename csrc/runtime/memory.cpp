// Aligned memory for results and workspaces.
//
// A fresh large buffer costs a page fault per 4 KiB, often more than the kernel that fills it. So freed blocks are
// kept, up to a bound, and handed out again; and large ones ask for huge pages.
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <mutex>

#include "runtime.h"

namespace fastcnn {
namespace {

constexpr size_t kAlign = 64, kPage = 4096, kHugePage = size_t(2) << 20;
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
  Header* free[kSlots] = {};  // the first `count`, the longest unused first
  int count = 0;
  size_t bytes = 0;
  size_t limit = size_t(1) << 30;

  Header* take(int i) {
    Header* header = free[i];
    for (count--; i < count; i++) free[i] = free[i + 1];
    bytes -= header->bytes;
    return header;
  }
};
Cache& cache() {
  static Cache* one = new Cache;  // never destroyed: arrays may outlive every other static
  return *one;
}

// A child forked while another thread holds the lock would wait for it for ever.
const int at_fork =
    pthread_atfork([] { cache().lock.lock(); }, [] { cache().lock.unlock(); }, [] { cache().lock.unlock(); });

// Sizes are rounded up by an eighth at most, so that a block fits the next request of about its size.
size_t rounded(size_t bytes) {
  size_t step = kAlign;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

// Large blocks are mapped on their own, at the bounds of huge pages: what malloc hands out of its heap has small pages
// already, and the kernels walk many arrays at once.
constexpr size_t kMappedFrom = 2 * kHugePage;

void* map(size_t bytes) {
  size_t whole = bytes + kHugePage;
  void* start = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(start);
  size_t before = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (before) munmap(begin, before);
  if (before < kHugePage) munmap(begin + before + bytes, kHugePage - before);
#ifdef MADV_HUGEPAGE
  madvise(begin + before, bytes, MADV_HUGEPAGE);
#endif
  return begin + before;
}

void give_back(Header* header) {
  header->tag = 0;
  if (header->bytes >= kMappedFrom)
    munmap(header, header->bytes);
  else
    free(header);
}

}  // namespace

void* allocate(size_t bytes) {
  if (bytes > PTRDIFF_MAX / 2) return nullptr;
  size_t whole = rounded(bytes + sizeof(Header));
  if (whole >= kMappedFrom) whole = (whole + kPage - 1) / kPage * kPage;
  if (whole >= kCachedFrom) {
    Cache& c = cache();
    std::lock_guard<std::mutex> hold(c.lock);
    int best = -1;
    for (int i = 0; i < c.count; i++)
      if (c.free[i]->bytes >= whole && c.free[i]->bytes <= whole + whole / 4 &&
          (best < 0 || c.free[i]->bytes < c.free[best]->bytes))
        best = i;
    if (best >= 0) return c.take(best) + 1;
  }
  void* block = nullptr;
  if (whole >= kMappedFrom)
    block = map(whole);
  else if (posix_memalign(&block, kAlign, whole) != 0)
    block = nullptr;
  if (!block) return nullptr;
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
  if (header->bytes < kCachedFrom) return give_back(header);
  std::lock_guard<std::mutex> hold(c.lock);
  if (header->bytes > c.limit) return give_back(header);
  while (c.count == kSlots || c.bytes + header->bytes > c.limit) give_back(c.take(0));
  c.free[c.count++] = header;
  c.bytes += header->bytes;
}

void release_cached() {
  Cache& c = cache();
  std::lock_guard<std::mutex> hold(c.lock);
  while (c.count > 0) give_back(c.take(0));
}

size_t cached_bytes() {
  std::lock_guard<std::mutex> hold(cache().lock);
  return cache().bytes;
}

void set_cache_limit(size_t bytes) {
  Cache& c = cache();
  std::lock_guard<std::mutex> hold(c.lock);
  c.limit = bytes;
  while (c.bytes > bytes) give_back(c.take(0));
}

}  // namespace fastcnn
