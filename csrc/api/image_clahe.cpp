// Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994): every region has a table that
// spreads its levels; pixels interpolate between the tables of the four regions around them. RGB goes to Lab, of which
// only L changes, by kernels that are the same on every instruction set.
#include <math.h>
#include <string.h>

#include "api/image_check.h"

using namespace fastcnn;

namespace {

constexpr int kLevels = 256;
constexpr double kToXyz[3][3] = {{0.412453 / 0.950456, 0.357580 / 0.950456, 0.180423 / 0.950456},
                                 {0.212671, 0.715160, 0.072169},
                                 {0.019334 / 1.088754, 0.119193 / 1.088754, 0.950227 / 1.088754}};

// A function on [0, 1], straight between kCurveSteps points.
struct Curve {
  float at[kCurveSteps + 2];
  template <class F>
  explicit Curve(F f) {
    for (int i = 0; i <= kCurveSteps; i++) at[i] = (float)f((double)i / kCurveSteps);
    at[kCurveSteps + 1] = at[kCurveSteps];
  }
};

double lab_f(double t) { return t > 216.0 / 24389 ? cbrt(t) : t * (841.0 / 108) + 4.0 / 29; }
double to_linear(double part) { return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4); }
double from_linear(double part) { return part <= 0.0031308 ? part * 12.92 : 1.055 * pow(part, 1 / 2.4) - 0.055; }

struct Lab {
  Curve f{lab_f}, gamma{from_linear};
  float linear[kLevels];
  LabCurves curves = {linear, f.at, gamma.at, {}, {}};
  Lab() {
    for (int i = 0; i < kLevels; i++) linear[i] = (float)to_linear(i / 255.0);
    const auto& m = kToXyz;
    double determinant = 0;
    for (int i = 0; i < 3; i++)
      determinant += m[0][i] * (m[1][(i + 1) % 3] * m[2][(i + 2) % 3] - m[1][(i + 2) % 3] * m[2][(i + 1) % 3]);
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        curves.to_xyz[i][j] = (float)m[i][j];
        curves.to_rgb[i][j] =  // the cofactor of element (j, i)
            (float)((m[(j + 1) % 3][(i + 1) % 3] * m[(j + 2) % 3][(i + 2) % 3] -
                     m[(j + 1) % 3][(i + 2) % 3] * m[(j + 2) % 3][(i + 1) % 3]) /
                    determinant);
      }
  }
};
const LabCurves& lab_curves() {
  static const Lab tables;
  return tables.curves;
}

// 0 to 255; of what is not far below 0.
int rounded(float level) {
  int i = (int)(level + 0.5f);
  return i < 255 ? i : 255;
}

int64_t mirrored(int64_t i, int64_t size) {
  int64_t period = size > 1 ? 2 * size - 2 : 1;
  i %= period;
  return i < size ? i : period - i;
}

struct Tiles {
  int64_t down, across, th, tw;
  double limit;
  Tiles(int64_t h, int64_t w, int64_t down_, int64_t across_, double clip_limit) : down(down_), across(across_) {
    // As soon as one side does not divide, both are padded, even where there is nothing to pad: so does OpenCV.
    bool even = h % down == 0 && w % across == 0;
    th = (even ? h : h + down - h % down) / down;
    tw = (even ? w : w + across - w % across) / across;
    double area = (double)(th * tw);
    limit = clip_limit > 0 ? fmax(floor(clip_limit * area / kLevels), 1) : area;
    if (limit > area) limit = area;
  }
};

// What is above the limit goes to all levels alike, the rest to every so manieth.
void spread(int64_t* counts, int64_t limit) {
  int64_t excess = 0;
  for (int i = 0; i < kLevels; i++)
    if (counts[i] > limit) excess += counts[i] - limit, counts[i] = limit;
  int64_t each = excess / kLevels, left = excess % kLevels;
  for (int i = 0; i < kLevels; i++) counts[i] += each;
  if (left == 0) return;
  int64_t step = kLevels / left > 1 ? kLevels / left : 1;
  for (int64_t i = 0; i < kLevels && left > 0; i += step, left--) counts[i]++;
}

