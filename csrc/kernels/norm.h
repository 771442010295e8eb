// The table entries of norm.cpp, norm_backward.cpp and norm_layer.cpp.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fastcnn/core.h"

namespace fastcnn {

// x is (n, rows, c); each of the n samples is normalised by itself, c / groups channels together. Batch normalisation
// is the case of one sample and as many groups as channels.
struct NormShape {
  int64_t n, rows, c, groups;
  int64_t x_row = 0;  // floats from one row of x to the next, where it is not c: of inference
};

// moving = momentum * moving + (1 - momentum) * batch, in place; null pointers: none are kept.
struct MovingStatistics {
  float *mean, *variance;  // (c,)
  double momentum;
  bool unbiased;  // variance over rows - 1
};

// One normalisation of those whose gradients are taken together: what the forward pass read and kept, and what is to be
// written. y: the forward result, read for relu and relu6; or null and shift, as forward's affine has it, where there
// was no residual: x then tells the sign of y, and need not be read beside it. dgamma, dbeta, dresidual may be null.
struct NormSide {
  const float *x, *y, *shift, *mean, *inv_std, *gamma;
  float *dx, *dgamma, *dbeta, *dresidual;
};

struct NormKernels {
  size_t (*workspace)(const NormShape& s);
  // y = act(gamma * (x - mean) * inv_std + beta + residual); mean and inv_std are (n, groups). gamma, beta and residual
  // may be null; y may be x or the residual. Activations: linear, relu, relu6.
  // y may be null: the statistics alone. affine, (3, c) or null, of a single sample: mean, scale and shift with which
  // y = act((x - mean) * scale + shift + residual), to the last bit.
  void (*forward)(float* y, float* mean, float* inv_std, float* affine, const MovingStatistics& moving, const float* x,
                  const float* gamma, const float* beta, const float* residual, const NormShape& s, double epsilon,
                  fastcnn_activation f, char* workspace);
  // The same with the statistics given; one sample, one channel a group.
  void (*inference)(float* y, const float* x, const float* mean, const float* variance, const float* gamma,
                    const float* beta, const float* residual, const NormShape& s, double epsilon, fastcnn_activation f,
                    char* workspace);
  // y from what forward wrote as affine, (3, c). residual_affine: the same of a residual that is normalised as it is
  // read, or null.
  void (*apply)(float* y, const float* x, const float* affine, const float* residual, const float* residual_affine,
                const NormShape& s, fastcnn_activation f, char* workspace);
  // The gradients of `count` normalisations, one or two, of which all had the result's gradient dy; each needs a
  // workspace, which lie side by side. fixed: the statistics were given, so they have no gradient. dx and dresidual of
  // a single one may be dy.
  void (*backward)(const NormSide* sides, int count, const float* dy, const NormShape& s, bool fixed,
                   fastcnn_activation f, char* workspace);
  // Each of the rows by itself: x is (rows, size), mean and inv_std (rows,), gamma and beta (size,) or null.
  size_t (*layer_workspace)(int64_t rows, int64_t size);
  void (*layer_forward)(float* y, float* mean, float* inv_std, const float* x, const float* gamma, const float* beta,
                        int64_t rows, int64_t size, double epsilon, char* workspace);
  void (*layer_backward)(float* dx, float* dgamma, float* dbeta, const float* dy, const float* x, const float* mean,
                         const float* inv_std, const float* gamma, int64_t rows, int64_t size, char* workspace);
};

}  // namespace fastcnn
