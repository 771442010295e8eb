// The numbers of pixels: tables, contrast, hue, grey, noise.
#include <math.h>
#include <string.h>

#include "api/image_check.h"

using namespace fastcnn;

namespace {

bool is_bytes(const fastcnn_image* image) { return image->pixel == FASTCNN_PIXEL_UINT8; }
int64_t pixels_of(const fastcnn_image* image) { return image->h * image->w; }

void check_channels(Check& check, const fastcnn_image* image) {
  check.that(image->c == 1 || image->c == 3, "image must have 1 or 3 channels, got %lld", (long long)image->c);
}

void scale_all(const fastcnn_image* image, const void* x, void* y, double alpha, double beta, float top) {
  float a[3] = {(float)alpha, (float)alpha, (float)alpha}, b[3] = {(float)beta, (float)beta, (float)beta};
  kernels().image->scale(y, is_bytes(image), x, is_bytes(image), pixels_of(image), image->c, a, b, 0, top);
}

// The mean of 0.299 red + 0.587 green + 0.114 blue; of bytes exactly, then rounded.
template <class T, class Sum>
double mean_grey(const T* x, int64_t pixels, int64_t c) {
  Sum sum[3] = {};
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t k = 0; k < c; k++) sum[k] += x[p * c + k];
  double n = (double)pixels;
  if (c == 1) return (double)sum[0] / n;
  return 0.299 * ((double)sum[0] / n) + 0.587 * ((double)sum[1] / n) + 0.114 * ((double)sum[2] / n);
}

double middle_grey(const fastcnn_image* image, const void* x) {
  if (is_bytes(image)) return floor(mean_grey<uint8_t, int64_t>((const uint8_t*)x, pixels_of(image), image->c) + 0.5);
  return mean_grey<float, double>((const float*)x, pixels_of(image), image->c);
}

enum Step { kBrightness, kContrast, kSaturation, kHue };

}  // namespace

fastcnn_status fastcnn_image_lookup(const fastcnn_image* image, const void* x, int64_t tables, const uint8_t* table,
                                    void* y) {
  Check check("image_lookup");
  if (!ready(check, image, x, y)) return check.status();
  check.that(is_bytes(image), "image must be uint8, got float32");
  check.that(tables == 1 || tables == image->c, "table must be one for all channels or one for each of %lld, got %lld",
             (long long)image->c, (long long)tables);
  check.pointer("table", table);
  if (check.failed()) return check.status();
  const uint8_t* from = static_cast<const uint8_t*>(x);
  uint8_t* to = static_cast<uint8_t*>(y);
  int64_t pixels = pixels_of(image), c = image->c;
  if (tables == 1) {
    for (int64_t i = 0; i < pixels * c; i++) to[i] = table[from[i]];
    return FASTCNN_OK;
  }
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t k = 0; k < c; k++) to[p * c + k] = table[k * 256 + from[p * c + k]];
  return FASTCNN_OK;
}

