// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace beach::sim::sweep {

// A named place of the sources, as tools/sites.py found it.
struct KnownSite {
  std::string_view kind;  // "sometimes", "buggify", "failpoint", "fault", "choice", "stream"
  std::string_view name;
  std::string_view file;
};

// All of the program's, ordered by kind and name. A sweep counts the hits of the sites named here,
// so that what was never reached is reported too. No library of the package BeachSim defines it:
// each program has a table of its own, of its sources and the framework's, which
// beach_sim_program() makes.
std::span<const KnownSite> KnownSites();

}  // namespace beach::sim::sweep
