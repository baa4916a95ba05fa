// What a verb file declares about itself: the registry that Python shows and tests.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

namespace qsp::process {

struct Parameter {
  std::string_view name, unit;
  bool behaviour;  // rules may change it
};

struct Declaration {
  std::string_view verb, sentence;
  std::vector<Parameter> parameters;
};

}  // namespace qsp::process
