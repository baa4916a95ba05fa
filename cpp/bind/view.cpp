#include "bind/view.hpp"

#include <pybind11/numpy.h>

#include <string>
#include <utility>
#include <vector>

#include "base/errors.hpp"

namespace py = pybind11;

namespace qsp::bind {

class View {
 public:
  explicit View(std::shared_ptr<Machine> machine) : machine_(std::move(machine)) {
    if (machine_->running_)
      throw base::ModelError("view: the simulation is running in another thread; wait until it stands");
    held_ = machine_->looked_at_;
  }
  [[nodiscard]] const engine::Engine& engine() const { return *machine_; }

 private:
  std::shared_ptr<Machine> machine_;
  std::shared_ptr<const int> held_;
};

void Machine::require_free() const {
  if (running_) throw base::ModelError("the simulation is running in another thread; wait until it stands");
  if (looked_at_.use_count() > 1) py::module_::import("gc").attr("collect")();
  if (looked_at_.use_count() > 1)
    throw base::ModelError(
        "the simulation cannot change while somebody looks at its memory: leave the `with simulation.view()` block, "
        "and "
        "delete the arrays that were taken from it or keep copies (array.copy())");
}

namespace {

// A read-only array on memory of the engine; it keeps `view` alive, and with it the engine as it is.
template <class T>
py::array look(const py::object& view, const T* values, std::vector<py::ssize_t> shape) {
  py::array_t<T> array(std::move(shape), values, view);
  array.attr("setflags")(py::arg("write") = false);
  return array;
}

py::dict columns(const py::object& view) {
  py::dict result;
  view.cast<const View&>().engine().agents().each_column([&](const std::string& name, const auto& column) {
    result[py::str(name)] = look(view, column.data(), {static_cast<py::ssize_t>(column.size())});
  });
  return result;
}

py::array field(const py::object& view, std::size_t index) {
  const auto& engine = view.cast<const View&>().engine();
  const auto& geometry = engine.geometry();
  return look(view, engine.fields().at(index).stored().data(), {geometry.nz, geometry.ny, geometry.nx});
}

}  // namespace

void view(py::module_& module) {
  py::class_<View>(module, "View")
      .def(py::init<std::shared_ptr<Machine>>(), py::arg("engine"))
      .def("columns", &columns)
      .def("field", &field, py::arg("field"));
}

}  // namespace qsp::bind
