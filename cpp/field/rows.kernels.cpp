#include "field/rows.hpp"

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors never leave this file
#endif

namespace qsp::field::QSP_INSTRUCTIONS {
namespace {

#ifdef __GNUC__
using Lanes = float __attribute__((vector_size(sizeof(float) * lanes), aligned(alignof(float)), may_alias));

inline Lanes lower(Lanes a, Lanes b) { return b < a ? b : a; }
inline Lanes higher(Lanes a, Lanes b) { return b > a ? b : a; }
inline Lanes where_positive(Lanes condition, Lanes a) { return condition > 0.0f ? a : Lanes{}; }
inline Lanes where_above(Lanes condition, float limit, Lanes a) { return condition > limit ? a : Lanes{}; }
inline Lanes reciprocal(Lanes a) { return 1.0f / a; }
#else
struct Lanes {
  float v[lanes];
  float& operator[](int i) { return v[i]; }
  float operator[](int i) const { return v[i]; }
};
template <class F>
inline Lanes each(const F& f) {
  Lanes out;
  for (int i = 0; i < lanes; ++i) out.v[i] = f(i);
  return out;
}
inline Lanes operator+(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] + b.v[i]; });
}
inline Lanes operator-(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] - b.v[i]; });
}
inline Lanes operator*(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] * b.v[i]; });
}
inline Lanes operator+(const Lanes& a, float b) {
  return each([&](int i) { return a.v[i] + b; });
}
inline Lanes operator+(float a, const Lanes& b) { return b + a; }
inline Lanes operator*(const Lanes& a, float b) {
  return each([&](int i) { return a.v[i] * b; });
}
inline Lanes operator*(float a, const Lanes& b) { return b * a; }
inline Lanes& operator+=(Lanes& a, const Lanes& b) { return a = a + b; }
inline Lanes lower(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return b.v[i] < a.v[i] ? b.v[i] : a.v[i]; });
}
inline Lanes higher(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return b.v[i] > a.v[i] ? b.v[i] : a.v[i]; });
}
inline Lanes where_positive(const Lanes& condition, const Lanes& a) {
  return each([&](int i) { return condition.v[i] > 0.0f ? a.v[i] : 0.0f; });
}
inline Lanes where_above(const Lanes& condition, float limit, const Lanes& a) {
  return each([&](int i) { return condition.v[i] > limit ? a.v[i] : 0.0f; });
}
inline Lanes reciprocal(const Lanes& a) {
  return each([&](int i) { return 1.0f / a.v[i]; });
}
#endif

inline const Lanes& at(const float* p) { return *reinterpret_cast<const Lanes*>(p); }
inline Lanes& at(float* p) { return *reinterpret_cast<Lanes*>(p); }

inline float sum(const Lanes& a) { return ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7])); }

inline float lowest(const Lanes& a) {
  float low = a[0];
  for (int i = 1; i < lanes; ++i) low = a[i] < low ? a[i] : low;
  return low;
}

inline float highest(const Lanes& a) {
  float high = a[0];
  for (int i = 1; i < lanes; ++i) high = a[i] > high ? a[i] : high;
  return high;
}

constexpr float held = 1e-20f;  // times a day; the inverse diagonal of free voxels is far above

// Neighbours of the half row at u; the left one of the first voxel and the right one of the last are pads.
struct Around {
  const float *left, *right, *south, *north, *below, *above;
  Around(const Layout& layout, const float* u, bool odd) {
    const float* across = odd ? u - layout.half : u + layout.half;
    left = odd ? across : across - 1;
    right = left + 1;
    south = u - layout.stride;
    north = u + layout.stride;
    below = u - layout.plane;
    above = u + layout.plane;
  }
};

template <bool flat>
inline Lanes neighbours(const Around& a, int i) {
  const Lanes beside = (at(a.left + i) + at(a.right + i)) + (at(a.south + i) + at(a.north + i));
  if constexpr (flat)
    return beside;
  else
    return beside + (at(a.below + i) + at(a.above + i));
}

struct Local {  // couplings of one half row
  const float *left, *right;
  float south, north, below, above;
};

