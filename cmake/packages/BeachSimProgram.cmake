# beach_sim_program(queue_sim SOURCES queue_sim.cc [LIBRARIES queue] [SITES_IN folder...]): a program
# with all commands of beachsim, over the scenarios that its main hands to ScenarioMain
# (sim/cli/scenario_main.h).
#
# SITES_IN: the folders whose marks (env/marks.h) and draws its sweeps are to count, those that were
# never reached included; by default the one that calls this. A mark's name stands in one place only:
# a second one, and one that the framework has, stops the build.
function(beach_sim_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;SITES_IN" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_SOURCES)
    message(FATAL_ERROR "beach_sim_program(${name}): say SOURCES and files, not '${ARG_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT ARG_SITES_IN)
    set(ARG_SITES_IN .)
  endif()
  set(folders)
  foreach(folder ${ARG_SITES_IN})
    list(APPEND folders --folder ${folder})
  endforeach()

  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${name}_sites)
  set(table ${generated}/sim/sites.inc)
  add_custom_command(
    OUTPUT ${table}
    COMMAND Python3::Interpreter ${BeachSim_DATA}/sites.py --root ${CMAKE_CURRENT_SOURCE_DIR} ${folders}
            --with ${BeachSim_DATA}/framework_sites.inc --output ${table} --depfile ${table}.d
    DEPENDS ${BeachSim_DATA}/sites.py ${BeachSim_DATA}/framework_sites.inc
    DEPFILE ${table}.d
    COMMENT "Listing sites of ${name}"
    VERBATIM)

  add_executable(${name} ${ARG_SOURCES})
  # A library of its own: the table's include path is not the program's.
  add_library(${name}_sites OBJECT ${BeachSim_DATA}/sites.cc ${table})
  target_include_directories(${name}_sites PRIVATE ${generated})
  target_link_libraries(${name}_sites PRIVATE Beach::sim_sweep)
  target_link_libraries(${name} PRIVATE ${name}_sites ${ARG_LIBRARIES} Beach::sim_cli)
endfunction()

# beach_seams_test(queue [ALLOWED names.txt...]): tests that the static library `queue` reaches the outside
# world through the seams of env/ alone, judged by what the compiler made of it: `queue_seams` for what
# it takes from outside (a mutex, a clock, a file of the standard library), `queue_globals` for variables
# that would outlive a killed process. ALLOWED: lists of further names that it may take, one a line, with
# `*`; none of them may start a thread, read a clock, reach the disk or depend on addresses. Needs binutils.
# Not for builds with sanitizers, which bring names of their own.
function(beach_seams_test library)
  cmake_parse_arguments(ARG "" "" "ALLOWED" ${ARGN})
  set(lists ${BeachSim_DATA}/symbols_allowed.txt ${BeachSim_DATA}/seams_allowed.txt)
  foreach(list ${ARG_ALLOWED})
    cmake_path(ABSOLUTE_PATH list)
    list(APPEND lists ${list})
  endforeach()
  list(JOIN lists "," lists)
  set(symbols Python3::Interpreter ${BeachSim_DATA}/symbols.py)
  add_test(NAME ${library}_seams
    COMMAND ${symbols} undefined ${lists} $<TARGET_FILE:${library}> $<TARGET_FILE:Beach::base>)
  add_test(NAME ${library}_globals COMMAND ${symbols} globals $<TARGET_FILE:${library}>)
endfunction()
