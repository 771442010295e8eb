// The arithmetic of sizes: what plans of products and transforms are made of.
#pragma once
#include <stdint.h>

namespace fastcnn {
namespace ISA {

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t align64(int64_t bytes) { return ceil_div(bytes, 64) * 64; }    // a cache line
static inline int64_t align16(int64_t floats) { return ceil_div(floats, 16) * 16; }  // the same in floats

}  // namespace ISA
}  // namespace fastcnn
