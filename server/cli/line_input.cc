// SPDX-License-Identifier: Apache-2.0
#include "server/cli/line_input.h"

#include <editline/readline.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <utility>

namespace beach::server {
namespace {

constexpr int kHistoryLines = 1000;

// The library asks a plain function.
const std::vector<std::string>* completed_names = nullptr;

char* NextName(const char* begin, int state) {
  static std::size_t next = 0;
  if (state == 0) next = 0;
  while (completed_names != nullptr && next < completed_names->size()) {
    const std::string& name = (*completed_names)[next++];
    if (name.starts_with(begin)) return ::strdup(name.c_str());
  }
  return nullptr;
}

// Of the first word only; nothing is said of file names.
char** Complete(const char* text, int begin, int /*end*/) {
  rl_attempted_completion_over = 1;
  return begin == 0 ? rl_completion_matches(text, NextName) : nullptr;
}

std::string HistoryFile() {
  if (const char* const named = std::getenv("BEACHDB_HISTORY")) return named;
  const char* const home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.beachdb_history";
}

class Terminal final : public LineInput {
 public:
  explicit Terminal(std::vector<std::string> names)
      : names_(std::move(names)), history_(HistoryFile()) {
    completed_names = &names_;
    rl_attempted_completion_function = Complete;
    using_history();
    stifle_history(kHistoryLines);
    if (!history_.empty()) read_history(history_.c_str());
  }
  ~Terminal() override {
    completed_names = nullptr;
    if (history_.empty()) return;
    const mode_t mask = ::umask(077);  // values may be secrets
    write_history(history_.c_str());
    ::umask(mask);
  }

  bool interactive() const override { return true; }

  std::optional<std::string> Next(const std::string& prompt) override {
    char* const typed = readline(prompt.c_str());
    if (typed == nullptr) {
      std::cout << std::endl;
      return std::nullopt;
    }
    std::string line(typed);
    std::free(typed);
    if (!line.empty() && line != last_) add_history(line.c_str());
    last_ = line;
    return line;
  }

 private:
  const std::vector<std::string> names_;
  const std::string history_;
  std::string last_;
};

class Script final : public LineInput {
 public:
  bool interactive() const override { return false; }
  std::optional<std::string> Next(const std::string& /*prompt*/) override {
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
  }
};

}  // namespace

std::unique_ptr<LineInput> OpenLineInput(std::vector<std::string> names) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    return std::make_unique<Script>();
  }
  return std::make_unique<Terminal>(std::move(names));
}

}  // namespace beach::server
