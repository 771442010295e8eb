// The end of a block of Winograd's tiles: from m[point][tile][column] to outputs, or to the maxima of their windows.
#pragma once
#include "apply_activation.h"
#include "point_product.h"
#include "winograd_plan.h"
#include "winograd_pool.h"

namespace fastcnn {
namespace ISA {
namespace {

// Of one tile and vector of columns.
struct Products {
  const float* at;
  int64_t point;  // floats from one to the next
};
inline Products products_of(const Plan& plan, const float* m, int64_t point, int64_t tile, int width, int column) {
  return {m + (plan.grouped ? in_group(tile, width) + column / kLanes * kGroupVector : tile * width + column), point};
}

// A tile that does not show its first row, or column: output i + 1 from products is output i from their multiples by
// their points.
inline __attribute__((noinline)) Products products_of_middle(float* to, Products m, const Tile& t) {
  constexpr float kAt[6] = {0.0f, 0.625f, -0.625f, 1.5f, -1.5f, 0.0f};
  for (int e = 0; e < kPoints; e++) {
    float multiple = (t.lowered() ? kAt[e / 6] : 1.0f) * (t.shifted() ? kAt[e % 6] : 1.0f);
    store(to + e * kLanes, multiple == 0.0f ? zero() : splat(multiple) * load(m.at + e * m.point));
  }
  return {to, kLanes};
}

// 4x4 outputs of each tile: rows and columns past the map are left out.
inline __attribute__((noinline)) void transform_outputs(const Problem& p, const Plan& plan, const float* m,
                                                        int64_t panel, int width, int64_t first, int64_t count) {
  int columns = (int)least(kPanel, p.k - panel * kPanel);
  int64_t point = plan.grouped ? kGroupPoint : point_stride(count * width);
  Finish f;
  bool later = finish_with(p.epilogue, &f),
       past_caches = !later && streams(p.y, p.n * p.oh * p.ow * p.k, p.k) && p.pixel % 16 == 0;
  Tile tile = plan.tiles.at(first);
  for (int64_t t = 0; t < count; t++, plan.tiles.advance(tile)) {
    int64_t top = tile.i + tile.lowered(), left = tile.j + tile.shifted();
    int rows = (int)least(4, p.oh - top), across = (int)least(4, p.ow - left);
    bool edge = tile.lowered() || tile.shifted();
    int64_t corner = ((tile.n * p.oh + top) * p.ow + left) * p.pixel + panel * kPanel;
    for (int k = 0; k < columns; k += kLanes) {
      int live = (int)least(kLanes, columns - k);
      Products products = products_of(plan, m, point, t, width, k);
      alignas(64) float middle[kPoints * kLanes];
      if (edge) products = products_of_middle(middle, products, tile);
      vec half[4][6];
      output_columns(products.at, products.point, half);
      vec bias = p.epilogue.bias ? load_first(p.epilogue.bias + panel * kPanel + k, live) : zero();
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) {
        if (i == rows) break;
        vec o[4];
        output_rows(half[i], o);
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
          if (j == across) break;
          int64_t at = corner + (i * p.ow + j) * p.pixel + k;
          vec y = p.epilogue.bias ? o[j] + bias : o[j];
          if (p.epilogue.residual) y += load_first(p.epilogue.residual + at, live);
          if (f.clamp) y = min(splat(f.high), max(splat(f.low), y));
          if (p.epilogue.gate) y = through(load_first(p.epilogue.gate + at, live), y);
          if (past_caches)
            stream(p.y + at, y);
          else if (live == kLanes)
            store(p.y + at, y);
          else
            store_first(p.y + at, y, live);
        }
      }
    }
    if (later)
      for (int i = 0; i < rows; i++)
        apply_activation(p.y + corner + i * p.ow * p.pixel, across, columns, p.pixel, p.epilogue.activation,
                         p.epilogue.alpha);
  }
  if (past_caches) stream_fence();
}

// The maxima of each tile's four windows: those over the map's end are left out. point: in m, floats from one point to
// the next.
template <bool kNoted>
inline __attribute__((always_inline)) void maxima_of_tiles(const Problem& p, const Plan& plan, const float* m,
                                                           int64_t point, int64_t panel, int width, int64_t first,
                                                           int64_t count) {
  int columns = (int)least(kPanel, p.k - panel * kPanel);
  int64_t down = p.oh / 2, across = p.ow / 2;
  Finish f;
  finish_with(p.epilogue, &f);
  const float* bias = p.epilogue.bias ? p.epilogue.bias + panel * kPanel : nullptr;
  bool past_caches = streams(p.y, p.n * down * across * p.k, p.k) && p.pixel % 16 == 0;
  Clamped clamped{splat(-0.0f), splat(f.clamp ? f.low : -__builtin_inff()), splat(f.high), f.high < __builtin_inff()};
  Tile tile = plan.tiles.at(first);
  for (int64_t t = 0; t < count; t++, plan.tiles.advance(tile)) {
    int64_t i = (tile.i + tile.lowered()) / 2, j = (tile.j + tile.shifted()) / 2,
            pixel = (tile.n * down + i) * across + j;
    MaximaOfTile to{p.y + pixel * p.pixel + panel * kPanel,
                    kNoted ? p.noted + pixel * p.k + panel * kPanel : nullptr,
                    across * p.pixel,
                    p.pixel,
                    across * p.k,
                    p.k,
                    (int)least(2, down - i),
                    (int)least(2, across - j),
                    past_caches};
    for (int k = 0; k < columns; k += kLanes) {
      if (bias) clamped.bias = load(bias + k);
      Products products = products_of(plan, m, point, t, width, k);
      alignas(64) float middle[kPoints * kLanes];
      if (tile.lowered() || tile.shifted()) products = products_of_middle(middle, products, tile);
      take_maxima<kNoted>(to, products.at, products.point, clamped, k);
    }
  }
  if (past_caches) stream_fence();
}

inline __attribute__((noinline)) void transform_maxima(const Problem& p, const Plan& plan, const float* m,
                                                       int64_t panel, int width, int64_t first, int64_t count) {
  int64_t point = plan.grouped ? kGroupPoint : point_stride(count * width);
  if (p.noted)
    maxima_of_tiles<true>(p, plan, m, point, panel, width, first, count);
  else
    maxima_of_tiles<false>(p, plan, m, point, panel, width, first, count);
}

inline void finish_block(const Problem& p, const Plan& plan, const float* m, int64_t panel, int width, int64_t first,
                         int64_t count) {
  if (p.pooled)
    transform_maxima(p, plan, m, panel, width, first, count);
  else
    transform_outputs(p, plan, m, panel, width, first, count);
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
