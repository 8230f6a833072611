// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace beach::crash {

// A new folder to work in, which goes with the object unless it is kept.
class Workspace {
 public:
  // In the folder that is named, which is made where it is not there; empty: where temporary files
  // go.
  static Result<Workspace> Make(const std::string& parent);
  ~Workspace();
  Workspace(Workspace&& other) noexcept;
  Workspace& operator=(Workspace&&) = delete;

  const std::string& path() const { return path_; }
  void Keep() { goes_ = false; }

 private:
  explicit Workspace(std::string path) : path_(std::move(path)) {}

  std::string path_;
  bool goes_ = true;
};

// Of this very process.
Result<std::string> OwnProgram();

Result<std::string> ReadFile(const std::string& path);
// Makes the folder too.
Status WriteFile(const std::string& path, const std::string& content);

}  // namespace beach::crash
