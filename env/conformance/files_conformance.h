// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "env/conformance/fixture.h"

namespace beach::env::conformance {

// Everything env/files.h promises while nothing crashes and no fault is injected: suites
// `<binding>Files`, `<binding>Names`, `<binding>DirectFiles` and `<binding>AsyncWrites`. Direct
// cases are skipped where Open answers kUnsupported.
void RegisterFileConformance(const std::string& binding, FixtureMaker maker);

}  // namespace beach::env::conformance
