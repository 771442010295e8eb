// Adaptive pooling and resizing: what goes from one size to another.
#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

// small, large: the arrays of h x w and of oh x ow. True where there is something to do.
bool ready(Check& check, const fastcnn_resize2d_sizes* p, const char* in_name, const float* in, const char* out_name,
           const float* out) {
  check.pointer("p", p);
  if (check.failed()) return false;
  int64_t in_count = check.count("x", {p->n, p->h, p->w, p->c}),
          out_count = check.count("y", {p->n, p->oh, p->ow, p->c});
  check.positive("h", p->h).positive("w", p->w).positive("output height", p->oh).positive("output width", p->ow);
  if (check.failed()) return false;
  // Positions are fractions with denominators of 2 * out: their numerators must fit as well.
  check.that(p->h <= INT32_MAX / 2 && p->oh <= INT32_MAX / 2, "height is too large: %lld to %lld", (long long)p->h,
             (long long)p->oh);
  check.that(p->w <= INT32_MAX / 2 && p->ow <= INT32_MAX / 2, "width is too large: %lld to %lld", (long long)p->w,
             (long long)p->ow);
  check.pointer(in_name, in, in_count).pointer(out_name, out, out_count);
  return !check.failed() && in_count > 0;
}

ResizeShape shape(const fastcnn_resize2d_sizes* p) { return {p->n, p->h, p->w, p->c, p->oh, p->ow}; }

}  // namespace

fastcnn_status fastcnn_adaptive_avg_pool2d(const fastcnn_resize2d_sizes* p, const float* x, float* y) {
  Check check("adaptive_avg_pool2d");
  if (!ready(check, p, "x", x, "y", y)) return check.status();
  if (p->oh == 1 && p->ow == 1) return fastcnn_global_avg_pool(p->n, p->h * p->w, p->c, x, y, nullptr, 0);
  kernels().pool->adaptive_avg(y, x, p->n, p->h, p->w, p->c, p->oh, p->ow);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_adaptive_avg_pool2d_dx(const fastcnn_resize2d_sizes* p, const float* dy, float* dx) {
  Check check("adaptive_avg_pool2d_dx");
  if (!ready(check, p, "dx", dx, "dy", dy)) return check.status();
  if (p->oh == 1 && p->ow == 1) return fastcnn_global_avg_pool_dx(p->n, p->h * p->w, p->c, dy, dx);
  kernels().pool->adaptive_avg_dx(dx, dy, p->n, p->h, p->w, p->c, p->oh, p->ow);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_resize2d(const fastcnn_resize2d_sizes* p, fastcnn_interpolation interpolation, const float* x,
                                float* y) {
  Check check("resize2d");
  check.range("interpolation", interpolation, FASTCNN_NEAREST, FASTCNN_BILINEAR);
  if (!ready(check, p, "x", x, "y", y)) return check.status();
  const ResizeKernels& resize = *kernels().resize;
  (interpolation == FASTCNN_NEAREST ? resize.nearest : resize.bilinear)(y, x, shape(p));
  return FASTCNN_OK;
}

fastcnn_status fastcnn_resize2d_dx(const fastcnn_resize2d_sizes* p, fastcnn_interpolation interpolation,
                                   const float* dy, float* dx) {
  Check check("resize2d_dx");
  check.range("interpolation", interpolation, FASTCNN_NEAREST, FASTCNN_BILINEAR);
  if (!ready(check, p, "dx", dx, "dy", dy)) return check.status();
  const ResizeKernels& resize = *kernels().resize;
  (interpolation == FASTCNN_NEAREST ? resize.nearest_dx : resize.bilinear_dx)(dx, dy, shape(p));
  return FASTCNN_OK;
}
