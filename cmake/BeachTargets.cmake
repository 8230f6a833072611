# beach_library(engine SOURCES a.cc b.cc PARTS engine_wal DEPENDS base env) makes libbeach_engine.a. It
# holds the objects of its parts too, so that who links it needs no archive of theirs. HEADERS names the
# set that its files start from (BeachHeaders.cmake).
function(beach_library name)
  cmake_parse_arguments(ARG "" "HEADERS" "SOURCES;PARTS;DEPENDS;LIBRARIES" ${ARGN})
  add_library(beach_${name} STATIC ${ARG_SOURCES})
  target_include_directories(beach_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${BEACH_INSTALL_HEADERS}>)
  target_compile_features(beach_${name} PUBLIC cxx_std_23)
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
  if(BEACH_PREEMPT AND BEACH_WATCHED)
    target_compile_options(beach_${name} PRIVATE ${BEACH_PREEMPT_FLAGS})
    return()
  endif()
  if(NOT ARG_HEADERS)
    set(ARG_HEADERS library)
  endif()
  beach_share_headers(beach_${name} ${ARG_HEADERS})
endfunction()

# beach_test(engine_wal SOURCES a_test.cc DEPENDS engine) makes one test binary, one CTest entry. PREEMPT:
# in the preemption build too, where there are no others.
function(beach_test name)
  cmake_parse_arguments(ARG "PREEMPT" "TIMEOUT" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  if(BEACH_PREEMPT AND NOT ARG_PREEMPT)
    return()
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(${name}_test PRIVATE beach_${dependency})
  endforeach()
  target_link_libraries(${name}_test PRIVATE ${ARG_LIBRARIES} rapidcheck GTest::gmock_main)
  target_compile_definitions(${name}_test PRIVATE BEACH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  beach_share_headers(${name}_test test)
  set_target_properties(${name}_test PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  add_test(NAME ${name} COMMAND ${name}_test)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()
