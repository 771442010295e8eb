/* Part of fastcnn.h; include that. Version, status, threads, instruction set. */
#ifndef FASTCNN_CORE_H
#define FASTCNN_CORE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define FASTCNN_API
#else
#define FASTCNN_API __attribute__((visibility("default")))
#endif

#define FASTCNN_VERSION_MAJOR 0
#define FASTCNN_VERSION_MINOR 4
#define FASTCNN_VERSION_PATCH 0
/* Grows whenever a struct or a function of this header changes its meaning or its layout: a program that links the
 * shared library compares it with fastcnn_abi_version() when it starts. */
#define FASTCNN_ABI_VERSION 5

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fastcnn_status {
  FASTCNN_OK = 0,
  FASTCNN_INVALID_ARGUMENT = 1, /* the message names the argument, what was got and what is expected */
  FASTCNN_OUT_OF_MEMORY = 2,
  FASTCNN_WORKSPACE_TOO_SMALL = 3,
  FASTCNN_UNSUPPORTED = 4
} fastcnn_status;

/* The message of this thread's last failed call, which its next one overwrites; "" when there was none. */
FASTCNN_API const char* fastcnn_last_error(void);

/* "0.4.0", and the ABI version of the library that was loaded. All strings are the library's and constant. */
FASTCNN_API const char* fastcnn_version(void);
FASTCNN_API int fastcnn_abi_version(void);

/* Threads a call may use. 0 returns to the default: min(CPU affinity, cgroup quota, OMP_NUM_THREADS), or
 * FASTCNN_NUM_THREADS. The setting is the process's, for the calls that follow; it never changes a result. The other
 * two are what the default is made of. */
FASTCNN_API fastcnn_status fastcnn_set_num_threads(int threads);
FASTCNN_API int fastcnn_get_num_threads(void);
FASTCNN_API int fastcnn_affinity_cpus(void);
FASTCNN_API int fastcnn_cgroup_cpus(void); /* 0 where no quota is set */

/* The instruction set in use: "avx512", "avx2" or "base"; "neon" on aarch64. One that the CPU lacks cannot be set. */
FASTCNN_API const char* fastcnn_get_isa(void);
FASTCNN_API fastcnn_status fastcnn_set_isa(const char* name);
FASTCNN_API const char* fastcnn_isa_reason(void);     /* why this one, in words */
FASTCNN_API const char* fastcnn_isa_error(void);      /* what is wrong with FASTCNN_ISA, or NULL */
FASTCNN_API const char* fastcnn_available_isa(int i); /* those this CPU can run, best first; NULL past the last */

/* Memory aligned to 64 bytes for arrays and workspaces; NULL when there is none. fastcnn_free takes what fastcnn_alloc
 * gave, on any thread, or NULL. Large blocks that are freed are kept for the next call, up to a bound (1 GiB unless
 * set): a fresh one would cost a page fault per 4 KiB. */
FASTCNN_API void* fastcnn_alloc(size_t bytes);
FASTCNN_API void fastcnn_free(void* memory);
FASTCNN_API size_t fastcnn_cached_bytes(void);
FASTCNN_API void fastcnn_set_cache_limit(size_t bytes);
FASTCNN_API void fastcnn_clear_cache(void); /* drops what is kept */

/* Lends memory, aligned to 64 bytes, to this thread: calls that are given no workspace take theirs from it where it is
 * large enough, so that calls in a fixed order need no other. wanted, which must live as long, is raised to the bytes
 * that would have been enough. NULL, 0, NULL ends it. */
FASTCNN_API fastcnn_status fastcnn_lend_workspace(void* memory, size_t bytes, size_t* wanted);

/* Activations, as functions of their own (activation.h) and as the last step of a matmul or convolution. alpha is the
 * slope of leaky_relu (0.01 unless given) and the scale of elu (1). */
typedef enum fastcnn_activation {
  FASTCNN_LINEAR = 0,
  FASTCNN_STEP,
  FASTCNN_RELU,
  FASTCNN_RELU6,
  FASTCNN_LEAKY_RELU,
  FASTCNN_ELU,
  FASTCNN_SELU,
  FASTCNN_SIGMOID,
  FASTCNN_HARD_SIGMOID,
  FASTCNN_TANH,
  FASTCNN_SOFTPLUS,
  FASTCNN_SOFTSIGN,
  FASTCNN_SILU,
  FASTCNN_HARD_SILU,
  FASTCNN_GELU,
  FASTCNN_GELU_TANH,
  FASTCNN_MISH,
  FASTCNN_EXP,
  FASTCNN_ACTIVATION_COUNT
} fastcnn_activation;

/* What matmul and convolution do to their result before it is stored:
 *   y = activation(product + bias + residual)
 * A zeroed struct does nothing. */
typedef struct fastcnn_epilogue {
  const float* bias;     /* (k,), or NULL */
  const float* residual; /* the shape of y, or NULL; like the gate it may be y itself */
  fastcnn_activation activation;
  float alpha;
  const float* gate; /* of matmul, convolutions and their input gradients, or NULL: the shape of y; where it is not
                        above 0, y is 0, or NaN where it is NaN. The gradient through a ReLU, given the ReLU's result.
                        */
} fastcnn_epilogue;

/* How an input is read: not x itself, but activation((x - mean) * scale + shift), channel by channel: the result of a
 * batch normalisation that was not stored. Zeros of padding stay zeros. The arrays are (c,); the activation is linear,
 * relu or relu6. */
typedef struct fastcnn_prologue {
  const float *mean, *scale, *shift;
  fastcnn_activation activation;
} fastcnn_prologue;

#ifdef __cplusplus
}
#endif
#endif
