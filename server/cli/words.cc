// SPDX-License-Identifier: Apache-2.0
#include "server/cli/words.h"

#include <optional>

namespace beach::server {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line) {}

  Result<std::vector<std::string>> Run() {
    std::vector<std::string> words;
    while (true) {
      while (at_ < line_.size() && IsBlank(line_[at_])) ++at_;
      if (at_ == line_.size() || line_[at_] == '#') return words;
      BEACH_TRY_ASSIGN(std::string word, Word());
      words.push_back(std::move(word));
    }
  }

 private:
  Result<std::string> Word() {
    std::string word;
    while (at_ < line_.size() && !IsBlank(line_[at_])) {
      const char c = line_[at_];
      if (c == '\'' || c == '"') {
        BEACH_TRY(Quoted(c, word));
      } else if (c == '\\') {
        BEACH_TRY(Escaped(word));
      } else {
        word.push_back(c);
        ++at_;
      }
    }
    return word;
  }

  Status Quoted(char quote, std::string& word) {
    const std::size_t begin = at_++;
    while (at_ < line_.size() && line_[at_] != quote) {
      if (quote == '"' && line_[at_] == '\\') {
        BEACH_TRY(Escaped(word));
      } else {
        word.push_back(line_[at_++]);
      }
    }
    if (at_ == line_.size()) return Wrong("a quote that is not closed", begin);
    ++at_;
    return {};
  }

  Status Escaped(std::string& word) {
    const std::size_t begin = at_++;
    const char c = at_ < line_.size() ? line_[at_++] : '\0';
    switch (c) {
      case 'n': word.push_back('\n'); return {};
      case 't': word.push_back('\t'); return {};
      case 'r': word.push_back('\r'); return {};
      case '"':
      case '\'':
      case '\\':
      case ' ': word.push_back(c); return {};
      case 'x': {
        const int high = at_ < line_.size() ? HexDigit(line_[at_]) : -1;
        const int low = at_ + 1 < line_.size() ? HexDigit(line_[at_ + 1]) : -1;
        if (high < 0 || low < 0) return Wrong("\\x wants two hexadecimal digits", begin);
        word.push_back(static_cast<char>(high * 16 + low));
        at_ += 2;
        return {};
      }
      default: return Wrong("a backslash before what it means nothing for", begin);
    }
  }

  static Status Wrong(const char* what, std::size_t at) {
    return Fail(ErrorCode::kInvalidArgument,
                std::string(what) + ", at column " + std::to_string(at + 1));
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<std::string>> SplitWords(std::string_view line) { return Splitter(line).Run(); }

}  // namespace beach::server
