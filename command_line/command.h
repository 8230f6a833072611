// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace beach::command_line {

enum class Need { kOptional, kRequired };

// One command of a program: what may be given to it, and what it does. A handle: copies mean the
// same command. Names with dashes ("--seed") are options, others ("FILE") stand for themselves in
// their order. The variables get what was given and must live until the action has run; an option's
// value before that is its default, which the help shows. Not thread-safe.
class Command {
 public:
  Command Add(const std::string& name, const std::string& help) const;

  void Flag(const std::string& name, bool& value, const std::string& help) const;
  void Text(const std::string& name, std::string& value, const std::string& help,
            Need need = Need::kOptional) const;
  // Tells "" from nothing given.
  void Text(const std::string& name, std::optional<std::string>& value, const std::string& help,
            Need need = Need::kOptional) const;
  void Texts(const std::string& name, std::vector<std::string>& values, const std::string& help,
             Need need = Need::kOptional) const;
  // Both bounds included.
  void Number(const std::string& name, std::uint64_t& value, std::uint64_t min, std::uint64_t max,
              const std::string& help) const;

  void Examples(const std::string& text) const;
  // One of its own commands has to be given; what is not theirs they leave to this one.
  void NeedsCommand() const;
  // The same, but none need be given: then what this one Does is meant.
  void TakesCommand() const;
  // Runs when the command line turns out to mean this command.
  void Does(std::function<int()> action) const;

 private:
  friend class Program;
  Command(CLI::App* app, std::function<int()>* chosen) : app_(app), chosen_(chosen) {}

  CLI::App* app_;
  std::function<int()>* chosen_;
};

// The command line of a whole binary.
class Program {
 public:
  Program(const std::string& name, const std::string& description, const std::string& version);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Command root() { return {app_.get(), &chosen_}; }

  // Parses, then runs the action of the command that was given, and returns its exit code. Help and
  // version are printed with exit code 0; a usage error goes to stderr with `usage_exit_code`.
  int Run(int argc, char** argv, int usage_exit_code);

 private:
  std::unique_ptr<CLI::App> app_;
  std::function<int()> chosen_;
};

}  // namespace beach::command_line
