// Resizing and blurring: the weights are made here, in double, once for all instruction sets.
#include <math.h>
#include <string.h>

#include "api/image_check.h"

using namespace fastcnn;

namespace {

constexpr double kSharp = -0.75, kSoft = -0.5;  // a of Keys's kernel: enlarging, shrinking

double cubic(double t, double a) {
  t = fabs(t);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? a * (((t - 5) * t + 8) * t - 4) : 0;
}

// How one axis is resized. Every output takes `taps` inputs from `first` on, which may reach beyond the edge.
struct Axis {
  int64_t size, out, taps;
  fastcnn_image_interpolation how;
  bool wide;  // as wide as a pixel of the output
  double scale;

  Axis(int64_t size_, int64_t out_, fastcnn_image_interpolation how_, bool antialias)
      : size(size_), out(out_), how(how_), scale((double)size_ / (double)out_) {
    wide = scale > 1 && (how == FASTCNN_IMAGE_AREA || (antialias && how != FASTCNN_IMAGE_NEAREST));
    if (how == FASTCNN_IMAGE_AREA && !wide) how = FASTCNN_IMAGE_LINEAR;
    a = antialias ? kSoft : kSharp;
    double reach = how == FASTCNN_IMAGE_CUBIC ? 2 : 1;
    taps = how == FASTCNN_IMAGE_NEAREST ? 1
           : how == FASTCNN_IMAGE_AREA  ? (int64_t)ceil(scale) + 1
           : wide                       ? 2 * (int64_t)ceil(reach * scale) + 1
                                        : (int64_t)(2 * reach);
    if (taps > size && wide) taps = size;
  }
  int64_t first(int64_t o) const {
    if (how == FASTCNN_IMAGE_NEAREST) return (2 * o + 1) * size / (2 * out);
    int64_t at;
    if (how == FASTCNN_IMAGE_AREA)
      at = (int64_t)((double)o * scale);
    else if (wide)
      at = (int64_t)ceil(centre(o) - (how == FASTCNN_IMAGE_CUBIC ? 2 : 1) * scale);
    else
      return (int64_t)floor(centre(o)) - (how == FASTCNN_IMAGE_CUBIC ? 1 : 0);
    if (at > size - taps) at = size - taps;
    return at < 0 ? 0 : at;
  }
  // Of input i, inside the edge where it is wide.
  double weight(int64_t o, int64_t i) const {
    if (how == FASTCNN_IMAGE_NEAREST) return 1;
    if (how == FASTCNN_IMAGE_AREA) {
      double begin = fmax((double)o * scale, (double)i), end = fmin((double)(o + 1) * scale, (double)(i + 1));
      return end > begin ? end - begin : 0;
    }
    double t = (centre(o) - (double)i) / (wide ? scale : 1);
    return how == FASTCNN_IMAGE_CUBIC ? cubic(t, a) : fmax(0, 1 - fabs(t));
  }

