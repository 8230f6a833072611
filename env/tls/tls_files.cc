// SPDX-License-Identifier: Apache-2.0
#include "env/tls/tls_files.h"

#include <cstdint>
#include <utility>

#include "env/small_file.h"

namespace beach::env {
namespace {

// A machine's whole list of authorities has less.
constexpr std::uint64_t kFileMaxBytes = std::uint64_t{4} << 20;

Result<Bytes> Text(FileSystem& files, const std::string& path) {
  if (path.empty()) return Bytes();
  BEACH_TRY_ASSIGN(Bytes text, ReadSmallFile(files, path, kFileMaxBytes));
  if (text.empty()) return Fail(ErrorCode::kInvalidArgument, path + " is empty");
  return text;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> ReadTlsContext(FileSystem& files, const TlsFiles& from,
                                                         TlsOptions options) {
  BEACH_TRY_ASSIGN(options.certificate, Text(files, from.certificate));
  BEACH_TRY_ASSIGN(options.key, Text(files, from.key));
  BEACH_TRY_ASSIGN(options.authorities, Text(files, from.authorities));
  auto made = TlsContext::New(options);
  if (made) return made;
  std::string where;
  for (const std::string* path : {&from.certificate, &from.key, &from.authorities}) {
    if (!path->empty()) where += (where.empty() ? "" : ", ") + *path;
  }
  return Fail(ErrorCode::kInvalidArgument, made.error().message() + " (" + where + ")");
}

}  // namespace beach::env
