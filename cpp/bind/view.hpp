// Looking at the memory of an engine from Python without a copy, so that nothing dangles: while a view, or an array
// made from one, is alive, the engine refuses to change, and it lives as long as they do.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "engine/engine.hpp"

namespace qsp::bind {

// An engine that knows whether somebody looks at it. All of this happens under the GIL.
class Machine : public engine::Engine {
 public:
  using Engine::Engine;

  // Throws ModelError while there are views, or while another thread runs the engine. Whoever changes the engine
  // calls this first. Views in dead reference cycles are collected.
  void require_free() const;

  // While it lives the engine runs without the GIL.
  class Running {
   public:
    explicit Running(Machine& machine) : machine_(machine) {
      machine.require_free();
      machine.running_ = true;
    }
    ~Running() { machine_.running_ = false; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Machine& machine_;
  };

 private:
  friend class View;
  bool running_ = false;
  std::shared_ptr<const int> looked_at_ = std::make_shared<const int>(0);  // every view holds a reference
};

void view(pybind11::module_& module);

}  // namespace qsp::bind