template <bool flat>
inline Lanes inflow(const Around& a, const Local& c, int i) {
  const Lanes beside = (at(c.left + i) * at(a.left + i) + at(c.right + i) * at(a.right + i)) +
                       (at(a.south + i) * c.south + at(a.north + i) * c.north);
  if constexpr (flat)
    return beside;
  else
    return beside + (at(a.below + i) * c.below + at(a.above + i) * c.above);
}

template <bool flat>
inline Lanes net_inflow(const Around& a, const Local& c, const Lanes& u, int i) {
  const Lanes beside = (at(c.left + i) * (at(a.left + i) - u) + at(c.right + i) * (at(a.right + i) - u)) +
                       ((at(a.south + i) - u) * c.south + (at(a.north + i) - u) * c.north);
  if constexpr (flat)
    return beside;
  else
    return beside + ((at(a.below + i) - u) * c.below + (at(a.above + i) - u) * c.above);
}

template <bool flat, bool measured>
void relax_uniform_rows(const Layout& layout, float* row, const float* right_side, const float* inverse, float coupling,
                        int rows, bool odd, float* sums) {
  const int n = layout.n;
  for (int r = 0; r < rows; ++r, odd = !odd) {
    const std::size_t offset = static_cast<std::size_t>(r) * layout.stride + (odd ? layout.half : 0);
    float* u = row + offset;
    const float *f = right_side + offset, *inv = inverse + offset;
    const Around around(layout, u, odd);
    Lanes changed{}, size{};
    for (int i = 0; i < n; i += lanes) {
      const Lanes now = (neighbours<flat>(around, i) * coupling + at(f + i)) * at(inv + i);
      if constexpr (measured) {
        const Lanes change = now - at(u + i);
        changed += change * change;
        size += now * now;
      }
      at(u + i) = now;
    }
    if constexpr (measured) {
      sums[2 * r] = sum(changed);
      sums[2 * r + 1] = sum(size);
    }
  }
}

void relax_uniform(const Layout& layout, float* u, const float* right_side, const float* inverse, float coupling,
                   int rows, bool odd, float* sums) {
  const bool flat = layout.plane == 0;
  if (sums != nullptr)
    (flat ? relax_uniform_rows<true, true> : relax_uniform_rows<false, true>)(layout, u, right_side, inverse, coupling,
                                                                              rows, odd, sums);
  else
    (flat ? relax_uniform_rows<true, false> : relax_uniform_rows<false, false>)(layout, u, right_side, inverse,
                                                                                coupling, rows, odd, sums);
}

template <bool flat, bool measured>
void relax_rows(const Layout& layout, float* row, const float* right_side, const float* inverse,
                const Coupling& coupling, int rows, bool odd, float* sums) {
  const int n = layout.n;
  for (int r = 0; r < rows; ++r, odd = !odd) {
    const std::size_t offset = static_cast<std::size_t>(r) * layout.stride + (odd ? layout.half : 0);
    float* u = row + offset;
    const float *f = right_side + offset, *inv = inverse + offset;
    const Around around(layout, u, odd);
    const Local local{coupling.left[odd], coupling.right[odd], coupling.south[r],
                      coupling.north[r],  coupling.below,      coupling.above};
    Lanes changed{}, size{};
    for (int i = 0; i < n; i += lanes) {
      const Lanes now = (inflow<flat>(around, local, i) + at(f + i)) * at(inv + i);
      if constexpr (measured) {
        const Lanes change = now - at(u + i);
        changed += change * change;
        size += now * now;
      }
      at(u + i) = now;
    }
    if constexpr (measured) {
      sums[2 * r] = sum(changed);
      sums[2 * r + 1] = sum(size);
    }
  }
}

void relax(const Layout& layout, float* u, const float* right_side, const float* inverse, const Coupling& coupling,
           int rows, bool odd, float* sums) {
  const bool flat = layout.plane == 0;
  if (sums != nullptr)
    (flat ? relax_rows<true, true> : relax_rows<false, true>)(layout, u, right_side, inverse, coupling, rows, odd,
                                                              sums);
  else
    (flat ? relax_rows<true, false> : relax_rows<false, false>)(layout, u, right_side, inverse, coupling, rows, odd,
                                                                sums);
}

