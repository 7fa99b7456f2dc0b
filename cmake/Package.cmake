# What `cmake --install` puts in place: the shared library libsagitta with its headers, CMake package and
# pkg-config file, and the programs with their shell completion.
include(CMakePackageConfigHelpers)

if(TARGET sagitta_database)
  # The command-line tool of the same name is the target sagitta_tool.
  add_library(sagitta SHARED)
  add_library(sagitta::sagitta ALIAS sagitta)
  # Every object of the rooms, so that the whole public API is in it; their archives, linked as well, give nothing
  # more than what they depend on.
  foreach(room base kernels codec learn filter index store engine compactor database)
    if(TARGET sagitta_${room})
      target_sources(sagitta PRIVATE $<TARGET_OBJECTS:sagitta_${room}>)
      target_link_libraries(sagitta PRIVATE sagitta_${room})
    endif()
  endforeach()
  set_target_properties(sagitta PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(sagitta INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(sagitta INTERFACE cxx_std_20)
  # FAISS is linked in statically: its symbols stay inside, so that an application may use another FAISS.
  target_link_options(sagitta PRIVATE -Wl,--no-undefined -Wl,--exclude-libs,libfaiss.a)
  # Before 1.0 a new minor version may change the ABI.
  set_target_properties(sagitta PROPERTIES
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

  install(TARGETS sagitta EXPORT SagittaTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/sagitta
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library FILES_MATCHING PATTERN "*.h")
  set(sagitta_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Sagitta)
  install(EXPORT SagittaTargets NAMESPACE sagitta:: DESTINATION ${sagitta_cmake_dir} COMPONENT library)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/SagittaConfig.cmake.in
    ${PROJECT_BINARY_DIR}/SagittaConfig.cmake INSTALL_DESTINATION ${sagitta_cmake_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/SagittaConfigVersion.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/SagittaConfig.cmake
    ${PROJECT_BINARY_DIR}/SagittaConfigVersion.cmake
    DESTINATION ${sagitta_cmake_dir} COMPONENT library)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/sagitta.pc.in ${PROJECT_BINARY_DIR}/sagitta.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/sagitta.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
endif()

foreach(program sagittad sagitta_tool)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
  endif()
endforeach()
if(TARGET sagittad)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/proto/
    DESTINATION ${CMAKE_INSTALL_DATADIR}/sagitta/proto COMPONENT programs FILES_MATCHING PATTERN "*.proto")
endif()
if(TARGET sagitta_tool)
  # The tool prints its own completions, so that they never lag behind its options.
  set(completions ${PROJECT_BINARY_DIR}/completions)
  add_custom_command(
    OUTPUT ${completions}/sagitta ${completions}/_sagitta ${completions}/sagitta.fish
    COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}
    COMMAND sagitta_tool completion bash > ${completions}/sagitta
    COMMAND sagitta_tool completion zsh > ${completions}/_sagitta
    COMMAND sagitta_tool completion fish > ${completions}/sagitta.fish
    DEPENDS sagitta_tool
    VERBATIM)
  add_custom_target(completions ALL DEPENDS ${completions}/sagitta)
  install(FILES ${completions}/sagitta
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT programs)
  install(FILES ${completions}/_sagitta
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT programs)
  install(FILES ${completions}/sagitta.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT programs)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sagitta COMPONENT programs)