void make_table(uint8_t* table, const uint8_t* x, int64_t h, int64_t w, const Tiles& t, int64_t i, int64_t j) {
  int64_t counts[kLevels] = {};
  for (int64_t v = i * t.th; v < (i + 1) * t.th; v++) {
    const uint8_t* row = x + mirrored(v, h) * w;
    int64_t end = (j + 1) * t.tw, inside = end < w ? end : w;
    for (int64_t u = j * t.tw; u < inside; u++) counts[row[u]]++;
    for (int64_t u = inside > j * t.tw ? inside : j * t.tw; u < end; u++) counts[row[mirrored(u, w)]]++;
  }
  spread(counts, (int64_t)t.limit);
  float scale = (float)(255.0 / (double)(t.th * t.tw));
  int64_t sum = 0;
  for (int level = 0; level < kLevels; level++) {
    sum += counts[level];
    double value = nearbyint((double)sum * (double)scale);
    table[level] = (uint8_t)(value > 255 ? 255 : value);
  }
}

// Between which two of `count` tables a position is, and how far from the first.
struct Between {
  int64_t low = 0, high = 0;
  float part = 0;
  Between() = default;
  Between(int64_t at, int64_t size, int64_t count) {
    double place = (double)at / (double)size - 0.5, whole = floor(place);
    part = (float)(place - whole);
    low = whole < 0 ? 0 : (int64_t)whole;
    high = (int64_t)whole + 1 < count ? (int64_t)whole + 1 : count - 1;
  }
};

// The new levels of the plane x.
void equalise(uint8_t* y, const uint8_t* x, int64_t h, int64_t w, const Tiles& t, uint8_t* tables, Between* columns) {
  for (int64_t u = 0; u < w; u++) columns[u] = Between(u, t.tw, t.across);
  for (int64_t i = 0; i < t.down; i++)
    for (int64_t j = 0; j < t.across; j++) make_table(tables + (i * t.across + j) * kLevels, x, h, w, t, i, j);
  for (int64_t v = 0; v < h; v++) {
    Between at(v, t.th, t.down);
    const uint8_t *upper = tables + at.low * t.across * kLevels, *lower = tables + at.high * t.across * kLevels;
    for (int64_t u = 0; u < w; u++) {
      const Between& b = columns[u];
      int64_t left = b.low * kLevels + x[v * w + u], right = b.high * kLevels + x[v * w + u];
      float above = upper[left] * (1 - b.part) + upper[right] * b.part;
      float below = lower[left] * (1 - b.part) + lower[right] * b.part;
      y[v * w + u] = (uint8_t)rounded(above * (1 - at.part) + below * at.part);
    }
  }
}

}  // namespace

fastcnn_status fastcnn_image_clahe(const fastcnn_image* image, const void* x, double clip_limit, int64_t tiles_y,
                                   int64_t tiles_x, void* y) {
  Check check("image_clahe");
  if (!ready(check, image, x, y)) return check.status();
  check.that(image->pixel == FASTCNN_PIXEL_UINT8, "image must be uint8, got float32");
  check.that(image->c == 1 || image->c == 3, "image must have 1 or 3 channels, got %lld", (long long)image->c);
  check.that(clip_limit >= 0 && clip_limit <= 1e9, "clip_limit must be between 0 and 1e9, got %g", clip_limit);
  check.range("tiles", tiles_y, 1, image->h).range("tiles", tiles_x, 1, image->w);
  if (check.failed()) return check.status();
  constexpr int64_t kMore = 16;  // room of the kernels
  int64_t h = image->h, w = image->w, tables = tiles_y * tiles_x * kLevels, plane = image->c == 3 ? h * w + kMore : 0;
  Workspace memory("image_clahe", nullptr, 0,
                   Carver::room<uint8_t>(tables) + 2 * Carver::room<uint8_t>(plane) + Carver::room<float>(3 * plane) +
                       Carver::room<Between>(w));
  if (memory.status() != FASTCNN_OK) return memory.status();
  Carver carver(memory.data());
  uint8_t *table = carver.take<uint8_t>(tables), *before = carver.take<uint8_t>(plane),
          *after = carver.take<uint8_t>(plane);
  float* f = carver.take<float>(3 * plane);
  Between* columns = carver.take<Between>(w);
  Tiles t(h, w, tiles_y, tiles_x, clip_limit);
  const uint8_t* from = static_cast<const uint8_t*>(x);
  uint8_t* to = static_cast<uint8_t*>(y);
  if (image->c == 1) {
    equalise(to, from, h, w, t, table, columns);
    return FASTCNN_OK;
  }
  const LabCurves& curves = lab_curves();
  kernels().image->lab_apart(f, plane, before, from, h * w, curves);
  equalise(after, before, h, w, t, table, columns);
  kernels().image->lab_together(to, f, plane, before, after, h * w, curves);
  return FASTCNN_OK;
}
