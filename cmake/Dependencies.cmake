# Every third-party package, under one name each. Debian 12's versions are the baseline.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(roaring REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
# Snowball's stemmers come without a CMake package or a pkg-config file.
find_path(libstemmer_INCLUDE_DIR libstemmer.h REQUIRED)
find_library(libstemmer_LIBRARY stemmer REQUIRED)
if(NOT TARGET stemmer::stemmer)
  add_library(stemmer::stemmer UNKNOWN IMPORTED)
  set_target_properties(stemmer::stemmer PROPERTIES
    IMPORTED_LOCATION ${libstemmer_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${libstemmer_INCLUDE_DIR})
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND NOT OpenMP_gomp_LIBRARY)
  # Debian's FAISS is linked with GCC's OpenMP, and both must agree on what a lock is: take GCC's header
  # and library, not LLVM's.
  execute_process(COMMAND gcc -print-file-name=include OUTPUT_VARIABLE gcc_include
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND gcc -print-file-name=libgomp.so OUTPUT_VARIABLE gcc_gomp
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  foreach(language C CXX)
    set(OpenMP_${language}_FLAGS "-idirafter ${gcc_include} -D__malloc__(x)=__malloc__")
    set(OpenMP_${language}_LIB_NAMES gomp)
  endforeach()
  set(OpenMP_gomp_LIBRARY ${gcc_gomp} CACHE FILEPATH "GCC's OpenMP library")
endif()
find_package(OpenMP REQUIRED)
find_package(faiss REQUIRED)
# FAISS brings both along; training multiplies with them itself.
find_package(LAPACK REQUIRED)
find_package(RocksDB REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)

if(SAGITTA_BUILD_SERVER)
  find_package(Protobuf REQUIRED)
  find_package(gRPC CONFIG REQUIRED)
  find_package(absl CONFIG REQUIRED)
  find_package(CLI11 CONFIG REQUIRED)
  find_package(tomlplusplus CONFIG REQUIRED)
  find_package(prometheus-cpp CONFIG REQUIRED)
  find_package(OpenSSL REQUIRED)
endif()
if(SAGITTA_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(SAGITTA_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
