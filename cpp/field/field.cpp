#include "field/field.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

#include "base/errors.hpp"
#include "field/step.hpp"

namespace qsp::field {

namespace {

void require(bool holds, const Description& description, const char* what, double value, const char* allowed) {
  if (holds) return;
  std::ostringstream text;
  text << "field '" << description.name << "': " << what << " is " << value << "; it must be " << allowed;
  throw base::ModelError(text.str());
}

}  // namespace

Field::Field(const Geometry& geometry, Description description, std::shared_ptr<Workspace> workspace)
    : geometry_(geometry), description_(std::move(description)), workspace_(std::move(workspace)) {
  const Description& d = description_;
  require(std::isfinite(d.diffusion) && d.diffusion >= 0.0, d, "diffusion", d.diffusion, "zero or positive");
  require(std::isfinite(d.decay) && d.decay >= 0.0, d, "decay", d.decay, "zero or positive");
  require(std::isfinite(d.scale) && d.scale > 0.0, d, "scale", d.scale, "positive");
  require(std::isfinite(d.initial) && d.initial >= 0.0, d, "initial", d.initial, "zero or positive");
  require(std::isfinite(d.half_saturation) && d.half_saturation >= 0.0, d, "half_saturation", d.half_saturation,
          "zero or positive");
  require(d.significant >= 0.0, d, "significant", d.significant, "zero or positive");
  require(d.step_tolerance > 0.0, d, "step_tolerance", d.step_tolerance, "positive");
  require(d.solve_tolerance > 0.0, d, "solve_tolerance", d.solve_tolerance, "positive");
  require(d.stage_tolerance > 0.0, d, "stage_tolerance", d.stage_tolerance, "positive");
  for (const Face& face : d.faces)
    require(std::isfinite(face.value) && face.value >= 0.0, d, "the value at a face", face.value, "zero or positive");
  require(geometry.nx > 0 && geometry.ny > 0 && geometry.nz > 0, d, "the number of voxels",
          static_cast<double>(geometry.size()), "positive along every side");
  require(std::isfinite(geometry.spacing) && geometry.spacing > 0.0, d, "the spacing", geometry.spacing, "positive");
  if (workspace_ == nullptr) workspace_ = std::make_shared<Workspace>(geometry);
  const Geometry& shared = workspace_->geometry();
  if (shared.nx != geometry.nx || shared.ny != geometry.ny || shared.nz != geometry.nz ||
      shared.spacing != geometry.spacing)
    throw base::ModelError("field '" + d.name + "': the shared workspace belongs to another lattice");
  const auto size = static_cast<std::size_t>(geometry.size());
  values_.assign(size, static_cast<float>(d.initial / d.scale));
}

void Field::require_inside(std::span<const std::int64_t> voxels, const char* what) const {
  for (const std::int64_t voxel : voxels)
    require(voxel >= 0 && voxel < geometry_.size(), description_, what, static_cast<double>(voxel),
            "inside the lattice");
}

void Field::set_exchange(std::span<const std::int64_t> voxels, double rate, double value) {
  require(std::isfinite(rate) && rate >= 0.0, description_, "the rate of exchange", rate, "zero or positive");
  require(std::isfinite(value) && value >= 0.0, description_, "the value of exchange", value, "zero or positive");
  require_inside(voxels, "a voxel of exchange");
  exchange_ = {voxels, rate, value};
}

void Field::set_fixed(std::span<const std::int64_t> voxels, double value) {
  require(std::isfinite(value) && value >= 0.0, description_, "the value of fixed voxels", value, "zero or positive");
  require_inside(voxels, "a fixed voxel");
  std::vector<std::int64_t> sorted(voxels.begin(), voxels.end());
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    require(false, description_, "a fixed voxel", static_cast<double>(*twice), "named only once");
  held_ = {voxels, value};
  for (const std::int64_t voxel : voxels)
    values_[static_cast<std::size_t>(voxel)] = static_cast<float>(value / description_.scale);
}

Report Field::step(double dt, base::Threads& threads) {
  require(std::isfinite(dt) && dt > 0.0, description_, "the step", dt, "positive");
  return Step(*this, dt, threads).run();
}

void Field::values(std::span<float> out) const {
  const auto scale = static_cast<float>(description_.scale);
  for (std::size_t i = 0; i < values_.size(); ++i) out[i] = values_[i] > 0.0f ? values_[i] * scale : 0.0f;
}

void Field::restore(std::span<const float> stored) {
  if (stored.size() != values_.size())
    throw base::ModelError("field '" + description_.name + "': a state of " + std::to_string(stored.size()) +
                           " voxels does not fit a lattice of " + std::to_string(values_.size()));
  std::copy(stored.begin(), stored.end(), values_.begin());
}

std::array<double, 3> Field::gradient(std::int64_t voxel) const {
  const auto position = geometry_.position(voxel);
  const std::array<int, 3> shape{geometry_.nx, geometry_.ny, geometry_.nz};
  const std::array<std::int64_t, 3> stride{1, geometry_.nx, std::int64_t{geometry_.nx} * geometry_.ny};
  const double here = at(voxel);
  std::array<double, 3> result{};
  for (std::size_t d = 0; d < 3; ++d) {
    if (d == 2 && geometry_.is_2d()) continue;
    double low = here, high = here, distance = 0.0;  // in voxels
    const auto look = [&](bool inside, std::int64_t neighbour, const Face& face, double& value) {
      if (inside) {
        value = at(neighbour);
        distance += 1.0;
      } else if (face.kind == Boundary::fixed) {
        value = face.value;
        distance += 0.5;
      }
    };
    look(position[d] > 0, voxel - stride[d], description_.faces[2 * d], low);
    look(position[d] + 1 < shape[d], voxel + stride[d], description_.faces[2 * d + 1], high);
    if (distance > 0.0) result[d] = (high - low) / (distance * geometry_.spacing);
  }
  return result;
}

}  // namespace qsp::field
