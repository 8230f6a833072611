# What `cmake --install` takes, in three CMake packages (cmake/README.md):
#   BeachBase  base, env, env_os: what a program is written against
#   BeachSim   the framework: simulation, oracles, artifacts, the command line of beachsim
#   BeachDB    the database: engine, beachdb, beachsim
# A package is a component too: cmake --install build/release --component BeachSim.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The root of `#include "base/error.h"`.
set(BEACH_INSTALL_HEADERS ${CMAKE_INSTALL_INCLUDEDIR}/beach)
set(BEACH_INSTALL_DATA ${CMAKE_INSTALL_DATADIR}/beach)
set(BEACH_INSTALL_CMAKE ${CMAKE_INSTALL_LIBDIR}/cmake)

# beach_install(engine PACKAGE BeachDB HEADERS db.h wal/format.h): libbeach_engine.a as Beach::engine,
# with those headers, relative to the folder that says so. One that is not named is not for use.
function(beach_install name)
  cmake_parse_arguments(ARG "" "PACKAGE" "HEADERS" ${ARGN})
  set_target_properties(beach_${name} PROPERTIES EXPORT_NAME ${name})
  if(BEACH_SANITIZE)  # who uses it has to be built so, too: memory and stacks are told to the sanitizer
    set(flag $<INSTALL_INTERFACE:-fsanitize=${BEACH_SANITIZE}>)
    target_compile_options(beach_${name} INTERFACE ${flag} $<INSTALL_INTERFACE:-fno-sanitize-recover=all>)
    target_link_options(beach_${name} INTERFACE ${flag})
  endif()
  install(TARGETS beach_${name} EXPORT ${ARG_PACKAGE}Targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${ARG_PACKAGE})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(header ${ARG_HEADERS})
    cmake_path(GET header PARENT_PATH below)
    install(FILES ${header} DESTINATION ${BEACH_INSTALL_HEADERS}/${folder}/${below}
      COMPONENT ${ARG_PACKAGE})
  endforeach()
endfunction()

# beach_install_package(BeachSim): its targets, config and version files. Compatible are versions of
# the same minor number, until there is a 1.0.
function(beach_install_package package)
  set(folder ${BEACH_INSTALL_CMAKE}/${package})
  configure_package_config_file(
    ${PROJECT_SOURCE_DIR}/cmake/packages/${package}Config.cmake.in
    ${CMAKE_BINARY_DIR}/packages/${package}Config.cmake
    INSTALL_DESTINATION ${folder}
    PATH_VARS BEACH_INSTALL_DATA)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/packages/${package}ConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES
    ${CMAKE_BINARY_DIR}/packages/${package}Config.cmake
    ${CMAKE_BINARY_DIR}/packages/${package}ConfigVersion.cmake
    DESTINATION ${folder} COMPONENT ${package})
  install(EXPORT ${package}Targets NAMESPACE Beach:: DESTINATION ${folder} COMPONENT ${package})
endfunction()

# After all targets are known.
function(beach_install_all)
  foreach(package BeachBase BeachSim BeachDB)
    beach_install_package(${package})
  endforeach()
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/packages/BeachSimProgram.cmake
    DESTINATION ${BEACH_INSTALL_CMAKE}/BeachSim COMPONENT BeachSim)
  install(FILES ${PROJECT_SOURCE_DIR}/tools/sites.py ${PROJECT_SOURCE_DIR}/sim/sweep/sites.cc
    ${PROJECT_SOURCE_DIR}/sim/gdb.py
    ${PROJECT_SOURCE_DIR}/tools/symbols.py ${PROJECT_SOURCE_DIR}/tools/symbols_allowed.txt
    ${PROJECT_SOURCE_DIR}/cmake/packages/seams_allowed.txt ${CMAKE_BINARY_DIR}/generated/framework_sites.inc
    DESTINATION ${BEACH_INSTALL_DATA} COMPONENT BeachSim)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
    DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT BeachBase)
  install(TARGETS beachdb beachsim
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT BeachDB)
endfunction()
