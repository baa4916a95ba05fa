// One field on its own, for tests and benchmarks, and what they compare it with.
#include "bind/field.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.hpp"
#include "base/instructions.hpp"
#include "base/memory.hpp"
#include "field/field.hpp"
#include "field/workspace.hpp"

namespace py = pybind11;

namespace qsp::bind {
namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

field::Description description(const py::dict& d) {
  field::Description one;
  const auto set = [&](const char* key, auto& member) {
    if (d.contains(key)) member = d[key].cast<std::decay_t<decltype(member)>>();
  };
  set("name", one.name);
  set("diffusion", one.diffusion);
  set("decay", one.decay);
  set("scale", one.scale);
  set("initial", one.initial);
  set("half_saturation", one.half_saturation);
  set("significant", one.significant);
  set("step_tolerance", one.step_tolerance);
  set("solve_tolerance", one.solve_tolerance);
  set("stage_tolerance", one.stage_tolerance);
  int scheme = 0;
  set("scheme", scheme);
  one.scheme = static_cast<field::Scheme>(scheme);
  std::vector<std::optional<double>> faces;  // x-, x+, y-, y+, z-, z+; None: no flux
  set("faces", faces);
  for (std::size_t face = 0; face < std::min(faces.size(), one.faces.size()); ++face)
    if (faces[face]) one.faces[face] = {field::Boundary::fixed, *faces[face]};
  return one;
}

// A field with dense arrays of what acts on it, which stay from step to step.
class Solver {
 public:
  Solver(const std::array<int, 3>& shape, double spacing, double thickness, const py::dict& d, int threads,
         const std::string& instructions)
      : threads_(threads),
        workspace_(std::make_shared<field::Workspace>(
            lattice::Geometry{shape[0], shape[1], shape[2], spacing, thickness}, base::instructions(instructions))),
        field_(workspace_->geometry(), description(d), workspace_) {}

  void set(base::Array<float>& to, const Array<float>& values, double factor) {
    if (values.size() != static_cast<py::ssize_t>(field_.geometry().size()))
      throw base::ModelError("an array of " + std::to_string(values.size()) + " voxels does not fit a lattice of " +
                             std::to_string(field_.geometry().size()));
    to.resize(static_cast<std::size_t>(values.size()));
    std::transform(values.data(), values.data() + values.size(), to.begin(),
                   [factor](float value) { return value * static_cast<float>(factor); });
  }
  void set_source(const Array<float>& values) { set(source_, values, 1.0 / field_.description().scale); }
  void set_uptake(const Array<float>& values) { set(uptake_, values, 1.0); }
  void set_saturable(const Array<float>& values) { set(saturable_, values, 1.0 / field_.description().scale); }
  void set_exchange(const Array<std::int64_t>& voxels, double rate, double value) {
    exchange_.assign(voxels.data(), voxels.data() + voxels.size());
    field_.set_exchange(exchange_, rate, value);
  }
  void set_fixed(const Array<std::int64_t>& voxels, double value) {
    fixed_.assign(voxels.data(), voxels.data() + voxels.size());
    field_.set_fixed(fixed_, value);
  }

  py::dict step(double dt) {
    field::Report report;
    double seconds = 0.0;
    {
      const py::gil_scoped_release release;
      fill();
      const auto start = Clock::now();
      report = field_.step(dt, threads_);
      seconds = seconds_since(start);
    }
    const auto& ledger = report.ledger;
    py::dict d;
    d["quasi_steady"] = report.quasi_steady;
    d["seconds"] = seconds;
    d["substeps"] = report.substeps;
    d["rejected"] = report.rejected;
    d["euler"] = report.euler;
    d["cycles"] = report.cycles;
    d["relaxation_time"] = report.relaxation_time;
    d["error_estimate"] = report.error_estimate;
    d["undershoot"] = report.undershoot;
    d["produced"] = ledger.produced;
    d["decayed"] = ledger.decayed;
    d["taken_up"] = ledger.taken_up;
    d["exchanged"] = ledger.exchanged;
    d["boundary"] = ledger.boundary;
    d["change"] = ledger.change;
    d["residual"] = ledger.residual;
    return d;
  }

