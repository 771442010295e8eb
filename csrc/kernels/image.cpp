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
void image_lab_apart(float* f, int64_t stride, uint8_t* lightness, const uint8_t* rgb, int64_t pixels,
                     const LabCurves& curves);
void image_lab_together(uint8_t* rgb, const float* f, int64_t stride, const uint8_t* before, const uint8_t* after,
                        int64_t pixels, const LabCurves& curves);

extern const ImageKernels image_kernels;
const ImageKernels image_kernels = {image_warp,     image_resample,  image_filter,      image_mirror,
                                    image_scale,    image_add,       image_blend_grey,  image_grey,
                                    image_turn_hue, image_lab_apart, image_lab_together};

}  // namespace ISA
}  // namespace fastcnn
