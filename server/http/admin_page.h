// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace beach::server {

// A file of the admin page (server/http/page/), which is a part of the program.
struct AdminFile {
  const char* path;
  const char* type;
  std::string_view text;
};

// Nothing: the page has no such file.
std::optional<AdminFile> FindAdminFile(std::string_view path);

}  // namespace beach::server
