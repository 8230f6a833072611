// SPDX-License-Identifier: Apache-2.0
#include "command_line/command.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace beach::command_line {

Command Command::Add(const std::string& name, const std::string& help) const {
  return {app_->add_subcommand(name, help), chosen_};
}

void Command::Flag(const std::string& name, bool& value, const std::string& help) const {
  app_->add_flag(name, value, help);
}

void Command::Text(const std::string& name, std::string& value, const std::string& help,
                   Need need) const {
  CLI::Option* const option = app_->add_option(name, value, help);
  option->required(need == Need::kRequired);
  if (!value.empty()) option->capture_default_str();
}

void Command::Text(const std::string& name, std::optional<std::string>& value,
                   const std::string& help, Need need) const {
  app_->add_option_function<std::string>(
          name, [&value](const std::string& text) { value = text; }, help)
      ->required(need == Need::kRequired);
}

void Command::Texts(const std::string& name, std::vector<std::string>& values,
                    const std::string& help, Need need) const {
  app_->add_option(name, values, help)->required(need == Need::kRequired);
}

void Command::Number(const std::string& name, std::uint64_t& value, std::uint64_t min,
                     std::uint64_t max, const std::string& help) const {
  app_->add_option(name, value, help)->capture_default_str()->check(CLI::Range(min, max));
}

void Command::Examples(const std::string& text) const { app_->footer(text); }

void Command::NeedsCommand() const {
  app_->require_subcommand(1);
  app_->fallthrough();
}

void Command::TakesCommand() const {
  app_->require_subcommand(0, 1);
  app_->fallthrough();
}

void Command::Does(std::function<int()> action) const {
  app_->callback([app = app_, chosen = chosen_, action = std::move(action)] {
    // A command is asked after those of its own.
    if (app->get_subcommands().empty()) *chosen = action;
  });
}

Program::Program(const std::string& name, const std::string& description,
                 const std::string& version)
    : app_(std::make_unique<CLI::App>(description, name)) {
  app_->set_version_flag("--version", name + " " + version);
  app_->require_subcommand(1);
}

Program::~Program() = default;

int Program::Run(int argc, char** argv, int usage_exit_code) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? 0 : usage_exit_code;
  }
  return chosen_();
}

}  // namespace beach::command_line