 private:
  double centre(int64_t o) const { return ((double)o + 0.5) * scale - 0.5; }
  double a;
};

// f(output, tap, input, weight), the weights of an output adding up to 1.
template <class F>
void each_tap(const Axis& axis, double* some, F f) {
  for (int64_t o = 0; o < axis.out; o++) {
    int64_t first = axis.first(o);
    double sum = 0;
    for (int64_t k = 0; k < axis.taps; k++) sum += some[k] = axis.weight(o, first + k);
    for (int64_t k = 0; k < axis.taps; k++) {
      int64_t i = first + k;
      f(o, k, i < 0 ? 0 : i >= axis.size ? axis.size - 1 : i, (float)(some[k] / sum));
    }
  }
}

// Copies pixels of N bytes, or of `bytes`.
template <size_t N>
fastcnn_status take_nearest(const Axis& rows, const Axis& columns, const char* x, char* y, size_t bytes) {
  if (N > 0) bytes = N;
  Workspace memory("image_resize", nullptr, 0, Carver::room<int64_t>(columns.out));
  if (memory.status() != FASTCNN_OK) return memory.status();
  int64_t* from = Carver(memory.data()).take<int64_t>(columns.out);
  for (int64_t u = 0; u < columns.out; u++) from[u] = columns.first(u) * (int64_t)bytes;
  size_t wide = (size_t)columns.out * bytes;
  for (int64_t v = 0; v < rows.out; v++, y += wide) {
    int64_t row = rows.first(v);
    if (v > 0 && rows.first(v - 1) == row) {
      memcpy(y, y - wide, wide);
      continue;
    }
    const char* line = x + row * columns.size * (int64_t)bytes;
    for (int64_t u = 0; u < columns.out; u++) memcpy(y + (size_t)u * bytes, line + from[u], bytes);
  }
  return FASTCNN_OK;
}

int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// The odd number of cells that a bell reaches over: three sigmas for bytes, four for floats.
int64_t bell_size(double sigma, fastcnn_pixel pixel) {
  return (int64_t)nearbyint(2 * (pixel == FASTCNN_PIXEL_UINT8 ? 3 : 4) * sigma + 1) | 1;
}

void bell(float* weights, int64_t size, double sigma) {
  double sum = 0;
  auto at = [&](int64_t i) {
    double t = (double)(i - size / 2);
    return sigma > 0 ? exp(-0.5 * (t / sigma) * (t / sigma)) : t == 0 ? 1.0 : 0.0;
  };
  for (int64_t i = 0; i < size; i++) sum += at(i);
  for (int64_t i = 0; i < size; i++) weights[i] = (float)(at(i) / sum);
}

constexpr int64_t kWidest = 1 << 15;  // of a blur's window

// fill(rows, columns): the weights; whole: they are 1. Returns the status of the memory.
template <class F>
fastcnn_status filter(const char* function, const fastcnn_image* image, const void* x, int64_t height, int64_t width,
                      float scale, bool whole, void* y, F fill) {
  constexpr int64_t kExact = (1 << 24) / 255;  // bytes that add up to less than 2^24
  int64_t line = (image->w + width - 1) * image->c;
  bool box = whole && image->pixel == FASTCNN_PIXEL_UINT8 && height * width <= kExact;
  int64_t sums = box ? 3 * line + 2 * image->w * image->c : 0;
  Workspace memory(function, nullptr, 0,
                   Carver::room<float>(height) + Carver::room<float>(width) + Carver::room<float>(line) +
                       Carver::room<int32_t>(height) + Carver::room<uint32_t>(sums));
  if (memory.status() != FASTCNN_OK) return memory.status();
  Carver carver(memory.data());
  float *rows = carver.take<float>(height), *columns = carver.take<float>(width);
  fill(rows, columns);
  float* lines = carver.take<float>(line);
  int32_t* index = carver.take<int32_t>(height);
  kernels().image->filter(y, x,
                          {image->pixel == FASTCNN_PIXEL_UINT8, image->h, image->w, image->c, height, width, rows,
                           columns, scale, lines, index, box ? carver.take<uint32_t>(sums) : nullptr});
  return FASTCNN_OK;
}

}  // namespace

