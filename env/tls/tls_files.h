// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "env/files.h"
#include "env/tls/tls_context.h"

namespace beach::env {

// Where the texts of TlsOptions are. An empty path: there is none.
struct TlsFiles {
  std::string certificate = {};
  std::string key = {};
  std::string authorities = {};
};

// `options` with what the files say. Blocks. What reading returns; and, that a setting may be at
// fault, kInvalidArgument as of TlsContext::New, with the path of each file.
Result<std::shared_ptr<const TlsContext>> ReadTlsContext(FileSystem& files, const TlsFiles& from,
                                                         TlsOptions options);

}  // namespace beach::env