void start(const Layout& layout, float* u, const float* right_side, const float* inverse, int rows, bool odd) {
  for (int r = 0; r < rows; ++r, odd = !odd) {
    const std::size_t offset = static_cast<std::size_t>(r) * layout.stride + (odd ? layout.half : 0);
    for (int i = 0; i < layout.n; i += lanes)
      at(u + offset + i) = at(right_side + offset + i) * at(inverse + offset + i);
  }
}

template <bool flat, bool first>
void add_residual_uniform(const Layout& layout, float* whole, const Child& child, float coupling, float constant,
                          const float* neighbours_along_x, const float* share) {
  const std::size_t offset = child.odd ? layout.half : 0;
  const float *u = child.u + offset, *f = child.right_side + offset, *k = child.reaction + offset;
  const Around around(layout, u, child.odd);
  const float more = child.neighbours, weight = child.weight;
  for (int i = 0; i < layout.n; i += lanes) {
    const Lanes here = at(u + i);
    const Lanes flow = (neighbours<flat>(around, i) - (at(neighbours_along_x + i) + more) * here) * coupling;
    const Lanes part = (at(share + i) * weight) * ((at(f + i) - (at(k + i) + constant) * here) + flow);
    if constexpr (first)
      at(whole + i) = part;
    else
      at(whole + i) += part;
  }
}

void residual_uniform(const Layout& layout, float* whole, const Child* children, int count, float coupling,
                      float constant, const float* const* neighbours_along_x, const Transfer& transfer) {
  const bool flat = layout.plane == 0;
  for (int c = 0; c < count; ++c) {
    const bool odd = children[c].odd;
    const auto add = c == 0 ? (flat ? add_residual_uniform<true, true> : add_residual_uniform<false, true>)
                            : (flat ? add_residual_uniform<true, false> : add_residual_uniform<false, false>);
    add(layout, whole, children[c], coupling, constant, neighbours_along_x[odd], transfer.share[odd]);
  }
}

template <bool flat, bool first>
void add_residual(const Layout& layout, float* whole, const Child& child, float constant, const Coupling& coupling,
                  const float* share) {
  const std::size_t offset = child.odd ? layout.half : 0;
  const float *u = child.u + offset, *f = child.right_side + offset, *k = child.reaction + offset;
  const Around around(layout, u, child.odd);
  const Local local{
      coupling.left[child.odd], coupling.right[child.odd], child.south, child.north, child.below, child.above};
  const float weight = child.weight;
  for (int i = 0; i < layout.n; i += lanes) {
    const Lanes here = at(u + i);
    const Lanes part = (at(share + i) * weight) *
                       ((at(f + i) - (at(k + i) + constant) * here) + net_inflow<flat>(around, local, here, i));
    if constexpr (first)
      at(whole + i) = part;
    else
      at(whole + i) += part;
  }
}

void residual(const Layout& layout, float* whole, const Child* children, int count, float constant,
              const Coupling& coupling, const Transfer& transfer) {
  const bool flat = layout.plane == 0;
  for (int c = 0; c < count; ++c) {
    const auto add = c == 0 ? (flat ? add_residual<true, true> : add_residual<false, true>)
                            : (flat ? add_residual<true, false> : add_residual<false, false>);
    add(layout, whole, children[c], constant, coupling, transfer.share[children[c].odd]);
  }
}

void divide(const float* __restrict whole, float* __restrict even, float* __restrict odd, int n) {
  for (int i = 0; i < n; ++i) {
    even[i] = whole[2 * i];
    odd[i] = whole[2 * i + 1];
  }
}

void spread(const Layout& coarse, const float* here, const float* there, float own, float other,
            float* __restrict whole, const Transfer& transfer, int n, float* even, float* odd) {
  const float *here_odd = here + coarse.half, *there_odd = there + coarse.half;
  whole += lanes;  // the pad before stays zero
  for (int i = 0; i < coarse.n; ++i) {
    whole[2 * i] = own * here[i] + other * there[i];
    whole[2 * i + 1] = own * here_odd[i] + other * there_odd[i];
  }
  for (int i = 0; i < n; i += lanes) {
    const Lanes middle = at(whole + i);
    at(even + i) = at(transfer.own[0] + i) * middle + at(transfer.other[0] + i) * at(whole + i - 1);
    at(odd + i) = at(transfer.own[1] + i) * middle + at(transfer.other[1] + i) * at(whole + i + 1);
  }
}

