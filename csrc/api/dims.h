// Shapes of any rank, checked: what the functions of arithmetic.h and shape.h share.
#pragma once
#include "api/check.h"
#include "fastcnn/shape.h"
#include "kernels/nest.h"

namespace fastcnn {

// The number of elements; 0 where a check has failed.
int64_t count_of(Check& check, const char* name, const fastcnn_dims* dims, int64_t element_bytes = 4);
// "(1, 2)", cut to the buffer.
struct ShapeText {
  char text[96];
  explicit ShapeText(const fastcnn_dims& dims);
};
// Broadcasts two shapes into y.
void broadcast_shapes(Check& check, const char* a_name, const fastcnn_dims& a, const char* b_name,
                      const fastcnn_dims& b, fastcnn_dims* y);
// The nest of an output of shape y over operands of these shapes, all contiguous and broadcast to y.
Nest broadcast_nest(const fastcnn_dims& y, const fastcnn_dims* const* operands, int count);
// Elements between neighbours along each axis of a contiguous array.
void strides_of(const fastcnn_dims& dims, int64_t* stride);

}  // namespace fastcnn
