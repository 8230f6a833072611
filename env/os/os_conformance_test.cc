// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>

#include "env/conformance/clock_conformance.h"
#include "env/conformance/files_conformance.h"
#include "env/conformance/loop_conformance.h"
#include "env/conformance/threads_conformance.h"
#include "env/os/test_fixture.h"

namespace beach::env {
namespace {

conformance::FixtureMaker Maker(AsyncWrites async_writes) {
  return [async_writes] { return std::make_unique<OsFixture>(async_writes); };
}

[[maybe_unused]] const bool registered = [] {
  conformance::RegisterFileConformance("LinuxRing", Maker(AsyncWrites::kRing));
  conformance::RegisterFileConformance("LinuxWorkers", Maker(AsyncWrites::kThreads));
  conformance::RegisterLoopConformance("LinuxRing", Maker(AsyncWrites::kRing));
  conformance::RegisterLoopConformance("LinuxWorkers", Maker(AsyncWrites::kThreads));
  conformance::RegisterClockConformance("Linux", Maker(AsyncWrites::kThreads));
  conformance::RegisterThreadConformance("Linux", Maker(AsyncWrites::kThreads));
  return true;
}();

}  // namespace
}  // namespace beach::env
