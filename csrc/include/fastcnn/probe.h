/* Part of fastcnn.h; include that. What this machine can do at most, measured: the yardstick of every benchmark. */
#ifndef FASTCNN_PROBE_H
#define FASTCNN_PROBE_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs `threads` threads for about `seconds` and stores the best rate that was seen.
 *   peak: multiply-adds on registers alone, in GFLOP/s (one multiply-add is two) of the instruction set in use.
 *   copy: one array of `bytes` bytes to another, in GB/s, reads and writes both counted; `streaming` stores bypass the
 *         cache and so save the read of the line that is about to be overwritten. */
FASTCNN_API fastcnn_status fastcnn_probe_peak(int threads, double seconds, double* gflops);
FASTCNN_API fastcnn_status fastcnn_probe_copy(int threads, int64_t bytes, int streaming, double seconds,
                                              double* gigabytes_per_second);

#ifdef __cplusplus
}
#endif
#endif
