// SPDX-License-Identifier: Apache-2.0
#include "server/cli/command_shape.h"

#include <algorithm>
#include <sstream>

namespace beach::server {

std::vector<CommandShape::Word> CommandShape::words() const {
  std::vector<Word> found;
  std::istringstream text(takes);
  for (std::string word; text >> word;) {
    const bool may_be_left = word.front() == '[';
    const bool many = word.ends_with("...");
    if (may_be_left) word = word.substr(1, word.size() - 2);
    if (many) word.resize(word.size() - 3);
    found.push_back({.name = word, .optional = may_be_left, .many = many});
  }
  return found;
}

std::vector<CommandShape::Option> CommandShape::option_list() const {
  std::vector<Option> found;
  std::istringstream text(options);
  for (std::string one; std::getline(text >> std::ws, one, ',');) {
    const std::size_t blank = one.find(' ');
    found.push_back({.name = one.substr(0, blank),
                     .value = blank == std::string::npos ? "" : one.substr(blank + 1)});
  }
  return found;
}

std::string CommandShape::usage() const {
  std::string text = name;
  if (takes[0] != '\0') text += ' ' + std::string(takes);
  for (const Option& option : option_list()) {
    text += " [" + option.name + (option.value.empty() ? "" : " " + option.value) + ']';
  }
  return text;
}

Result<Given> ReadGiven(const CommandShape& shape, std::span<const std::string> line) {
  const auto wrong = [&](const std::string& why) {
    return Fail(ErrorCode::kInvalidArgument, why + "usage: " + shape.usage());
  };
  const auto options = shape.option_list();
  Given given;
  bool words_alone = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string& word = line[i];
    if (words_alone || !word.starts_with("--")) {
      given.words.push_back(word);
      continue;
    }
    if (word == "--") {
      words_alone = true;
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto option = std::ranges::find(options, name, &CommandShape::Option::name);
    if (option == options.end()) return wrong("there is no option " + name + "; ");
    if (option->value.empty()) {
      if (equals != std::string::npos) return wrong(name + " takes no value; ");
      given.options[name] = "";
    } else if (equals != std::string::npos) {
      given.options[name] = word.substr(equals + 1);
    } else if (i + 1 < line.size()) {
      given.options[name] = line[++i];
    } else {
      return wrong(name + " needs a value; ");
    }
  }
  const auto takes = shape.words();
  const auto must =
      static_cast<std::size_t>(std::ranges::count(takes, false, &CommandShape::Word::optional));
  const bool any_number = !takes.empty() && takes.back().many;
  const bool too_many = given.words.size() > takes.size() && !any_number;
  if (given.words.size() < must || too_many) return wrong("");
  return given;
}

}  // namespace beach::server
