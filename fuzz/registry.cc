// SPDX-License-Identifier: Apache-2.0
#include "fuzz/registry.h"

#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

constexpr const Target* kTargets[] = {
#define BEACH_FUZZ_TARGET(name) &name##_target,
#include "fuzz/targets.inc"
#undef BEACH_FUZZ_TARGET
};

}  // namespace

std::span<const Target* const> Targets() { return kTargets; }

const Target* FindTarget(std::string_view name) {
  for (const Target* target : kTargets) {
    if (target->name == name) return target;
  }
  return nullptr;
}

}  // namespace beach::fuzz
