// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

// What a command of `beachdb cli` takes, said once: for the shell, for the prompt, and for both
// helps.

namespace beach::server {

struct CommandShape {
  const char* name;
  // "KEY VALUE [UNTIL]": what is in brackets, at the end, need not be there. "add|remove NODE": one
  // of these. "KEY WORD...": the last, any number of times, once at least.
  const char* takes;
  const char* options;  // "--limit N, --absent": with a value, and without
  const char* help;

  struct Word {
    std::string name;
    bool optional = false;
    bool many = false;
  };
  std::vector<Word> words() const;
  struct Option {
    std::string name;   // "--limit"
    std::string value;  // "N"; "": it takes none
  };
  std::vector<Option> option_list() const;
  std::string usage() const;
};

struct Given {
  std::vector<std::string> words;
  std::map<std::string, std::string> options;  // of those without a value: ""
};

// Out of the words behind the command's name. Options stand anywhere, "--limit 5" or "--limit=5";
// behind "--" all are words. kInvalidArgument with the usage.
Result<Given> ReadGiven(const CommandShape& shape, std::span<const std::string> line);

// The same for both kinds of database.
inline constexpr CommandShape kGetShape = {"get", "KEY", "",
                                           "Print a value; exit 6 when there is none"};
inline constexpr CommandShape kPutShape = {"put", "KEY VALUE [UNTIL]", "",
                                           "Write a value; one that expires when its time is "
                                           "UNTIL"};
inline constexpr CommandShape kDeleteShape = {"del", "KEY", "", "Delete a key, present or not"};
inline constexpr CommandShape kScanShape = {
    "scan", "[FROM] [TO]", "--limit N",
    "Print keys and values in order, from FROM, included, to TO, not included; N at most"};
inline constexpr CommandShape kCasShape = {
    "cas", "KEY VALUE [NEW]", "--absent",
    "Write NEW where the key has VALUE; with --absent, VALUE where there is no such key. "
    "Exit 1, and what is there instead, where it is not so"};

}  // namespace beach::server
