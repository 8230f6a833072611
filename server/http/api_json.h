// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/http/node_facts.h"

namespace beach::server {

struct ApiDocument {
  const char* path;
  const char* help;
  std::string (*render)(const NodeFacts& facts);  // one JSON document
};

// All that there are.
std::span<const ApiDocument> ApiDocuments();
// The table of docs/metrics.md.
std::string ApiPage();

// In quotes. What is not ASCII stays as it is where it is UTF-8, and is U+FFFD where it is not.
std::string JsonText(std::string_view text);

}  // namespace beach::server
