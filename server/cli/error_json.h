// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace beach::server {

// Code, message, path and offset (null where there is none).
inline nlohmann::json ErrorJson(const Error& error) {
  nlohmann::json document = {
      {"code", ErrorCodeName(error.code())}, {"message", error.message()}, {"path", error.path()}};
  document["offset"] = nullptr;
  if (error.offset() != Error::kNoOffset) document["offset"] = error.offset();
  return document;
}

}  // namespace beach::server
