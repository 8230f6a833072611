// SPDX-License-Identifier: Apache-2.0
#include "env/conformance/files_conformance.h"

#include "env/conformance/file_cases.h"

namespace beach::env::conformance {

void RegisterFileConformance(const std::string& binding, FixtureMaker maker) {
  RegisterCases(binding + "Files", ContentCases(), maker);
  RegisterCases(binding + "Names", NameCases(), maker);
  RegisterCases(binding + "DirectFiles", DirectCases(), maker);
  RegisterCases(binding + "AsyncWrites", AsyncCases(), maker);
}

}  // namespace beach::env::conformance
