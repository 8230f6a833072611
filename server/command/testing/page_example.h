// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>

#include "base/bytes.h"

namespace beach::server::testing {

// The bytes of the n-th example of a page of docs/formats/, from 0; empty where there is none.
inline Bytes PageExample(std::size_t n, const std::string& page_name = "command.md") {
  std::ifstream in(BEACH_SOURCE_DIR "/docs/formats/" + page_name);
  std::stringstream page;
  page << in.rdbuf();
  const std::string text = page.str();
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= n; ++i) {
    begin = text.find("```hex\n", begin);
    if (begin == std::string::npos) return {};
    begin += 7;
  }
  std::istringstream lines(text.substr(begin, text.find("```", begin) - begin));
  Bytes bytes;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  return bytes;
}

}  // namespace beach::server::testing
