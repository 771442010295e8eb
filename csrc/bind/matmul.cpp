#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// (..., rows, columns) with as many leading axes as it has; one operand may have none.
int64_t leading(const Input<float>& a) {
  int64_t count = 1;
  for (int i = 0; i < a.ndim() - 2; i++) count *= a.dim(i);
  return count;
}

Shape leading_shape(const Input<float>& a) {
  Shape shape = a.shape();
  shape.resize(shape.size() - 2);
  return shape;
}

std::string both(const Input<float>& a, const Input<float>& b) { return std::string(a.name()) + " and " + b.name(); }

fastcnn_matmul_params params(const Input<float>& a, const Input<float>& b, bool ta, bool tb, Shape* shape) {
  for (const auto* m : {&a, &b})
    if (m->ndim() < 2)
      throw py::value_error(std::string(m->name()) + " must have at least 2 dimensions, got shape " + text(m->shape()));
  const auto& outer = a.ndim() >= b.ndim() ? a : b;
  bool batch_a = a.ndim() > 2, batch_b = b.ndim() > 2;
  if (batch_a && batch_b && leading_shape(a) != leading_shape(b))
    throw py::value_error(both(a, b) + " must have the same leading dimensions, got shapes " + text(a.shape()) +
                          " and " + text(b.shape()));
  int i = a.ndim() - 2, j = b.ndim() - 2;
  fastcnn_matmul_params p{};
  p.batch = leading(outer);
  p.m = a.dim(ta ? i + 1 : i), p.k = a.dim(ta ? i : i + 1), p.n = b.dim(tb ? j : j + 1);
  p.transpose_a = ta, p.transpose_b = tb, p.batch_a = batch_a, p.batch_b = batch_b;
  if (p.k != b.dim(tb ? j + 1 : j))
    throw py::value_error(both(a, b) + " do not fit: the first has " + std::to_string(p.k) + " columns, the second " +
                          std::to_string(b.dim(tb ? j + 1 : j)) + " rows (shapes " + text(a.shape()) + " and " +
                          text(b.shape()) + ")");
  *shape = leading_shape(outer);
  shape->push_back(p.m), shape->push_back(p.n);
  // One b for a whole batch of a: the batch's rows are rows of one product.
  if (batch_a && !batch_b && !ta) p.m *= p.batch, p.batch = 1, p.batch_a = 0;
  return p;
}

py::array product(const Input<float>& a, const Input<float>& b, bool ta, bool tb, py::handle bias_, py::handle name,
                  float alpha, py::handle residual_, py::handle gate_, py::handle finite_, py::handle out) {
  Shape shape;
  fastcnn_matmul_params p = params(a, b, ta, tb, &shape);
  auto bias = Input<float>::optional(bias_, "bias"), residual = Input<float>::optional(residual_, "residual");
  auto gate = Input<float>::optional(gate_, "gate"), finite = Input<float>::optional(finite_, "finite");
  bias.shaped({p.n}), residual.shaped(shape), gate.shaped(shape), finite.shaped({1});
  fastcnn_epilogue e{bias.data(), residual.data(), activation(name), alpha, gate.data()};
  Output<float> y(out, shape);
  y.apart_from(a).apart_from(b).apart_from(bias).apart_from(residual, true).apart_from(gate);
  run([=]() mutable {
    p.finite_b = finite && *finite.data() != 0;  // a program's weights change
    return fastcnn_matmul(&p, a.data(), b.data(), &e, y.data(), nullptr, 0);
  });
  return y.array();
}

py::array plain(const Input<float>& a, const Input<float>& b, bool ta, bool tb, py::handle gate, py::handle out) {
  return product(a, b, ta, tb, py::none(), py::none(), 0, py::none(), gate, py::none(), out);
}

py::array matmul(py::handle a, py::handle b, Flag<"transpose_a"> ta, Flag<"transpose_b"> tb, py::handle out) {
  return plain(Input<float>(a, "a"), Input<float>(b, "b"), ta, tb, py::none(), out);
}

// finite: (1,), not 0 where w is known to hold neither infinities nor NaN; or None.
py::array dense(py::handle x, py::handle w, py::handle bias, py::handle activation, Real32<"alpha"> alpha,
                py::handle residual, py::handle finite, py::handle out) {
  return product(Input<float>(x, "x"), Input<float>(w, "w"), false, false, bias, activation, alpha, residual,
                 py::none(), finite, out);
}
py::array dense_dx(py::handle dy, py::handle w, py::handle gate, py::handle out) {
  return plain(Input<float>(dy, "dy"), Input<float>(w, "w"), false, true, gate, out);
}
py::array dense_dw(py::handle x, py::handle dy, py::handle out) {
  return plain(Input<float>(x, "x"), Input<float>(dy, "dy"), true, false, py::none(), out);
}

}  // namespace

void bind_matmul(py::module_& m) {
  m.def("matmul", matmul);
  m.def("dense", dense);
  m.def("dense_dx", dense_dx);
  m.def("dense_dw", dense_dw);
}

}  // namespace fastcnn::bind
