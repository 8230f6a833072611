// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/page.h"

#include <string_view>

#include "sim/timeline/page.inc"

namespace beach::sim::timeline {

std::string MakePage(const Subject& subject, const Seen& seen) {
  std::string page(std::string_view(kPageBefore, sizeof kPageBefore));
  page += PageData(subject, seen);
  page += std::string_view(kPageAfter, sizeof kPageAfter);
  return page;
}

}  // namespace beach::sim::timeline
