// Images moved, cut and painted over. What only copies is done here: it is the same on every instruction set.
#include <math.h>
#include <string.h>

#include "api/image_check.h"

using namespace fastcnn;

namespace {

void check_border(Check& check, fastcnn_image_border border, const float* fill, int64_t c) {
  check.range("border", border, FASTCNN_BORDER_CONSTANT, FASTCNN_BORDER_WRAP);
  if (border == FASTCNN_BORDER_CONSTANT) check_numbers(check, "fill", fill, c);
}

fastcnn_status warp(const char* function, int64_t n, const fastcnn_image* image, const void* x, const double* matrices,
                    fastcnn_image_interpolation interpolation, fastcnn_image_border border, const float* fill,
                    int64_t oh, int64_t ow, void* y) {
  Check check(function);
  check.not_negative("n", n);
  if (n == 0) x = y = &check;  // nothing is there, and nothing is touched
  if (!ready(check, image, x, y)) return check.status();
  check_sides(check, "size", oh, ow, image->c);
  check.count("images", {n, image->h, image->w, image->c});
  check.count("out", {n, oh, ow, image->c});
  check.range("interpolation", interpolation, FASTCNN_IMAGE_NEAREST, FASTCNN_IMAGE_CUBIC);
  check_border(check, border, fill, image->c);
  check.pointer("matrix", matrices, n);
  for (int64_t i = 0; i < 9 * n && !check.failed(); i++)
    check.that(isfinite(matrices[i]), "matrix must be finite, got %g", matrices[i]);
  if (check.failed() || n == 0) return check.status();
  kernels().image->warp(y, x,
                        {image->pixel == FASTCNN_PIXEL_UINT8, n, image->h, image->w, image->c, oh, ow, matrices,
                         (int)interpolation, (int)border, fill});
  return FASTCNN_OK;
}

// Where position i beyond the edge reads; not of constant borders.
int64_t folded(int64_t i, int64_t size, fastcnn_image_border border) {
  if (i >= 0 && i < size) return i;
  if (border == FASTCNN_BORDER_REPLICATE) return i < 0 ? 0 : size - 1;
  int64_t once = border == FASTCNN_BORDER_REFLECT;
  int64_t period = border == FASTCNN_BORDER_WRAP ? size : once ? 2 * size : size > 1 ? 2 * size - 2 : 1;
  if (i < -period || i >= period) i %= period;
  if (i < 0) i += period;
  return i < size ? i : period - once - i;
}

// `count` pixels of the colour.
void paint(char* y, const char* colour, size_t bytes, int64_t count) {
  if (count <= 0) return;
  size_t all = bytes * (size_t)count, done = bytes;
  memcpy(y, colour, bytes);
  for (; 2 * done <= all; done *= 2) memcpy(y + done, y, done);
  memcpy(y + done, y, all - done);
}

// The colour as a pixel.
void as_pixel(char* colour, const fastcnn_image* image, const float* fill) {
  if (image->pixel == FASTCNN_PIXEL_FLOAT32) {
    memcpy(colour, fill, (size_t)image->c * sizeof(float));
    return;
  }
  for (int64_t k = 0; k < image->c; k++) colour[k] = (char)(uint8_t)nearbyintf(fminf(fmaxf(fill[k], 0), 255));
}

struct Span {
  int64_t begin, end;
};
// Of the window's `size` cells from `start` on, those inside [0, limit).
Span covered(int64_t start, int64_t size, int64_t limit) {
  int64_t begin = start < 0 ? -start : 0, end = limit - start;
  if (begin > size) begin = size;
  if (end > size) end = size;
  return {begin, end < begin ? begin : end};
}

}  // namespace

fastcnn_status fastcnn_image_warp(const fastcnn_image* image, const void* x, const double* matrix,
                                  fastcnn_image_interpolation interpolation, fastcnn_image_border border,
                                  const float* fill, int64_t oh, int64_t ow, void* y) {
  return warp("image_warp", 1, image, x, matrix, interpolation, border, fill, oh, ow, y);
}

fastcnn_status fastcnn_images_warp(int64_t n, const fastcnn_image* image, const void* x, const double* matrices,
                                   fastcnn_image_interpolation interpolation, fastcnn_image_border border,
                                   const float* fill, int64_t oh, int64_t ow, void* y) {
  return warp("images_warp", n, image, x, matrices, interpolation, border, fill, oh, ow, y);
}

