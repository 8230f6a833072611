// SPDX-License-Identifier: Apache-2.0
#include "server/cli/line_input.h"

#include <editline/readline.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <utility>

#include "server/cli/completion.h"

namespace beach::server {
namespace {

constexpr int kHistoryLines = 1000;

// The library asks plain functions.
const std::vector<CommandShape>* completed_commands = nullptr;

// One of the words that the one at `begin` may become, each once, in order of `state`.
char* NextCompletion(const char* begun, int state) {
  static std::size_t word_begin = 0;
  if (state == 0) word_begin = static_cast<std::size_t>(rl_point) - std::strlen(begun);
  const std::string before(rl_line_buffer, word_begin);
  const auto found = Completions(*completed_commands, before, begun);
  const auto next = static_cast<std::size_t>(state);
  return next < found.size() ? ::strdup(found[next].c_str()) : nullptr;
}

// Below the line, which is then shown again.
void ShowHint() {
  const std::string hint = HintOf(*completed_commands, rl_line_buffer);
  if (hint.empty()) return;
  std::cout << '\n' << hint << std::endl;
  rl_forced_update_display();
}

// Nothing is said of file names.
char** Complete(const char* text, int begin, int /*end*/) {
  rl_attempted_completion_over = 1;
  char** const found = rl_completion_matches(text, NextCompletion);
  if (found == nullptr && begin > 0) ShowHint();
  return found;
}

std::string HistoryFile() {
  if (const char* const named = std::getenv("BEACHDB_HISTORY")) return named;
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') {
    ::mkdir(state, 0700);
    return std::string(state) + "/beachdb_history";
  }
  const char* const home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.beachdb_history";
}

class Terminal final : public LineInput {
 public:
  explicit Terminal(std::vector<CommandShape> commands)
      : commands_(std::move(commands)), history_(HistoryFile()) {
    completed_commands = &commands_;
    rl_attempted_completion_function = Complete;
    using_history();
    stifle_history(kHistoryLines);
    if (!history_.empty()) read_history(history_.c_str());
  }
  ~Terminal() override { completed_commands = nullptr; }

  bool interactive() const override { return true; }

  std::optional<std::string> Next(const std::string& prompt) override {
    char* const typed = readline(prompt.c_str());
    if (typed == nullptr) {
      std::cout << std::endl;
      return std::nullopt;
    }
    std::string line(typed);
    std::free(typed);
    Remember(line);
    return line;
  }

 private:
  // At once: who is killed has it, too.
  void Remember(const std::string& line) {
    const bool again = std::exchange(last_, line) == line;
    if (line.empty() || again || IsSecret(line)) return;
    add_history(line.c_str());
    if (history_.empty()) return;
    const mode_t mask = ::umask(077);  // the library makes an older file the owner's alone, too
    write_history(history_.c_str());
    ::umask(mask);
  }

  const std::vector<CommandShape> commands_;
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

std::unique_ptr<LineInput> OpenLineInput(std::vector<CommandShape> commands) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    return std::make_unique<Script>();
  }
  return std::make_unique<Terminal>(std::move(commands));
}

}  // namespace beach::server
