// The Python module `qsp_abm._core`: arrays in, arrays out (copies, but for bind/view.hpp), no logic.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>

#include "base/errors.hpp"
#include "base/key.hpp"
#include "bind/field.hpp"
#include "bind/view.hpp"

namespace py = pybind11;
using namespace qsp;  // NOLINT: the one file that sees everything

namespace {

using bind::Machine;

template <class T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;

template <class T>
std::span<const T> view(const Array<T>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

template <class Column>
auto copy(const Column& values) {
  return py::array_t<typename Column::value_type>(static_cast<py::ssize_t>(values.size()), values.data());
}

base::Purpose purpose(const std::string& name) {
  static const std::pair<const char*, base::Purpose> known[] = {
      {"start", base::Purpose::start}, {"fraction", base::Purpose::fraction}, {"trait", base::Purpose::trait},
      {"move", base::Purpose::move},   {"engage", base::Purpose::engage},     {"recover", base::Purpose::recover},
      {"fate", base::Purpose::fate},   {"place", base::Purpose::place},       {"recruit", base::Purpose::recruit},
      {"order", base::Purpose::order}, {"vessel", base::Purpose::vessel},     {"given", base::Purpose::given}};
  for (const auto& [text, value] : known)
    if (name == text) return value;
  throw py::key_error("unknown purpose '" + name + "'");
}

py::dict registry() {
  py::dict verbs;
  for (const auto* declaration : process::verbs()) {
    py::dict parameters;
    for (const auto& parameter : declaration->parameters)
      parameters[py::str(parameter.name.data(), parameter.name.size())] =
          py::make_tuple(std::string(parameter.unit), parameter.behaviour);
    py::dict entry;
    entry["sentence"] = std::string(declaration->sentence);
    entry["parameters"] = parameters;
    verbs[py::str(declaration->verb.data(), declaration->verb.size())] = entry;
  }
  return verbs;
}

process::TypeMask mask(const std::vector<int>& codes) {
  process::TypeMask mask{};
  for (const int code : codes) mask.at(static_cast<std::size_t>(code)) = true;
  return mask;
}

template <class Spec, class Make>
std::vector<Spec> list(const py::dict& type, const char* name, Make&& make) {
  std::vector<Spec> specs;
  for (const auto item : type[name].cast<py::list>()) specs.push_back(make(item.cast<py::dict>()));
  return specs;
}

process::TypeSpec type_spec(const py::dict& d) {
  process::TypeSpec type;
  const auto code = [](const py::dict& one) { return one["into"].cast<std::uint8_t>(); };
  type.name = d["name"].cast<std::string>();
  type.label = d["label"].cast<std::uint64_t>();
  type.occupies = static_cast<process::Occupies>(d["occupies"].cast<int>());
  type.cost = d["cost"].cast<int>();
  type.dead = d["dead"].cast<bool>();
  const auto hits = d["hits"].cast<py::dict>();
  type.hits = {hits["threshold"].cast<int>(), hits["stages"].cast<int>(), hits["recovery"].cast<double>(), code(hits)};
  type.traits = list<process::TraitSpec>(d, "traits", [](const py::dict& one) {
    process::TraitSpec trait;
    trait.law = static_cast<process::Law>(one["law"].cast<int>());
    trait.value = one["value"].cast<double>();
    trait.sigma = one["sigma"].cast<double>();
    trait.inheritance = static_cast<process::Inheritance>(one["inheritance"].cast<int>());
    trait.target = one["target"].cast<int>();
    trait.rise = one["rise"].cast<double>();
    trait.decay = one["decay"].cast<double>();
    trait.base = one["base"].cast<double>();
    return trait;
  });
  type.first_behaviour = d["first_behaviour"].cast<int>();
  type.behaviours = d["behaviours"].cast<int>();
  type.move = list<process::MoveSpec>(d, "move", [](const py::dict& one) {
    process::MoveSpec move;
    move.motility = one["motility"].cast<int>();
    move.persistence = one["persistence"].cast<double>();
    for (const auto item : one["chemotaxis"].cast<py::list>()) {
      const auto taxis = item.cast<py::dict>();
      move.chemotaxis.push_back(
          {taxis["field"].cast<int>(), taxis["sensitivity"].cast<double>(), taxis["half"].cast<double>()});
    }
    move.permeability.fill(1.0F);
    for (const auto& [type_code, value] : one["permeability"].cast<std::map<int, double>>())
      move.permeability.at(static_cast<std::size_t>(type_code)) = static_cast<float>(value);
    return move;
  });
  type.divide = list<process::DivideSpec>(d, "divide", [&](const py::dict& one) {
    return process::DivideSpec{one["rate"].cast<int>(), one["push"].cast<int>(), code(one),
                               one["fraction"].cast<double>()};
  });
  type.die = list<process::DieSpec>(d, "die", [&](const py::dict& one) {
    return process::DieSpec{one["rate"].cast<int>(), one["cause"].cast<int>(), code(one)};
  });
  type.kill = list<process::KillSpec>(d, "kill", [](const py::dict& one) {
    return process::KillSpec{one["engage"].cast<int>(), one["hit_rate"].cast<int>(), one["detach"].cast<int>(),
                             mask(one["targets"].cast<std::vector<int>>())};
  });
  type.become = list<process::BecomeSpec>(
      d, "become", [&](const py::dict& one) { return process::BecomeSpec{one["rate"].cast<int>(), code(one)}; });
  type.secrete = list<process::SecreteSpec>(d, "secrete", [](const py::dict& one) {
    return process::SecreteSpec{one["field"].cast<int>(), one["rate"].cast<int>(), one["factor"].cast<double>()};
  });
  type.take_up = list<process::TakeUpSpec>(d, "take_up", [](const py::dict& one) {
    return process::TakeUpSpec{one["field"].cast<int>(), one["clearance"].cast<int>()};
  });
  type.recruit = list<process::RecruitSpec>(d, "recruit", [](const py::dict& one) {
    return process::RecruitSpec{one["blood"].cast<int>(), one["clearance"].cast<double>()};
  });
  type.leave = list<process::LeaveSpec>(
      d, "leave", [](const py::dict& one) { return process::LeaveSpec{one["rate"].cast<int>()}; });
  return type;
}

process::Specification specification(const py::dict& d) {
  process::Specification all;
  for (const auto item : d["types"].cast<py::list>()) all.types.push_back(type_spec(item.cast<py::dict>()));
  for (const auto item : d["behaviours"].cast<py::list>()) {
    const auto one = item.cast<py::dict>();
    rule::Behaviour behaviour;
    behaviour.base = one["base"].cast<float>();
    behaviour.limit_up = one["limit_up"].cast<float>();
    behaviour.limit_down = one["limit_down"].cast<float>();
    behaviour.deferred = one["deferred"].cast<bool>();
    behaviour.first = static_cast<std::int32_t>(all.terms.size());
    for (const auto entry : one["terms"].cast<py::list>()) {
      const auto term = entry.cast<py::dict>();
      all.terms.push_back({term["signal"].cast<std::int32_t>(), term["half"].cast<float>(), term["power"].cast<float>(),
                           term["up"].cast<bool>()});
      ++behaviour.terms;
    }
    all.behaviours.push_back(behaviour);
  }
  for (const auto& [source, index] : d["signals"].cast<std::vector<std::pair<int, int>>>())
    all.signals.push_back({static_cast<rule::Source>(source), index});
  for (const auto& codes : d["contacts"].cast<std::vector<std::vector<int>>>()) all.contacts.push_back(mask(codes));
  for (const auto item : d["synapses"].cast<py::list>()) {
    const auto one = item.cast<py::dict>();
    process::SynapseSpec synapse;
    for (const auto& [code, density] : one["receptor"].cast<std::map<int, double>>())
      synapse.receptor.at(static_cast<std::size_t>(code)) = static_cast<float>(density);
    synapse.per_ligand = one["per_ligand"].cast<double>();
    synapse.dissociation = one["dissociation"].cast<double>();
    for (const auto& [code, slots] : one["ligand_slots"].cast<std::map<int, std::vector<int>>>())
      synapse.ligand_slots.at(static_cast<std::size_t>(code)) = slots;
    synapse.blocked_by = one["blocked_by"].cast<std::vector<int>>();
    all.synapses.push_back(synapse);
  }
  all.causes = d["causes"].cast<std::vector<std::string>>();
  all.body_signals = d["body_signals"].cast<int>();
  all.open_edges = d["open_edges"].cast<bool>();
  all.dt = d["dt"].cast<double>();
  return all;
}

field::Description description(const py::dict& d) {
  field::Description field;
  field.name = d["name"].cast<std::string>();
  field.diffusion = d["diffusion"].cast<double>();
  field.decay = d["decay"].cast<double>();
  field.scale = d["scale"].cast<double>();
  field.initial = d["initial"].cast<double>();
  field.half_saturation = d["half_saturation"].cast<double>();
  field.scheme = static_cast<field::Scheme>(d["scheme"].cast<int>());
  if (const auto boundary = d["boundary"].cast<std::optional<double>>())
    field.faces.fill({field::Boundary::fixed, *boundary});
  return field;
}

std::shared_ptr<Machine> make_engine(const py::dict& d, const Array<std::int64_t>& vessels, std::uint64_t seed,
                                     int threads, const std::string& instructions, bool lineage) {
  const auto shape = d["shape"].cast<std::array<int, 3>>();
  const lattice::Geometry geometry{shape[0], shape[1], shape[2], d["spacing"].cast<double>(),
                                   d["thickness"].cast<double>()};
  std::vector<field::Description> fields;
  std::vector<engine::VesselExchange> exchanges;
  for (const auto item : d["fields"].cast<py::list>()) {
    const auto one = item.cast<py::dict>();
    fields.push_back(description(one));
    exchanges.push_back({one["vessel_exchange"].cast<double>(), one["vessel_value"].cast<double>()});
  }
  return std::make_shared<Machine>(geometry, specification(d), fields, exchanges,
                                   std::vector<std::int64_t>(vessels.data(), vessels.data() + vessels.size()), seed,
                                   engine::Settings{threads, base::instructions(instructions), lineage});
}

// Copies of the columns by id, and `order`: the rank of each agent in storage.
py::dict columns(const Machine& engine) {
  const auto& agents = engine.agents();
  const auto slots = agents.by_id();
  py::dict result;
  agents.each_column([&](const std::string& name, const auto& column) {
    using T = typename std::decay_t<decltype(column)>::value_type;
    py::array_t<T> out(static_cast<py::ssize_t>(slots.size()));
    T* values = out.mutable_data();
    for (std::size_t k = 0; k < slots.size(); ++k) values[k] = column[slots[k]];
    result[py::str(name)] = out;
  });
  std::vector<std::uint32_t> rank(agents.size(), 0);
  for (std::uint32_t slot = 0, next = 0; slot < agents.size(); ++slot) {
    rank[slot] = next;
    next += agents.type[slot] != agent::gone ? 1U : 0U;
  }
  py::array_t<std::uint32_t> order(static_cast<py::ssize_t>(slots.size()));
  for (std::size_t k = 0; k < slots.size(); ++k) order.mutable_data()[k] = rank[slots[k]];
  result["order"] = order;
  return result;
}

py::array_t<float> field_values(const Machine& engine, std::size_t field, bool stored) {
  const auto& geometry = engine.geometry();
  py::array_t<float> out({geometry.nz, geometry.ny, geometry.nx});
  const std::span<float> span(out.mutable_data(), static_cast<std::size_t>(geometry.size()));
  const auto& one = engine.fields().at(field);
  if (stored)
    std::copy(one.stored().begin(), one.stored().end(), span.begin());
  else
    one.values(span);
  return out;
}

py::dict state(const Machine& engine) {
  const auto state = engine.state();
  py::dict d;
  d["step"] = state.step;
  d["next_id"] = state.next_id;
  d["transit"] = copy(state.transit);
  d["serial"] = copy(state.serial);
  d["tally"] = copy(state.tally);
  d["field_ledgers"] = copy(state.field_ledgers);
  return d;
}

template <class T>
std::vector<T> vector(const py::handle& array) {
  const auto values = array.cast<Array<T>>();
  return {values.data(), values.data() + values.size()};
}

void restore(Machine& engine, const py::dict& d, const py::dict& columns, const py::list& fields) {
  engine.require_free();
  engine::Engine::State state;
  state.step = d["step"].cast<std::int64_t>();
  state.next_id = d["next_id"].cast<std::uint32_t>();
  state.transit = vector<double>(d["transit"]);
  state.serial = vector<std::uint64_t>(d["serial"]);
  state.tally = vector<std::int64_t>(d["tally"]);
  state.field_ledgers = vector<double>(d["field_ledgers"]);
  const auto order = vector<std::uint32_t>(columns["order"]);
  engine.agents().each_column([&](const std::string& name, auto& column) {
    using T = typename std::decay_t<decltype(column)>::value_type;
    const auto by_id = vector<T>(columns[py::str(name)]);
    column.resize(by_id.size());
    for (std::size_t k = 0; k < by_id.size(); ++k) column[order.at(k)] = by_id[k];
  });
  std::vector<std::vector<float>> stored;
  for (const auto field : fields) stored.push_back(vector<float>(field));
  engine.restore(state, stored);
}

py::dict field_report(const field::Report& report, const field::Ledger& sum) {
  py::dict d;
  d["quasi_steady"] = report.quasi_steady;
  d["substeps"] = report.substeps;
  d["cycles"] = report.cycles;
  d["relaxation_time"] = report.relaxation_time;
  d["error_estimate"] = report.error_estimate;
  d["undershoot"] = report.undershoot;
  for (const auto& [name, value] : {std::pair{"produced", sum.produced},
                                    {"decayed", sum.decayed},
                                    {"taken_up", sum.taken_up},
                                    {"exchanged", sum.exchanged},
                                    {"boundary", sum.boundary},
                                    {"change", sum.change},
                                    {"residual", sum.residual}})
    d[name] = value;
  return d;
}

py::dict events(Machine& engine) {
  const auto events = engine.take_events();
  std::vector<double> day;
  std::vector<std::uint32_t> agent, parent;
  std::vector<std::uint8_t> type, what, cause;
  for (const auto& event : events) {
    day.push_back(event.day);
    agent.push_back(event.agent);
    parent.push_back(event.parent);
    type.push_back(event.type);
    what.push_back(static_cast<std::uint8_t>(event.what));
    cause.push_back(event.cause);
  }
  py::dict d;
  d["day"] = copy(day);
  d["agent"] = copy(agent);
  d["parent"] = copy(parent);
  d["type"] = copy(type);
  d["what"] = copy(what);
  d["cause"] = copy(cause);
  return d;
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled engine of qsp_abm.";
  m.attr("version") = QSP_VERSION;
  m.attr("commit") = QSP_COMMIT;
  m.attr("compiler") = __VERSION__;
  py::register_exception_translator([](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const base::ModelError& error) {
      py::set_error(py::module_::import("qsp_abm.errors").attr("ModelError"), error.what());
    } catch (const base::SolverError& error) {
      py::set_error(py::module_::import("qsp_abm.errors").attr("SolverError"), error.what());
    }
  });
  m.def("registry", &registry,
        "Every verb with its sentence and its parameters: name to (unit, whether rules may change it).");
  m.def("mix", py::vectorize([](std::uint64_t a, std::uint64_t b) { return base::mix(a, b); }),
        "Hash of two 64-bit words.");
  m.def("place_key", py::vectorize([](std::uint64_t place) { return base::place_key(place); }), "Key of a place.");
  m.def(
      "draw",
      [](std::uint64_t seed, const Array<std::uint64_t>& keys, std::uint32_t step, const std::string& name,
         std::uint32_t number) {
        py::array_t<std::uint32_t> out({static_cast<py::ssize_t>(keys.size()), py::ssize_t{4}});
        auto* words = out.mutable_data();
        const auto kind = purpose(name);
        for (const auto key : view(keys)) {
          for (const auto word : base::draw(seed, key, step, kind, number)) *words++ = word;
        }
        return out;
      },
      py::arg("seed"), py::arg("keys"), py::arg("step"), py::arg("purpose"), py::arg("number"),
      "Four random words for each key (Philox4x32-10).");

  bind::field(m);
  bind::view(m);
  py::class_<Machine, std::shared_ptr<Machine>>(m, "Engine")
      .def(py::init(&make_engine), py::arg("specification"), py::arg("vessels"), py::arg("seed"), py::arg("threads"),
           py::arg("instructions") = "auto", py::arg("lineage") = true)
      .def("require_free", &Machine::require_free)
      .def("place",
           [](Machine& engine, const Array<std::uint8_t>& types, const Array<std::int64_t>& voxels,
              const Array<std::uint64_t>& keys) {
             engine.require_free();
             engine.place(view(types), view(voxels), view(keys));
           })
      .def("give",
           [](Machine& engine, std::uint8_t type, const Array<std::int64_t>& voxels) {
             engine.require_free();
             return engine.give(type, view(voxels));
           })
      .def("remove",
           [](Machine& engine, const Array<std::uint32_t>& ids) {
             engine.require_free();
             engine.remove(view(ids));
           })
      .def("set_trait",
           [](Machine& engine, const Array<std::uint32_t>& ids, int slot, const Array<float>& values) {
             engine.require_free();
             engine.set_trait(view(ids), slot, view(values));
           })
      .def("set_clearance", &Machine::set_clearance)
      .def("settle",
           [](Machine& engine) {
             const Machine::Running running(engine);
             const py::gil_scoped_release release;
             engine.settle();
           })
      .def("run",
           [](Machine& engine, std::int64_t steps, const Array<double>& body) {
             const auto rows = view(body);
             const Machine::Running running(engine);
             const py::gil_scoped_release release;
             engine.run(steps, rows);
           })
      .def("fate_rates",
           [](Machine& engine, const Array<double>& body) {
             const auto rates = engine.fate_rates(view(body));
             py::dict d;
             d["dies"] = copy(rates.dies);
             d["divides"] = copy(rates.divides);
             d["becomes_other"] = copy(rates.becomes_other);
             d["arrives"] = copy(rates.arrives);
             d["leaves"] = copy(rates.leaves);
             return d;
           })
      .def("check", &Machine::check)
      .def("columns", &columns)
      .def("field", &field_values, py::arg("field"), py::arg("stored") = false)
      .def("field_report",
           [](const Machine& engine, std::size_t field) {
             return field_report(engine.field_reports().at(field), engine.field_ledgers().at(field));
           })
      .def("counts", [](const Machine& engine) { return copy(engine.counts()); })
      .def("tally",
           [](const Machine& engine) {
             const auto& tally = engine.tally();
             py::array_t<std::int64_t> counts(
                 {static_cast<py::ssize_t>(tally.names().size()), static_cast<py::ssize_t>(tally.types())},
                 tally.counts().data());
             return py::make_tuple(tally.names(), counts);
           })
      .def("transit", [](const Machine& engine) { return copy(engine.transit()); })
      .def("events", &events)
      .def("state", &state)
      .def("restore", &restore)
      .def_property_readonly("step", &Machine::step_number)
      .def_property_readonly("sub_steps", &Machine::sub_steps)
      .def_property_readonly("vessels", [](const Machine& engine) { return copy(engine.vessels()); })
      .def("phase_seconds",
           [](const Machine& engine) {
             py::dict d;
             for (std::size_t k = 0; k < engine::Phases::phases; ++k)
               d[engine::Phases::names[k]] = engine.phases().seconds(k);
             return d;
           })
      .def("memory",
           [](const Machine& engine) {
             py::dict d;
             for (const auto& [part, bytes] : engine.memory()) d[part] = bytes;
             return d;
           })
      .def_property_readonly("instructions",
                             [](const Machine& engine) { return std::string(base::name(engine.instructions())); })
      .def_property_readonly("threads", [](const Machine& engine) { return engine.threads().count(); })
      .def_property_readonly("threads_used", [](const Machine& engine) { return engine.threads().used(); });
}
