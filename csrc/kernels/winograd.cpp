#include "conv_parts.h"
namespace fastcnn {
namespace ISA {
size_t winograd_workspace(const Conv2d&, ConvPass, int) { return 0; }
void winograd_forward(float*, const float*, const float*, const Conv2d&, const fastcnn_epilogue&, char*, int) {}
void winograd_dx(float*, const float*, const float*, const Conv2d&, const fastcnn_epilogue&, char*, int) {}
}  // namespace ISA
}  // namespace fastcnn
