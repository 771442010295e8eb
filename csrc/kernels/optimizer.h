// The table entries of optimizer.cpp, optimizer_adam.cpp and clip.cpp. The formulas: fastcnn/optimizer.h.
#pragma once
#include <stdint.h>

namespace fastcnn {

// g = clip(scale * g + l2 * w, -clip, clip), w = w + decay * w; clip may be infinite.
struct UpdateStep {
  float learning_rate, scale, l2, clip, decay;
  double* squares;  // null, or the sums of squares of (new w - w) and of w
};

struct MomentFactors {
  float alpha;           // what multiplies the direction
  float beta_1, rest_1;  // rest: 1 - beta, rounded once
  float beta_2, rest_2;
  float epsilon;
  float of_m, of_g, of_v;  // nadam's factors
};

struct OptimizerKernels {
  void (*sgd)(float* w, float* velocity, const float* g, int64_t size, UpdateStep s, float momentum, bool nesterov);
  void (*adagrad)(float* w, float* accumulator, const float* g, int64_t size, UpdateStep s, float epsilon);
  void (*rmsprop)(float* w, float* velocity, float* average, float* momentum_slot, const float* g, int64_t size,
                  UpdateStep s, float rho, float rest, float momentum, float epsilon);
  void (*adadelta)(float* w, float* accumulated_g, float* accumulated_d, const float* g, int64_t size, UpdateStep s,
                   float rho, float rest, float epsilon);
  void (*lion)(float* w, float* m, const float* g, int64_t size, UpdateStep s, MomentFactors f);
  void (*adam)(float* w, float* m, float* v, float* v_max, const float* g, int64_t size, UpdateStep s, MomentFactors f);
  void (*adamax)(float* w, float* m, float* u, const float* g, int64_t size, UpdateStep s, MomentFactors f);
  void (*nadam)(float* w, float* m, float* v, const float* g, int64_t size, UpdateStep s, MomentFactors f);
  void (*moving_average)(float* average, const float* w, int64_t size, float rest);
  void (*scale)(float* y, const float* x, int64_t size, float factor);
  double (*sum_of_squares)(const float* x, int64_t size);
};

}  // namespace fastcnn
