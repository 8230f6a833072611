# The preemption build (docs/preemption.md): the code under test is compiled with ThreadSanitizer's
# instrumentation and linked with a runtime of ours, in which each access is a possible switch.
option(BEACH_PREEMPT "Build the simulator alone, with the code under test preemptible at each access" OFF)

# Libraries of folders that set BEACH_WATCHED are compiled with these. Strings are instantiated in our
# objects, since those of libstdc++ tell of no access; stacks are read off frame pointers, not noted.
set(BEACH_PREEMPT_FLAGS -fsanitize=thread -D_GLIBCXX_EXTERN_TEMPLATE=0)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC expands copies of known sizes where it has instrumented already; fences are known to our runtime.
  list(APPEND BEACH_PREEMPT_FLAGS -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset -Wno-tsan -fno-gnu-unique
    --param=tsan-instrument-func-entry-exit=0 --param=tsan-distinguish-volatile=0)
else()
  list(APPEND BEACH_PREEMPT_FLAGS "SHELL:-mllvm -tsan-instrument-func-entry-exit=0")
endif()

# beach_own_code(engine): libbeach_engine.a, watched, gets inline functions and a base of its own
# (sim/preempt/own_code.py). Does nothing in other builds.
function(beach_own_code name)
  if(NOT BEACH_PREEMPT)
    return()
  endif()
  set(script ${PROJECT_SOURCE_DIR}/sim/preempt/own_code.py)
  # Of binutils, whatever the compiler brings: LLVM's linker merges no groups.
  find_program(BEACH_LD ld.bfd REQUIRED)
  foreach(tool objcopy nm ar)
    string(TOUPPER BEACH_${tool} variable)
    find_program(${variable} NAMES x86_64-linux-gnu-${tool} ${tool} REQUIRED)
  endforeach()
  add_custom_command(TARGET beach_${name} POST_BUILD
    COMMAND Python3::Interpreter ${script} --ld ${BEACH_LD} --objcopy ${BEACH_OBJCOPY} --nm ${BEACH_NM}
            --ar ${BEACH_AR} $<TARGET_FILE:beach_${name}> $<TARGET_FILE:beach_base_watched>
    VERBATIM)
  add_dependencies(beach_${name} beach_base_watched)
  target_link_libraries(beach_${name} PUBLIC beach_sim_preempt_runtime)
endfunction()
