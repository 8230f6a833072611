// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/current.h"

#include "sim/system_scope.h"

namespace beach::sim {
namespace memory {

constinit thread_local Owner* current_owner = nullptr;
constinit thread_local std::uint64_t stir = 0;

std::uint64_t Stirred() { return stir; }

Owner* Current() { return current_owner; }

Owner* Exchange(Owner* owner) {
  Owner* const former = current_owner;
  current_owner = owner;
  return former;
}

}  // namespace memory

SystemScope::SystemScope() : saved_(memory::Exchange(nullptr)) {}

SystemScope::~SystemScope() { memory::Exchange(static_cast<memory::Owner*>(saved_)); }

}  // namespace beach::sim