void correct(float* u, const float* here, const float* there, float own, float other, int n) {
  for (int i = 0; i < n; i += lanes) at(u + i) += at(here + i) * own + at(there + i) * other;
}

void correct_free(float* u, const float* here, const float* there, float own, float other, const float* inverse,
                  int n) {
  for (int i = 0; i < n; i += lanes)
    at(u + i) += where_above(at(inverse + i), held, at(here + i) * own + at(there + i) * other);
}

void invert(float* inverse, const float* reaction, float constant, const float* diagonal, float rest, int n) {
  for (int i = 0; i < n; i += lanes) {
    const Lanes whole = (at(reaction + i) + constant) + (at(diagonal + i) + rest);
    at(inverse + i) = where_positive(whole, reciprocal(whole));
  }
}

void average(float* numerator, float* denominator, const float* reaction, float constant, const float* inverse,
             const float* share, float weight, int n) {
  for (int i = 0; i < n; i += lanes) {
    const Lanes part = (at(share + i) * weight) * at(inverse + i);
    at(numerator + i) += part * (at(reaction + i) + constant);
    at(denominator + i) += part;
  }
}

void quotient(float* out, const float* numerator, const float* denominator, int n) {
  for (int i = 0; i < n; i += lanes)
    at(out + i) = where_positive(at(denominator + i), at(numerator + i) * reciprocal(at(denominator + i)));
}

void survey(const float* values, std::size_t n, float* out) {
  Lanes all{}, most{};
  for (std::size_t i = 0; i < n; i += lanes) {
    const Lanes here = at(values + i);
    all += here;
    most = higher(most, here);
  }
  out[0] = sum(all);
  out[1] = highest(most);
}

// The halves of a dense row, filled up with zeros, `lanes` voxels of each at a time.
struct Halves {
  Lanes even, odd;
};
inline Halves halves(const float* dense, int length, int i) {
  float even[lanes], odd[lanes];
  const float* from = dense + 2 * i;
  if (length >= 2 * (i + lanes)) {
    for (int lane = 0; lane < lanes; ++lane) {
      even[lane] = from[2 * lane];
      odd[lane] = from[2 * lane + 1];
    }
  } else {
    for (int lane = 0; lane < lanes; ++lane) {
      even[lane] = 2 * (i + lane) < length ? from[2 * lane] : 0.0f;
      odd[lane] = 2 * (i + lane) + 1 < length ? from[2 * lane + 1] : 0.0f;
    }
  }
  return {at(even), at(odd)};
}

void load(const Layout& layout, const float* dense, int length, float* u, const float* source, float storage,
          float* right_side, float* out) {
  Lanes all{}, squares{}, made{};
  for (int i = 0; i < layout.n; i += lanes) {
    const Halves here = halves(dense, length, i);
    const auto half = [&](std::size_t offset, const Lanes& value) {
      const Lanes from = at(source + offset);
      at(u + offset) = value;
      if (storage > 0.0f) at(right_side + offset) = from + value * storage;
      all += value;
      squares += value * value;
      made += from;
    };
    const auto offset = static_cast<std::size_t>(i);
    half(offset, here.even);
    half(offset + layout.half, here.odd);
  }
  out[0] = sum(all);
  out[1] = sum(squares);
  out[2] = sum(made);
}

void advance(const Layout& layout, const float* dense, int length, const float* u, const float* uptake, float onwards,
             float* right_side, float* first, float* out) {
  Lanes all{}, taken{};
  for (int i = 0; i < layout.n; i += lanes) {
    const Halves start = halves(dense, length, i);
    const auto half = [&](std::size_t offset, const Lanes& from) {
      const Lanes value = at(u + offset);
      at(right_side + offset) += (value - from) * onwards;
      at(first + offset) = value;
      all += value;
      taken += at(uptake + offset) * value;
    };
    const auto offset = static_cast<std::size_t>(i);
    half(offset, start.even);
    half(offset + layout.half, start.odd);
  }
  out[0] = sum(all);
  out[1] = sum(taken);
}

