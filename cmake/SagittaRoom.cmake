# Helpers with which every folder declares what it holds.

add_library(sagitta_flags INTERFACE)
# What designated initialisers leave out is meant to have its default.
target_compile_options(sagitta_flags INTERFACE -Wall -Wextra -Wpedantic -Wno-unused-parameter
                                               -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlaps in std::string concatenations where there are none (its bug 105651).
  target_compile_options(sagitta_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(sagitta_flags INTERFACE -Wthread-safety -Werror=thread-safety)
endif()
if(SAGITTA_SANITIZE)
  add_compile_options(-fsanitize=${SAGITTA_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SAGITTA_SANITIZE})
endif()

# sagitta_room(NAME SOURCES … DEPS …): static library sagitta_NAME of src/NAME.
function(sagitta_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(sagitta_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(sagitta_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src
                                                    ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(sagitta_${name} PUBLIC ${ROOM_DEPS} PRIVATE sagitta_flags ${ROOM_PRIVATE_DEPS})
endfunction()

# sagitta_test(NAME SOURCES … DEPS … [LABELS …] [TIMEOUT s]): a GoogleTest program, one ctest entry.
function(sagitta_test name)
  cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;DEPS;LABELS;ARGS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${TEST_DEPS} sagitta_flags GTest::gtest GTest::gmock
                                        GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} ${TEST_ARGS})
  if(NOT TEST_LABELS)
    set(TEST_LABELS unit)
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  if(SAGITTA_SANITIZE)
    math(EXPR TEST_TIMEOUT "8 * ${TEST_TIMEOUT}")  # ThreadSanitizer takes that many times as long
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABELS}" TIMEOUT ${TEST_TIMEOUT})
endfunction()
