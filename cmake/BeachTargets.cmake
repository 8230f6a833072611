# beach_library(engine SOURCES a.cc b.cc PARTS engine_wal DEPENDS base env) makes libbeach_engine.a. It
# holds the objects of its parts too, so that who links it needs no archive of theirs.
function(beach_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PARTS;DEPENDS;LIBRARIES" ${ARGN})
  add_library(beach_${name} STATIC ${ARG_SOURCES})
  target_include_directories(beach_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  foreach(part ${ARG_PARTS})
    target_sources(beach_${name} PRIVATE $<TARGET_OBJECTS:beach_${part}>)
    if(part MATCHES "^${name}_")  # its own: alone it is for tests, apart from what is for use
      set_target_properties(beach_${part} PROPERTIES
        ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/parts)
    endif()
  endforeach()
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(beach_${name} PUBLIC beach_${dependency})
  endforeach()
  target_link_libraries(beach_${name} PRIVATE ${ARG_LIBRARIES})
endfunction()

# Heavy headers of others, compiled once for all tests. GCC only: Clang's build, without, shows that
# every file includes what it uses.
function(beach_share_headers target)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  if(NOT TARGET beach_test_headers)
    file(WRITE ${CMAKE_BINARY_DIR}/test_headers.cc "")
    add_library(beach_test_headers OBJECT ${CMAKE_BINARY_DIR}/test_headers.cc)
    target_compile_definitions(beach_test_headers PRIVATE BEACH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(beach_test_headers PRIVATE rapidcheck GTest::gmock)
    target_precompile_headers(beach_test_headers PRIVATE
      <gtest/gtest.h> <gmock/gmock.h> <rapidcheck.h> <rapidcheck/gtest.h>
      <expected> <functional> <map> <memory> <string> <vector>)
  endif()
  target_precompile_headers(${target} REUSE_FROM beach_test_headers)
endfunction()

# The command-line library, compiled once for a target's files. GCC only, as above.
function(beach_precompile_command_line target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${target} PRIVATE <CLI/CLI.hpp> <fmt/format.h> <nlohmann/json.hpp>)
  endif()
endfunction()

# beach_test(engine_wal SOURCES a_test.cc DEPENDS engine) makes one test binary, one CTest entry.
function(beach_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(${name}_test PRIVATE beach_${dependency})
  endforeach()
  target_link_libraries(${name}_test PRIVATE ${ARG_LIBRARIES} rapidcheck GTest::gmock_main)
  target_compile_definitions(${name}_test PRIVATE BEACH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  beach_share_headers(${name}_test)
  set_target_properties(${name}_test PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  add_test(NAME ${name} COMMAND ${name}_test)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()
