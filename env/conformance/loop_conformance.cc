// SPDX-License-Identifier: Apache-2.0
#include "env/conformance/loop_conformance.h"

#include "env/conformance/loop_cases.h"

namespace beach::env::conformance {

void RegisterLoopConformance(const std::string& binding, FixtureMaker maker) {
  RegisterCases(binding + "Posts", PostCases(), maker);
  RegisterCases(binding + "Timers", TimerCases(), maker);
  RegisterCases(binding + "Listeners", ListenCases(), maker);
  RegisterCases(binding + "Connecting", ConnectCases(), maker);
  RegisterCases(binding + "Streams", StreamCases(), maker);
  RegisterCases(binding + "Closing", CloseCases(), maker);
  RegisterCases(binding + "Destroying", DestroyCases(), maker);
  RegisterCases(binding + "LoopWrites", LoopWriteCases(), maker);
  RegisterCases(binding + "TwoLoops", TwoLoopCases(), maker);
}

}  // namespace beach::env::conformance
