#include "field/workspace.hpp"

namespace qsp::field {

void Workspace::clear(bool saturable, base::Threads& threads) {
  saturates_ = saturable;
  if (saturable) need(saturable_);
  const std::size_t stride = multigrid_.layout().stride;
  multigrid_.each_rows(threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const std::size_t at = multigrid_.row(static_cast<int>(r % geometry_.ny), static_cast<int>(r / geometry_.ny));
      for (float* array : {source_.data(), uptake_.data(), saturable ? saturable_.data() : nullptr})
        if (array != nullptr) std::fill_n(array + at, stride, 0.0f);
    }
  });
}

std::int64_t Workspace::bytes() const {
  std::size_t values = multigrid_.values();
  for (const auto* array : {&source_, &uptake_, &solution_, &saturable_, &right_side_, &before_tangent_, &reaction_,
                            &first_stage_, &filtered_, &start_})
    values += array->size();
  return static_cast<std::int64_t>(values * sizeof(float));
}

}  // namespace qsp::field
