// Memory for large arrays: aligned for vectors and, from 2 MB on, laid on pages of 2 MB where the system has them,
// since scattered access through pages of 4 KB costs two to three times as much.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace qsp::base {

// Says that what stands there will be read soon.
inline void prefetch([[maybe_unused]] const void* address) {
#ifdef __GNUC__
  __builtin_prefetch(address);
#endif
}

inline constexpr std::size_t huge_page = std::size_t{1} << 21;

template <class T>
struct Pages {
  using value_type = T;
  Pages() = default;
  template <class Other>
  Pages(const Pages<Other>&) noexcept {}

  [[nodiscard]] static constexpr std::align_val_t alignment(std::size_t bytes) {
    return std::align_val_t{bytes < huge_page ? std::size_t{64} : huge_page};
  }
  [[nodiscard]] T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    void* memory = ::operator new(bytes, alignment(bytes));
#ifdef __linux__
    if (bytes >= huge_page) madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: without it all works, only slower
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) noexcept { ::operator delete(memory, alignment(count * sizeof(T))); }
  template <class Other>
  bool operator==(const Pages<Other>&) const noexcept {
    return true;
  }
};

template <class T>
using Array = std::vector<T, Pages<T>>;

}  // namespace qsp::base
