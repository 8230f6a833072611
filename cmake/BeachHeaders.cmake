# Headers of others, compiled once for many targets. GCC only: Clang's build, without, shows that every
# file includes what it uses.

set(BEACH_HEADERS_library <algorithm> <cstdint> <expected> <functional> <map> <memory> <optional> <set>
    <string> <utility> <vector>)
set(BEACH_HEADERS_test <gtest/gtest.h> <gmock/gmock.h> <rapidcheck.h> <rapidcheck/gtest.h>
    ${BEACH_HEADERS_library})

set(BEACH_HEADERS_LIBRARIES_test rapidcheck GTest::gmock)

# beach_share_headers(beachdb library): the target starts from the set of that name.
function(beach_share_headers target set)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  set(holder beach_${set}_headers)
  if(NOT TARGET ${holder})
    set(source ${CMAKE_BINARY_DIR}/generated/${holder}.cc)
    if(NOT EXISTS ${source})
      file(WRITE ${source} "")
    endif()
    add_library(${holder} OBJECT ${source})
    target_link_libraries(${holder} PRIVATE ${BEACH_HEADERS_LIBRARIES_${set}})
    target_precompile_headers(${holder} PRIVATE ${BEACH_HEADERS_${set}})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${holder})
endfunction()
