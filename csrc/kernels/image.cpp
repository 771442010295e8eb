// The images' table; the kernels are in the image_*.cpp files beside.
#include "image.h"

namespace fastcnn {
namespace ISA {

void image_warp(void* y, const void* x, const WarpShape& s);
void image_resample(void* y, const void* x, const ResampleShape& s);
void image_filter(void* y, const void* x, const FilterShape& s);
void image_mirror(uint8_t* y, const uint8_t* x, int64_t stride, int64_t h, int64_t w, int64_t bytes);
void image_scale(void* y, bool y_bytes, const void* x, bool x_bytes, int64_t pixels, int64_t c, const float* alpha,
                 const float* beta, float low, float high);
void image_add(void* y, const void* x, bool bytes, const float* noise, int64_t size);
void image_blend_grey(void* y, const void* x, bool bytes, int64_t pixels, float own, float grey, float top);
void image_grey(void* y, const void* x, bool bytes, int64_t pixels, int64_t channels);
void image_turn_hue(void* y, const void* x, bool bytes, int64_t pixels, float sixths, float top);

extern const ImageKernels image_kernels;
const ImageKernels image_kernels = {image_warp, image_resample,   image_filter, image_mirror,  image_scale,
                                    image_add,  image_blend_grey, image_grey,   image_turn_hue};

}  // namespace ISA
}  // namespace fastcnn
