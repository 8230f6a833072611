// SPDX-License-Identifier: Apache-2.0
#include "server/cli/completion.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <string_view>

#include "server/cli/words.h"

namespace beach::server {
namespace {

constexpr std::array<std::string_view, 4> kSecrets = {"auth", "token", "password", "secret"};

const CommandShape* Find(std::span<const CommandShape> commands, const std::string& name) {
  const auto found = std::ranges::find_if(
      commands, [&](const CommandShape& command) { return name == command.name; });
  return found == commands.end() ? nullptr : &*found;
}

// Of `--limit 5 a` one word. What stands where an option's value is expected is none.
std::size_t WordsIn(const CommandShape& command, std::span<const std::string> line) {
  const auto options = command.option_list();
  std::size_t words = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto option = std::ranges::find(options, line[i], &CommandShape::Option::name);
    if (option != options.end() && !option->value.empty()) {
      ++i;
    } else if (!line[i].starts_with("--")) {
      ++words;
    }
  }
  return words;
}

}  // namespace

std::vector<std::string> Completions(std::span<const CommandShape> commands,
                                     const std::string& before, const std::string& begun) {
  std::vector<std::string> found;
  const auto offer = [&](const std::string& word) {
    if (word.starts_with(begun)) found.push_back(word);
  };
  const auto line = SplitWords(before);
  if (!line) return found;  // within quotes
  if (line->empty()) {
    for (const CommandShape& command : commands) offer(command.name);
    std::ranges::sort(found);
    return found;
  }
  const CommandShape* const command = Find(commands, line->front());
  if (command == nullptr) return found;
  if (begun.starts_with('-')) {
    for (const CommandShape::Option& option : command->option_list()) offer(option.name);
    return found;
  }
  const auto takes = command->words();
  const std::size_t place = WordsIn(*command, std::span(*line).subspan(1));
  if (place >= takes.size() || takes[place].name.find('|') == std::string::npos) return found;
  std::istringstream choices(takes[place].name);
  for (std::string choice; std::getline(choices, choice, '|');) offer(choice);
  return found;
}

std::string HintOf(std::span<const CommandShape> commands, const std::string& line) {
  std::istringstream words(line);
  std::string name;
  words >> name;
  const CommandShape* const command = Find(commands, name);
  return command == nullptr ? "" : command->usage() + "\n  " + command->help;
}

bool IsSecret(const std::string& line) {
  std::string small(line);
  std::ranges::transform(small, small.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return std::ranges::any_of(
      kSecrets, [&](std::string_view secret) { return small.find(secret) != std::string::npos; });
}

}  // namespace beach::server