fastcnn_status fastcnn_image_scale(const fastcnn_image* image, const void* x, const float* alpha, const float* beta,
                                   float low, float high, fastcnn_pixel y_pixel, void* y) {
  Check check("image_scale");
  if (!ready(check, image, x, y)) return check.status();
  check.range("y_pixel", y_pixel, image->pixel, FASTCNN_PIXEL_FLOAT32);
  check_numbers(check, "alpha", alpha, image->c);
  check_numbers(check, "beta", beta, image->c);
  check.that(low <= high, "max_value must be at least %g, got %g", (double)low, (double)high);
  if (check.failed()) return check.status();
  kernels().image->scale(y, y_pixel == FASTCNN_PIXEL_UINT8, x, is_bytes(image), pixels_of(image), image->c, alpha, beta,
                         low, high);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_image_color(const fastcnn_image* image, const void* x, double brightness, double contrast,
                                   double saturation, double hue, int steps, const int* order, void* y) {
  Check check("image_color");
  if (!ready(check, image, x, y)) return check.status();
  check_channels(check, image);
  check.finite("brightness", (float)brightness)
      .finite("contrast", (float)contrast)
      .finite("saturation", (float)saturation)
      .that(hue >= -0.5 && hue <= 0.5, "hue must be between -0.5 and 0.5, got %g", hue)
      .that(steps >= 0 && steps <= 4, "order must have at most 4 steps, got %d", steps)
      .pointer("order", order, steps);
  for (int i = 0; i < steps && !check.failed(); i++) check.range("order", order[i], kBrightness, kHue);
  if (check.failed()) return check.status();
  const ImageKernels& kernel = *kernels().image;
  float top = is_bytes(image) ? 255 : 1;
  int64_t pixels = pixels_of(image);
  bool colour = image->c == 3;
  const void* from = x;
  for (int i = 0; i < steps; i++) {
    if (order[i] == kBrightness && brightness != 1)
      scale_all(image, from, y, brightness, 0, top);
    else if (order[i] == kContrast && contrast != 1)
      scale_all(image, from, y, contrast, middle_grey(image, from) * (1 - contrast), top);
    else if (order[i] == kSaturation && saturation != 1 && colour)
      kernel.blend_grey(y, from, is_bytes(image), pixels, (float)saturation, (float)(1 - saturation), top);
    else if (order[i] == kHue && hue != 0 && colour)
      kernel.turn_hue(y, from, is_bytes(image), pixels, (float)(6 * hue), top);
    else
      continue;
    from = y;
  }
  if (from == x && y != x) memcpy(y, x, (size_t)(pixels * image->c) * pixel_bytes(image->pixel));
  return FASTCNN_OK;
}

fastcnn_status fastcnn_image_gray(const fastcnn_image* image, const void* x, int64_t channels, void* y) {
  Check check("image_gray");
  if (!ready(check, image, x, y)) return check.status();
  check_channels(check, image);
  check_sides(check, "channels", image->h, image->w, channels);
  if (check.failed()) return check.status();
  if (image->c == 3) {
    kernels().image->grey(y, x, is_bytes(image), pixels_of(image), channels);
    return FASTCNN_OK;
  }
  size_t bytes = pixel_bytes(image->pixel);
  for (int64_t p = 0; p < pixels_of(image); p++)
    for (int64_t k = 0; k < channels; k++)
      memcpy((char*)y + (size_t)(p * channels + k) * bytes, (const char*)x + (size_t)p * bytes, bytes);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_image_noise(const fastcnn_image* image, const void* x, const fastcnn_random* random, float mean,
                                   float stddev, int per_channel, void* y) {
  Check check("image_noise");
  if (!ready(check, image, x, y)) return check.status();
  check.pointer("random", random);
  check.finite("mean", mean).finite("std", stddev).that(stddev >= 0, "std must be at least 0, got %g", (double)stddev);
  if (!check.failed())
    check.that(random->offset >= 0 && random->offset < INT64_MAX / 2, "offset must be at least 0, got %lld",
               (long long)random->offset);
  if (check.failed()) return check.status();
  constexpr int64_t kChunk = 2048;  // too little for more than one thread
  float numbers[kChunk], spread[kChunk];
  int64_t repeat = per_channel ? 1 : image->c, count = pixels_of(image) * image->c / repeat;
  for (int64_t done = 0; done < count;) {
    int64_t n = count - done < kChunk ? count - done : kChunk;
    kernels().random->normal(numbers, {random->seed, random->stream, random->offset + done}, n, mean, stddev);
    for (int64_t begin = 0; begin < n * repeat; begin += kChunk) {
      int64_t size = n * repeat - begin < kChunk ? n * repeat - begin : kChunk;
      for (int64_t i = 0; i < size; i++) spread[i] = numbers[(begin + i) / repeat];
      size_t at = (size_t)(done * repeat + begin) * pixel_bytes(image->pixel);
      kernels().image->add((char*)y + at, (const char*)x + at, is_bytes(image), spread, size);
    }
    done += n;
  }
  return FASTCNN_OK;
}
