#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"
