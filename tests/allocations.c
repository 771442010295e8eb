/* Counts what asks for memory in this process, in any thread: to be preloaded. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

static atomic_int on;
static atomic_long count;

void count_start(void) {
  atomic_store(&count, 0);
  atomic_store(&on, 1);
}
long count_stop(void) {
  atomic_store(&on, 0);
  return atomic_load(&count);
}
static void note(void) {
  if (atomic_load(&on)) atomic_fetch_add(&count, 1);
}

void* malloc(size_t bytes) {
  note();
  return __libc_malloc(bytes);
}
void* calloc(size_t n, size_t bytes) {
  note();
  return __libc_calloc(n, bytes);
}
void* realloc(void* old, size_t bytes) {
  note();
  return __libc_realloc(old, bytes);
}
void* memalign(size_t alignment, size_t bytes) {
  note();
  return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  note();
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** result, size_t alignment, size_t bytes) {
  note();
  *result = __libc_memalign(alignment, bytes);
  return *result ? 0 : ENOMEM;
}
void* mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) {
  note();
  return (void*)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
}
