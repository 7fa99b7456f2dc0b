// Arrays in NumPy's .npy files (format 1.0, C order), as maps of the files. Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sagitta::bench {

// rows × columns of T, row-major; a one-dimensional array has one column. The file stays mapped
// until the object goes.
class NpyFile {
 public:
  // Ends the program with a message when `path` is not such a file, or its element type is not
  // `descr` as NumPy spells it ("<f4", "<i8").
  NpyFile(const std::string& path, const std::string& descr);
  ~NpyFile();
  NpyFile(const NpyFile&) = delete;
  NpyFile& operator=(const NpyFile&) = delete;

  size_t rows() const { return rows_; }
  size_t columns() const { return columns_; }
  // REQUIRES: T is the element type that the file was opened with.
  template <typename T>
  const T* row(size_t i) const {
    return reinterpret_cast<const T*>(values_) + i * columns_;
  }

 private:
  void ReadHeader(const std::string& path, const std::string& descr);

  void* map_ = nullptr;
  size_t bytes_ = 0;
  const uint8_t* values_ = nullptr;
  size_t rows_ = 0;
  size_t columns_ = 1;
};

}  // namespace sagitta::bench