fastcnn_status fastcnn_image_flip(const fastcnn_image* image, const void* x, int horizontal, int vertical, void* y) {
  Check check("image_flip");
  if (!ready(check, image, x, y)) return check.status();
  size_t bytes = (size_t)image->c * pixel_bytes(image->pixel), row = bytes * (size_t)image->w;
  const uint8_t* from = static_cast<const uint8_t*>(x) + (vertical ? row * (size_t)(image->h - 1) : 0);
  uint8_t* to = static_cast<uint8_t*>(y);
  int64_t stride = vertical ? -(int64_t)row : (int64_t)row;
  if (horizontal)
    kernels().image->mirror(to, from, stride, image->h, image->w, (int64_t)bytes);
  else
    for (int64_t v = 0; v < image->h; v++) memcpy(to + (size_t)v * row, from + v * stride, row);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_image_crop_pad(const fastcnn_image* image, const void* x, int64_t top, int64_t left,
                                      fastcnn_image_border border, const float* fill, int64_t oh, int64_t ow, void* y) {
  Check check("image_crop_pad");
  if (!ready(check, image, x, y)) return check.status();
  constexpr int64_t kFar = int64_t(1) << 40;
  check.range("top", top, -kFar, kFar).range("left", left, -kFar, kFar);
  check_sides(check, "height and width", oh, ow, image->c);
  check_border(check, border, fill, image->c);
  if (check.failed()) return check.status();
  size_t bytes = (size_t)image->c * pixel_bytes(image->pixel), row = bytes * (size_t)image->w;
  bool constant = border == FASTCNN_BORDER_CONSTANT;
  Workspace memory("image_crop_pad", nullptr, 0, bytes);
  if (memory.status() != FASTCNN_OK) return memory.status();
  if (constant) as_pixel(memory.data(), image, fill);
  Span columns = covered(left, ow, image->w);
  for (int64_t v = 0; v < oh; v++) {
    char* to = static_cast<char*>(y) + (size_t)(v * ow) * bytes;
    int64_t source = top + v;
    if (constant && (source < 0 || source >= image->h)) {
      paint(to, memory.data(), bytes, ow);
      continue;
    }
    const char* from = static_cast<const char*>(x) + (size_t)folded(source, image->h, border) * row;
    if (columns.end > columns.begin)
      memcpy(to + (size_t)columns.begin * bytes, from + (size_t)(left + columns.begin) * bytes,
             (size_t)(columns.end - columns.begin) * bytes);
    if (constant) {
      paint(to, memory.data(), bytes, columns.begin);
      paint(to + (size_t)columns.end * bytes, memory.data(), bytes, ow - columns.end);
      continue;
    }
    auto outside = [&](int64_t begin, int64_t end) {
      for (int64_t u = begin; u < end; u++) {
        char* pixel = to + (size_t)u * bytes;
        const char* other = from + (size_t)folded(left + u, image->w, border) * bytes;
        bytes == 3 ? memcpy(pixel, other, 3) : memcpy(pixel, other, bytes);
      }
    };
    outside(0, columns.begin);
    outside(columns.end, ow);
  }
  return FASTCNN_OK;
}

fastcnn_status fastcnn_image_fill(const fastcnn_image* image, const void* x, int64_t k, const int64_t* boxes,
                                  const float* fill, void* y) {
  Check check("image_fill");
  if (!ready(check, image, x, y)) return check.status();
  check.count("boxes", {k, 4});
  check.pointer("boxes", boxes, k);
  check_numbers(check, "fill", fill, image->c);
  if (check.failed()) return check.status();
  size_t bytes = (size_t)image->c * pixel_bytes(image->pixel);
  if (y != x) memcpy(y, x, (size_t)(image->h * image->w) * bytes);
  Workspace memory("image_fill", nullptr, 0, bytes);
  if (memory.status() != FASTCNN_OK) return memory.status();
  as_pixel(memory.data(), image, fill);
  auto inside = [](int64_t at, int64_t size) { return at < 0 ? 0 : at > size ? size : at; };
  for (int64_t i = 0; i < k; i++) {
    const int64_t* box = boxes + 4 * i;
    int64_t left = inside(box[1], image->w), right = inside(box[3], image->w);
    for (int64_t v = inside(box[0], image->h); v < inside(box[2], image->h); v++)
      paint(static_cast<char*>(y) + (size_t)(v * image->w + left) * bytes, memory.data(), bytes, right - left);
  }
  return FASTCNN_OK;
}
