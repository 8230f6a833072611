// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace beach::oracle {

// What an oracle found wrong. `rule` is stable and holds no values, since failures are folded by
// it; `message` is one sentence: what was expected, and what was found.
struct Violation {
  std::string rule;
  std::string message;
};

// Nothing: the history is fine so far. After a violation the oracle must not be asked again.
using Judgement = std::optional<Violation>;

}  // namespace beach::oracle
