// What the library knows of the machine it runs on.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace fastcnn {

struct Table;

constexpr int kMaxThreads = 1024;

// threads.cpp
int thread_limit();
void set_thread_limit(int threads);  // 0: back to the default
int affinity_cpus();
int cgroup_cpus();  // 0 where no quota is set

// dispatch.cpp
const Table& kernels();    // the table in use
const char* isa_name();    // its name
const char* isa_reason();  // why this one, in words
int isa_count();           // tables this CPU can run, best first
const char* isa_available(int i);
bool set_isa(const char* name);  // false: unknown, or not for this CPU
const char* isa_error();         // what is wrong with FASTCNN_ISA, or null

// memory.cpp: 64-byte aligned memory; what is freed is kept, up to a bound, for the next call
void* allocate(size_t bytes);  // null when there is none
void release(void* memory);
void release_cached();
size_t cached_bytes();
void set_cache_limit(size_t bytes);

}  // namespace fastcnn
