// SPDX-License-Identifier: Apache-2.0
#include "server/cli/cas_answer.h"

#include <fmt/format.h>

namespace beach::server {

ExitCode TellOfCas(OutputForm form, bool done, const std::optional<Bytes>& instead) {
  if (form == OutputForm::kJson) {
    nlohmann::json document = {{"ok", done}};
    if (instead) {
      SetBytes(document, "value", *instead);
    } else if (!done) {
      document["value"] = nullptr;
    }
    fmt::print("{}", JsonLine(document));
  } else if (instead) {
    fmt::print("{}\n", ShownValue(*instead, form));
  }
  if (done) return ExitCode::kFine;
  fmt::print(stderr, "beachdb: nothing was done: {}\n",
             instead ? "another value is there" : "no such key");
  return ExitCode::kFound;
}

}  // namespace beach::server
