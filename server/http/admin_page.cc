// SPDX-License-Identifier: Apache-2.0
#include "server/http/admin_page.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace beach::server {
namespace {

#include "server/http/page.inc"

// Arrays of the page have no zero at their end.
template <std::size_t size>
constexpr std::string_view TextOf(const char (&bytes)[size]) {
  return {bytes, size};
}

constexpr std::array kFiles = std::to_array<AdminFile>({
    {"/", "text/html; charset=utf-8", TextOf(k_index_html)},
    {"/admin.js", "text/javascript; charset=utf-8", TextOf(k_admin_js)},
    {"/admin.css", "text/css; charset=utf-8", TextOf(k_admin_css)},
});

}  // namespace

std::optional<AdminFile> FindAdminFile(std::string_view path) {
  const auto found = std::ranges::find(kFiles, path, &AdminFile::path);
  if (found == kFiles.end()) return std::nullopt;
  return *found;
}

}  // namespace beach::server
