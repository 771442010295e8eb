// The table entries of image_*.cpp. Pixels are bytes or floats: `bytes` tells which, where a pointer is void.
#pragma once
#include <stdint.h>

namespace fastcnn {

// The result's pixel (u, v) is at (m0 u + m1 v + m2, m3 u + m4 v + m5), divided by m6 u + m7 v + m8 in perspective.
struct WarpShape {
  bool bytes;
  int64_t n, h, w, c, oh, ow;
  const double* matrices;  // n of nine
  int interpolation;       // 0 nearest, 1 linear, 2 cubic
  int border;              // 0 constant, 1 replicate, 2 reflect, 3 reflect_101, 4 wrap
  const float* fill;       // c
};

// y[o] = sum over k of weight[o taps + k] * x[index[o taps + k]], along one axis.
struct Taps {
  int64_t taps;
  const int32_t* index;
  const float* weight;
};

struct ResampleShape {
  bool bytes;
  int64_t h, w, c, oh, ow;
  Taps rows, columns;
  float *line, *wide;   // (w + 2 taps) * c + 32, ow * c + 4
  int32_t* lane_index;  // 2 (ow * c + 16), or null
  float* lane_weight;   // taps (ow * c + 16)
  bool halve;           // bytes in triples, means of two by two
};

// Correlation with two lines of weights; the edge is mirrored and not repeated.
struct FilterShape {
  bool bytes;
  int64_t h, w, c;
  int64_t height, width;  // of the window
  const float *rows, *columns;
  float scale;     // of the result
  float* line;     // (w + width - 1) * c
  int32_t* index;  // height
  uint32_t* sums;  // 3 lines and 2 w * c, where bytes and weights are integers and a window's sum is exact; or null
};

// From RGB to Lab and back, by curves on [0, 1] that are straight between kCurveSteps points; one point more follows.
constexpr int kCurveSteps = 4096;
struct LabCurves {
  const float* linear;  // of 256 levels
  const float *f, *gamma;
  float to_xyz[3][3], to_rgb[3][3];
};

struct ImageKernels {
  void (*warp)(void* y, const void* x, const WarpShape& shape);  // images shared out to threads
  void (*resample)(void* y, const void* x, const ResampleShape& shape);
  void (*filter)(void* y, const void* x, const FilterShape& shape);
  // y: h rows of w pixels of `bytes` bytes each, mirrored. stride: from one row of x to the next, in bytes.
  void (*mirror)(uint8_t* y, const uint8_t* x, int64_t stride, int64_t h, int64_t w, int64_t bytes);
  // y = alpha x + beta, not below low or above high; alpha, beta: one for each channel.
  void (*scale)(void* y, bool y_bytes, const void* x, bool x_bytes, int64_t pixels, int64_t c, const float* alpha,
                const float* beta, float low, float high);
  void (*add)(void* y, const void* x, bool bytes, const float* noise, int64_t size);
  // Of RGB: y = a x + b grey, cut off at top where top > 0.
  void (*blend_grey)(void* y, const void* x, bool bytes, int64_t pixels, float own, float grey, float top);
  void (*grey)(void* y, const void* x, bool bytes, int64_t pixels, int64_t channels);
  void (*turn_hue)(void* y, const void* x, bool bytes, int64_t pixels, float sixths, float top);
  // f: f(X), f(Y), f(Z), a plane of `stride` each; lightness: 0 to 255. Both have room for 16 pixels more.
  void (*lab_apart)(float* f, int64_t stride, uint8_t* lightness, const uint8_t* rgb, int64_t pixels,
                    const LabCurves& curves);
  // With lightness `after` instead of `before`.
  void (*lab_together)(uint8_t* rgb, const float* f, int64_t stride, const uint8_t* before, const uint8_t* after,
                       int64_t pixels, const LabCurves& curves);
};

}  // namespace fastcnn
