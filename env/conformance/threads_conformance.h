// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "env/conformance/fixture.h"

namespace beach::env::conformance {

// What env/threads.h promises, under whatever world Run's body is in: suite `<binding>Threads`.
void RegisterThreadConformance(const std::string& binding, FixtureMaker maker);

}  // namespace beach::env::conformance
