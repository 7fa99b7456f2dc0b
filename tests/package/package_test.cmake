# Run by ctest; see CMakeLists.txt for what is passed in.
set(prefix ${WORK_DIR}/prefix)
file(REMOVE_RECURSE ${WORK_DIR})
file(MAKE_DIRECTORY ${WORK_DIR})

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE code WORKING_DIRECTORY ${WORK_DIR})
  if(NOT code EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "exit code ${code}: ${command}")
  endif()
endfunction()

set(flags "")
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix} --component library)

# By find_package.
# The generator that is there: a fresh machine has no make.
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${CONSUMER_DIR} -B ${WORK_DIR}/consumer
  -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${flags}
  -DEXAMPLE=${EXAMPLE} -DSAGITTA_VERSION=${VERSION})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/consumer)
run(${WORK_DIR}/consumer/consumer ${WORK_DIR}/data-cmake)

# By pkg-config, from another place than the prefix that was configured.
set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
execute_process(COMMAND pkg-config --define-variable=prefix=${prefix} --cflags --libs sagitta
  OUTPUT_VARIABLE options OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "pkg-config does not know sagitta")
endif()
separate_arguments(options UNIX_COMMAND "${options}")
run(${CXX} -std=c++20 ${flags} ${EXAMPLE} ${options} -Wl,-rpath,${prefix}/${LIBDIR}
    -o ${WORK_DIR}/by-pkg-config)
run(${WORK_DIR}/by-pkg-config ${WORK_DIR}/data-pkg-config)