fastcnn_status fastcnn_image_resize(const fastcnn_image* image, const void* x,
                                    fastcnn_image_interpolation interpolation, int antialias, int64_t oh, int64_t ow,
                                    void* y) {
  Check check("image_resize");
  if (!ready(check, image, x, y)) return check.status();
  check_sides(check, "height and width", oh, ow, image->c);
  check.range("interpolation", interpolation, FASTCNN_IMAGE_NEAREST, FASTCNN_IMAGE_AREA);
  if (check.failed()) return check.status();
  Axis rows(image->h, oh, interpolation, antialias != 0), columns(image->w, ow, interpolation, antialias != 0);
  bool bytes = image->pixel == FASTCNN_PIXEL_UINT8;
  if (interpolation == FASTCNN_IMAGE_NEAREST) {
    size_t size = pixel_bytes(image->pixel) * (size_t)image->c;
    auto resize = size == 3 ? take_nearest<3> : size == 12 ? take_nearest<12> : take_nearest<0>;
    return resize(rows, columns, static_cast<const char*>(x), static_cast<char*>(y), size);
  }
  bool halve = bytes && image->c == 3 && image->h == 2 * oh && image->w == 2 * ow &&
               (interpolation == FASTCNN_IMAGE_AREA || (interpolation == FASTCNN_IMAGE_LINEAR && !antialias));
  // Vectors of neighbours choose from twice as many floats: less than half of the pixels do not. Their table is worth
  // its making where there are many rows.
  int64_t lanes = 2 * ow >= image->w && oh >= 4 * columns.taps ? ow * image->c + 16 : 0;
  int64_t row_taps = oh * rows.taps, column_taps = ow * columns.taps,
          line = (image->w + 2 * columns.taps) * image->c + 32, wide = ow * image->c + 4,
          some_taps = larger(rows.taps, columns.taps);
  Workspace memory("image_resize", nullptr, 0,
                   Carver::room<int32_t>(row_taps) + Carver::room<float>(row_taps) +
                       Carver::room<int32_t>(column_taps) + Carver::room<float>(column_taps) +
                       Carver::room<float>(line) + Carver::room<float>(wide) + Carver::room<double>(some_taps) +
                       Carver::room<int32_t>(2 * lanes) + Carver::room<float>(columns.taps * lanes));
  if (memory.status() != FASTCNN_OK) return memory.status();
  Carver carver(memory.data());
  double* some = carver.take<double>(some_taps);
  auto table = [&](const Axis& axis) {
    auto* index = carver.take<int32_t>(axis.out * axis.taps);
    auto* weights = carver.take<float>(axis.out * axis.taps);
    each_tap(axis, some, [&](int64_t o, int64_t k, int64_t i, float weight) {
      index[o * axis.taps + k] = (int32_t)i;
      weights[o * axis.taps + k] = weight;
    });
    return Taps{axis.taps, index, weights};
  };
  Taps row_table = table(rows), column_table = table(columns);
  float *one = carver.take<float>(line), *other = carver.take<float>(wide);
  memset(one, 0, (size_t)line * sizeof(float));  // its end is read, and multiplied by 0
  auto* lane_index = carver.take<int32_t>(2 * lanes);
  kernels().image->resample(y, x,
                            {bytes, image->h, image->w, image->c, oh, ow, row_table, column_table, one, other,
                             lanes > 0 ? lane_index : nullptr, carver.take<float>(columns.taps * lanes), halve});
  return FASTCNN_OK;
}

fastcnn_status fastcnn_image_blur(const fastcnn_image* image, const void* x, int64_t height, int64_t width, void* y) {
  Check check("image_blur");
  if (!ready(check, image, x, y)) return check.status();
  check.range("height", height, 1, kWidest).range("width", width, 1, kWidest);
  if (check.failed()) return check.status();
  float scale = (float)(1.0 / (double)(height * width));
  return filter("image_blur", image, x, height, width, scale, true, y, [&](float* rows, float* columns) {
    for (int64_t i = 0; i < height; i++) rows[i] = 1;
    for (int64_t i = 0; i < width; i++) columns[i] = 1;
  });
}

fastcnn_status fastcnn_image_gaussian_blur(const fastcnn_image* image, const void* x, double sigma_y, double sigma_x,
                                           int64_t height, int64_t width, void* y) {
  Check check("image_gaussian_blur");
  if (!ready(check, image, x, y)) return check.status();
  constexpr double kLargest = 2000;
  check.that(sigma_y >= 0 && sigma_y <= kLargest, "sigma_y must be between 0 and %g, got %g", kLargest, sigma_y);
  check.that(sigma_x >= 0 && sigma_x <= kLargest, "sigma_x must be between 0 and %g, got %g", kLargest, sigma_x);
  check.range("kernel_size", height, 0, kWidest).range("kernel_size", width, 0, kWidest);
  if (check.failed()) return check.status();
  if (height == 0) height = bell_size(sigma_y, image->pixel);
  if (width == 0) width = bell_size(sigma_x, image->pixel);
  check.that(height % 2 == 1 && width % 2 == 1, "kernel_size must be odd, got %lld x %lld", (long long)height,
             (long long)width);
  if (check.failed()) return check.status();
  return filter("image_gaussian_blur", image, x, height, width, 1, false, y, [&](float* rows, float* columns) {
    bell(rows, height, sigma_y);
    bell(columns, width, sigma_x);
  });
}
