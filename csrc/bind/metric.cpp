// What a training program counts for the logs: sums that are added to a metric's variables, as the metric would.
#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

double* number(py::handle value, const char* name) { return Output<double>(value, {}, name).data(); }

// total += value * count;  sum += count: the mean of a loss over samples.
void add_to_mean(py::handle value_, Real<"count"> count, py::handle total_, py::handle sum_) {
  Input<float> value(value_, "value");
  if (value.size() != 1) throw py::value_error("value must be one number, got shape " + text(value.shape()));
  double *total = number(total_, "total"), *sum = number(sum_, "sum");
  run([count = (double)count, value = value.data(), total, sum] {
    *total += (double)*value * count;
    *sum += count;
    return FASTCNN_OK;
  });
}

// Where the greatest of each row is.
struct Greatest {
  fastcnn_dims dims;
  const float* x;
  py::array kept;
  int64_t* y;
  fastcnn_status find() const { return fastcnn_argmax(&dims, 1, x, y); }
};
Greatest greatest(const Input<float>& x) {
  int64_t columns = x.ndim() ? x.dim(x.ndim() - 1) : 0;
  if (columns < 1) throw py::value_error("y_pred must have an axis of classes, got shape " + text(x.shape()));
  fastcnn_dims dims = {};
  dims.rank = 2;
  dims.dim[0] = x.size() / columns;
  dims.dim[1] = columns;
  Output<int64_t> y(Shape{(py::ssize_t)dims.dim[0]});
  return {dims, x.data(), y.array(), y.data()};
}

// right of `answers` are right; a sample has answers / samples of them, of which it counts the mean.
void add(int64_t right, int64_t answers, int64_t samples, bool several, double* total, double* count) {
  *total += several ? (double)right * ((double)samples / (double)answers) : (double)right;
  *count += (double)samples;
}

// Integer labels: how many are where the row of y_pred is greatest.
void count_sparse(py::handle labels_, py::handle y_pred_, py::handle total_, py::handle count_) {
  Input<int64_t> labels(labels_, "y_true");
  Input<float> y_pred(y_pred_, "y_pred");
  Greatest found = greatest(y_pred);
  int64_t rows = found.dims.dim[0], samples = y_pred.dim(0);
  if (labels.size() != rows)
    throw py::value_error("y_true must have a label for each row of y_pred, got shapes " + text(labels.shape()) +
                          " and " + text(y_pred.shape()));
  double *total = number(total_, "total"), *count = number(count_, "count");
  bool several = y_pred.ndim() > 2;
  run([=, t = labels.data()] {
    fastcnn_status status = found.find();
    int64_t right = 0;
    for (int64_t i = 0; i < rows; i++) right += t[i] == found.y[i];
    if (status == FASTCNN_OK) add(right, rows, samples, several, total, count);
    return status;
  });
}

// One-hot labels: in how many rows both are greatest in one place.
void count_categorical(py::handle y_true_, py::handle y_pred_, py::handle total_, py::handle count_) {
  Input<float> y_true(y_true_, "y_true"), y_pred(y_pred_, "y_pred");
  y_true.shaped(y_pred.shape());
  Greatest of_labels = greatest(y_true), found = greatest(y_pred);
  int64_t rows = found.dims.dim[0], samples = y_pred.dim(0);
  double *total = number(total_, "total"), *count = number(count_, "count");
  bool several = y_pred.ndim() > 2;
  run([=] {
    fastcnn_status status = of_labels.find();
    if (status == FASTCNN_OK) status = found.find();
    int64_t right = 0;
    for (int64_t i = 0; i < rows; i++) right += of_labels.y[i] == found.y[i];
    if (status == FASTCNN_OK) add(right, rows, samples, several, total, count);
    return status;
  });
}

// Labels 0 and 1, as integers or floats: how many outputs are on their side of the threshold.
template <class T>
void count_binary_of(const Input<T>& y_true, const Input<float>& y_pred, float threshold, double* total,
                     double* count) {
  int64_t size = y_pred.size(), samples = y_pred.ndim() ? y_pred.dim(0) : 1;
  if (y_true.size() != size)
    throw py::value_error("y_true must have as many labels as y_pred has outputs, got shapes " + text(y_true.shape()) +
                          " and " + text(y_pred.shape()));
  bool several = y_pred.ndim() > 1;
  run([=, t = y_true.data(), p = y_pred.data()] {
    int64_t right = 0;
    for (int64_t i = 0; i < size; i++) right += t[i] == (T)(p[i] > threshold);
    add(right, size, samples, several, total, count);
    return FASTCNN_OK;
  });
}
void count_binary(py::handle y_true, py::handle y_pred_, Real32<"threshold"> threshold, py::handle total_,
                  py::handle count_) {
  Input<float> y_pred(y_pred_, "y_pred");
  double *total = number(total_, "total"), *count = number(count_, "count");
  if (py::isinstance<py::array_t<int64_t>>(y_true))
    count_binary_of(Input<int64_t>(y_true, "y_true"), y_pred, threshold, total, count);
  else
    count_binary_of(Input<float>(y_true, "y_true"), y_pred, threshold, total, count);
}

}  // namespace

void bind_metric(py::module_& m) {
  using py::arg;
  m.def("add_to_mean", add_to_mean, arg("value"), arg("count"), arg("total"), arg("sum"));
  m.def("count_sparse", count_sparse, arg("y_true"), arg("y_pred"), arg("total"), arg("count"));
  m.def("count_categorical", count_categorical, arg("y_true"), arg("y_pred"), arg("total"), arg("count"));
  m.def("count_binary", count_binary, arg("y_true"), arg("y_pred"), arg("threshold"), arg("total"), arg("count"));
}

}  // namespace fastcnn::bind
