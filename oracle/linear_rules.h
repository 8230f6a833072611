// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "oracle/history.h"

namespace beach::oracle {

struct RuleFound {
  std::string rule;
  std::string reason;                    // why the operation cannot be placed
  std::optional<std::size_t> operation;  // which, where the rule says so
};

// A name for what is wrong with operations that cannot be ordered, by index; the plainest that
// fits. Each is proof by itself, but the last, `not-linearizable`. `history` is all of it.
RuleFound FindRule(std::span<const ClientOperation> history, std::span<const std::size_t> culprits);

}  // namespace beach::oracle
