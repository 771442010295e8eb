// The poolings' table; the kernels are in the pool_*.cpp files beside.
#include "pool.h"

namespace fastcnn {
namespace ISA {

void max_pool(float* y, void* indices, int index_bytes, const float* x, const fastcnn_prologue* through,
              const PoolShape& s);
void max_pool_dx(float* dx, const float* dy, const void* indices, int index_bytes, const float* x, void* scratch,
                 const PoolShape& s);
uint8_t largest_index(const uint8_t* indices, int64_t size);
void avg_pool(float* y, const float* x, const PoolShape& s, bool count_padding);
void avg_pool_dx(float* dx, const float* dy, const PoolShape& s, bool count_padding);
int64_t global_chunks(int64_t pixels);
void global_avg(float* y, float* partials, const float* x, int64_t n, int64_t pixels, int64_t c);
void global_max(float* y, float* partials, const float* x, int64_t n, int64_t pixels, int64_t c);
void global_avg_dx(float* dx, const float* dy, int64_t n, int64_t pixels, int64_t c);
void global_max_dx(float* dx, const float* dy, const float* x, int64_t n, int64_t pixels, int64_t c);
void adaptive_avg(float* y, const float* x, int64_t n, int64_t h, int64_t w, int64_t c, int64_t oh, int64_t ow);
void adaptive_avg_dx(float* dx, const float* dy, int64_t n, int64_t h, int64_t w, int64_t c, int64_t oh, int64_t ow);

extern const PoolKernels pool_kernels;
const PoolKernels pool_kernels = {max_pool,   max_pool_dx, largest_index, avg_pool,      avg_pool_dx,  global_chunks,
                                  global_avg, global_max,  global_avg_dx, global_max_dx, adaptive_avg, adaptive_avg_dx};

}  // namespace ISA
}  // namespace fastcnn