void judge(const Layout& layout, const float* dense, int length, const float* u, const float* uptake,
           const float* first, float per, float* difference, float* out) {
  Lanes errors{}, squares{}, all{}, taken{}, low = at(u), high = low;
  for (int i = 0; i < layout.n; i += lanes) {
    const Halves start = halves(dense, length, i);
    const auto half = [&](std::size_t offset, const Lanes& from) {
      const Lanes value = at(u + offset);
      const Lanes error = (value - from) - (at(first + offset) - from) * per;
      if (difference != nullptr) at(difference + offset) = error;
      errors += error * error;
      squares += value * value;
      all += value;
      taken += at(uptake + offset) * value;
      low = lower(low, value);
      high = higher(high, value);
    };
    const auto offset = static_cast<std::size_t>(i);
    half(offset, start.even);
    half(offset + layout.half, start.odd);
  }
  out[0] = sum(errors);
  out[1] = sum(squares);
  out[2] = sum(all);
  out[3] = sum(taken);
  out[4] = lowest(low);
  out[5] = highest(high);
}

void weigh(const Layout& layout, const float* u, const float* uptake, float* out) {
  Lanes squares{}, all{}, taken{}, low = at(u), high = low;
  for (int i = 0; i < layout.n; i += lanes) {
    const auto half = [&](std::size_t offset) {
      const Lanes value = at(u + offset);
      squares += value * value;
      all += value;
      taken += at(uptake + offset) * value;
      low = lower(low, value);
      high = higher(high, value);
    };
    half(static_cast<std::size_t>(i));
    half(static_cast<std::size_t>(i) + layout.half);
  }
  out[0] = sum(squares);
  out[1] = sum(all);
  out[2] = sum(taken);
  out[3] = lowest(low);
  out[4] = highest(high);
}

void saturation(const Layout& layout, const float* u, const float* saturable, float half_saturation, float* out) {
  Lanes rates{}, taken{};
  for (std::size_t offset : {std::size_t{0}, layout.half})
    for (int i = 0; i < layout.n; i += lanes) {
      const Lanes here = where_positive(at(u + offset + i), at(u + offset + i));
      const Lanes rate = at(saturable + offset + i) * reciprocal(here + half_saturation);
      rates += rate;
      taken += rate * here;
    }
  out[0] = sum(rates);
  out[1] = sum(taken);
}

void linearise(const Layout& layout, const float* u, const float* uptake, const float* saturable, const float* base,
               float half_saturation, float* reaction, float* right_side, float* out) {
  Lanes most{};
  for (std::size_t offset : {std::size_t{0}, layout.half})
    for (int i = 0; i < layout.n; i += lanes) {
      const std::size_t here = offset + static_cast<std::size_t>(i);
      const Lanes value = where_positive(at(u + here), at(u + here));
      const Lanes inverse = reciprocal(value + half_saturation);
      const Lanes full = value * inverse;
      const Lanes whole = at(uptake + here) + (at(saturable + here) * inverse) * (inverse * half_saturation);
      at(reaction + here) = whole;
      at(right_side + here) = at(base + here) - at(saturable + here) * (full * full);
      most = higher(most, whole);
    }
  out[0] = highest(most);
}

void store(const Layout& layout, const float* u, int length, float factor, float least, float* __restrict dense,
           float* out) {
  Lanes all{};
  const auto kept = [&](const float* p) {
    const Lanes value = at(p) * factor;
    return where_above(value * value, least * least, value);
  };
  for (int i = 0; i < layout.n; i += lanes) {
    const Lanes even = kept(u + i), odd = kept(u + layout.half + i);
    all += even + odd;
    float* to = dense + 2 * i;
    if (length >= 2 * (i + lanes)) {
      for (int lane = 0; lane < lanes; ++lane) {
        to[2 * lane] = even[lane];
        to[2 * lane + 1] = odd[lane];
      }
    } else {
      for (int lane = 0; lane < lanes; ++lane) {
        if (2 * (i + lane) < length) to[2 * lane] = even[lane];
        if (2 * (i + lane) + 1 < length) to[2 * lane + 1] = odd[lane];
      }
    }
  }
  out[0] = sum(all);
}

}  // namespace

extern const Rows rows{relax_uniform, relax,        start,  residual_uniform, residual,  divide, spread,
                       correct,       correct_free, invert, average,          quotient,  survey, load,
                       advance,       judge,        weigh,  saturation,       linearise, store};

}  // namespace qsp::field::QSP_INSTRUCTIONS