  // Of `cycles` cycles one after the other, for the steady state of what acts on the field.
  double cycle_seconds(int cycles) {
    const py::gil_scoped_release release;
    fill();
    auto& multigrid = workspace_->multigrid();
    const auto& d = field_.description();
    const auto uptake = workspace_->uptake();
    base::Array<float> solution(multigrid.size(), 0.0f);
    multigrid.set_operator(d.diffusion, {});
    multigrid.set_solution(solution.data());
    multigrid.set_right_side(workspace_->source().data());
    multigrid.prepare(uptake.data(), static_cast<float>(d.decay), *std::max_element(uptake.begin(), uptake.end()),
                      threads_);
    const auto start = Clock::now();
    multigrid.descend(threads_);
    for (int cycle = 1; cycle < cycles; ++cycle) multigrid.turn(threads_);
    multigrid.ascend(threads_);
    return seconds_since(start);
  }

  Array<float> values(bool stored) const {
    const auto& geometry = field_.geometry();
    Array<float> out({geometry.nz, geometry.ny, geometry.nx});
    const std::span<float> span(out.mutable_data(), static_cast<std::size_t>(geometry.size()));
    if (stored)
      std::copy(field_.stored().begin(), field_.stored().end(), span.begin());
    else
      field_.values(span);
    return out;
  }
  void restore(const Array<float>& stored) { field_.restore({stored.data(), static_cast<std::size_t>(stored.size())}); }

 private:
  void fill() {
    workspace_->clear(!saturable_.empty(), threads_);
    const auto put = [&](const base::Array<float>& from, std::span<float> to) {
      if (!from.empty()) workspace_->multigrid().pack(from, to, threads_);
    };
    put(source_, workspace_->source());
    put(uptake_, workspace_->uptake());
    put(saturable_, workspace_->saturable());
  }

  base::Threads threads_;
  std::shared_ptr<field::Workspace> workspace_;
  field::Field field_;
  base::Array<float> source_, uptake_, saturable_;
  std::vector<std::int64_t> exchange_, fixed_;
};

double read_modify_write_rate(double bytes, int repeats, int count) {
  base::Threads threads(count);
  base::Array<float> values(static_cast<std::size_t>(bytes / sizeof(float)), 1.0f);
  const std::int64_t size = static_cast<std::int64_t>(values.size()), parts = threads.count();
  double best = std::numeric_limits<double>::infinity();
  const py::gil_scoped_release release;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto start = Clock::now();
    threads.each(parts, [&](std::int64_t part) {
      float* a = values.data() + size * part / parts;
      const std::int64_t n = size * (part + 1) / parts - size * part / parts;
      for (std::int64_t i = 0; i < n; ++i) a[i] = a[i] * 0.999f + 0.001f;
    });
    best = std::min(best, seconds_since(start));
  }
  return 2.0 * sizeof(float) * static_cast<double>(size) / best;
}

}  // namespace

void field(py::module_& module) {
  module.def("read_modify_write_rate", &read_modify_write_rate, py::arg("size") = 192e6, py::arg("repeats") = 7,
             py::arg("threads") = 1,
             "Bytes per second of a = a s + b in place, read and written counted, on huge pages; best of the repeats.");
  module.def(
      "available_instructions",
      [] {
        std::vector<std::string> names;
        for (const auto set : base::available_instructions()) names.emplace_back(base::name(set));
        return names;
      },
      "Sets of vector instructions that this build holds and this machine can run.");
  py::class_<Solver>(module, "FieldSolver")
      .def(py::init<const std::array<int, 3>&, double, double, const py::dict&, int, const std::string&>(),
           py::arg("shape"), py::arg("spacing"), py::arg("thickness"), py::arg("description"), py::arg("threads") = 1,
           py::arg("instructions") = "auto")
      .def_property("source", nullptr, &Solver::set_source)
      .def_property("uptake", nullptr, &Solver::set_uptake)
      .def_property("saturable", nullptr, &Solver::set_saturable)
      .def("set_exchange", &Solver::set_exchange, py::arg("voxels"), py::arg("rate"), py::arg("value"))
      .def("set_fixed", &Solver::set_fixed, py::arg("voxels"), py::arg("value"))
      .def("step", &Solver::step, py::arg("dt"))
      .def("cycle_seconds", &Solver::cycle_seconds, py::arg("cycles"))
      .def("values", &Solver::values, py::arg("stored") = false)
      .def("restore", &Solver::restore, py::arg("stored"));
}

}  // namespace qsp::bind
