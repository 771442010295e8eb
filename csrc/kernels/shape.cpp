#include "shape.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const ShapeKernels shape_kernels;
const ShapeKernels shape_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
