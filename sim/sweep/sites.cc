// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/sites.h"

#include <array>

namespace beach::sim::sweep {
namespace {

constexpr KnownSite kSites[] = {
#define BEACH_SITE(kind, name, file) {kind, name, file},
#include "sim/sites.inc"
#undef BEACH_SITE
    {"", "", ""},  // an array is never empty
};

}  // namespace

std::span<const KnownSite> KnownSites() { return std::span(kSites).first(std::size(kSites) - 1); }

}  // namespace beach::sim::sweep
