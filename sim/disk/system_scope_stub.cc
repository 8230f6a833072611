// SPDX-License-Identifier: Apache-2.0

// For tests that have one owner of memory.
#include "sim/system_scope.h"

namespace beach::sim {

SystemScope::SystemScope() : saved_(nullptr) {}
SystemScope::~SystemScope() { static_cast<void>(saved_); }

}  // namespace beach::sim
