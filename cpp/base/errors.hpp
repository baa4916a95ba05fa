// The two kinds of failure that reach Python: the user's fault and the numerics' fault.
#pragma once

#include <stdexcept>

namespace qsp::base {

struct ModelError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

struct SolverError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace qsp::base

// A broken promise inside the engine; compiled in with -DQSP_CHECKS, absent from wheels.
#ifdef QSP_CHECKS
#include <string>
#define QSP_CHECK(condition)                                                                                    \
  do {                                                                                                          \
    if (!(condition))                                                                                           \
      throw std::logic_error(std::string(__FILE__) + ":" + std::to_string(__LINE__) + ": broken: " #condition); \
  } while (false)
#else
#define QSP_CHECK(condition) static_cast<void>(0)
#endif
