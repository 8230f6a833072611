# One set of flags for all of our code, per preset: shared inline functions would otherwise be taken
# from whichever side the linker meets first. No link-time optimization, no -march.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

set(BEACH_OPTIMIZATION 2 CACHE STRING "Level of the Release build: others are for comparing runs")
set(CMAKE_CXX_FLAGS_RELEASE "-O${BEACH_OPTIMIZATION} -g1")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O0 -g1")  # under sanitizers: half the time to build, enough to run
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

option(BEACH_FUZZ "Make the libFuzzer binaries; needs Clang and its fuzzer-no-link sanitizer" OFF)
if(BEACH_FUZZ)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1")  # as fast as -O2 here, and quicker to build
endif()

option(BEACH_WARNINGS_ARE_ERRORS "Stop the build at a warning" OFF)
set(BEACH_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough
  -ffp-contract=off
  # Whole stacks, equal for every preset: a finding's signature is made of their frames.
  -fno-omit-frame-pointer -fno-optimize-sibling-calls
  # Paths in messages and debug data are relative to the source tree, wherever it lies.
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
  # And not to the folder of the build, which is none of their places.
  -fdebug-prefix-map=${CMAKE_BINARY_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlapping, uninitialized or too short data in std::string and std::expected that is neither.
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-array-bounds
                      -Wno-stringop-overflow)
endif()
if(BEACH_WARNINGS_ARE_ERRORS)
  add_compile_options(-Werror)
endif()
if(BEACH_SANITIZE)
  add_compile_options(-fsanitize=${BEACH_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BEACH_SANITIZE})
endif()
# What scripts/coverage.py builds with Clang. The counters lie in a shared mapping of the profile (%c, and addresses
# that may move), so that those of forked workers and of processes that are killed count as well; one profile for
# each program (%m). `branches` counts some regions only by the difference of others, which is wrong where a call
# does not return (a simulated thread that is killed) or does so twice (fork); `lines` marks each region by itself.
set(BEACH_COVERAGE "" CACHE STRING "`lines` or `branches`: what ran of the sources is written to BUILD/profiles")
if(BEACH_COVERAGE)
  set(BEACH_PROFILES ${CMAKE_BINARY_DIR}/profiles)
  set(BEACH_COVERAGE_FLAGS -fprofile-instr-generate=${BEACH_PROFILES}/%c%m.profraw -fcoverage-mapping
    "SHELL:-mllvm -runtime-counter-relocation")
  if(BEACH_COVERAGE STREQUAL "lines")
    list(APPEND BEACH_COVERAGE_FLAGS "SHELL:-mllvm -enable-single-byte-coverage")
  else()
    list(APPEND BEACH_COVERAGE_FLAGS -fprofile-update=atomic)
  endif()
  add_compile_options(${BEACH_COVERAGE_FLAGS})
  add_link_options(-fprofile-instr-generate)
endif()
if(BEACH_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ccache)
endif()
