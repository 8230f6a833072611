// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/error.h"

namespace beach::bench {

// A folder of our own in one that was named, which is made too where it is not there. Removed with
// all that is in it.
class Folder {
 public:
  static Result<std::unique_ptr<Folder>> Make(const std::string& parent);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace beach::bench
