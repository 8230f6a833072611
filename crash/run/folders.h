// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace beach::crash {

// A folder to work in: the one that was named, made where it is not there, or one of our own that
// goes with the object unless it is kept.
class Workspace {
 public:
  // Empty: one of our own, where temporary files go.
  static Result<Workspace> Make(const std::string& named);
  ~Workspace();
  Workspace(Workspace&& other) noexcept;
  Workspace& operator=(Workspace&&) = delete;

  const std::string& path() const { return path_; }
  void Keep() { own_ = false; }

 private:
  Workspace(std::string path, bool own) : path_(std::move(path)), own_(own) {}

  std::string path_;
  bool own_;
};

// Of this very process.
Result<std::string> OwnProgram();

Result<std::string> ReadFile(const std::string& path);
// Makes the folder too.
Status WriteFile(const std::string& path, const std::string& content);

}  // namespace beach::crash
