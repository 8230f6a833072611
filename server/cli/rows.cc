// SPDX-License-Identifier: Apache-2.0
#include "server/cli/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/check.h"

namespace beach::server {
namespace {

constexpr std::size_t kGap = 2;  // between columns

unsigned char At(ByteView bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

// How many bytes the letter that begins there has; nothing: none does (Unicode 15, table 3-7).
std::optional<std::size_t> LetterSize(ByteView bytes, std::size_t begin) {
  const unsigned char first = At(bytes, begin);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() - begin < size) return std::nullopt;
  for (std::size_t i = 1; i < size; ++i) {
    if ((At(bytes, begin + i) & 0xC0) != 0x80) return std::nullopt;
  }
  const unsigned char second = At(bytes, begin + 1);
  const bool too_long = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool beyond = first == 0xF4 && second > 0x8F;
  if (too_long || surrogate || beyond) return std::nullopt;
  return size;
}

// C0, DEL, and C1, which terminals obey as well.
bool IsControl(ByteView letter) {
  if (letter.size() == 1) return At(letter, 0) < 0x20 || At(letter, 0) == 0x7F;
  return At(letter, 0) == 0xC2 && At(letter, 1) < 0xA0;
}

std::size_t LettersOf(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// One letter or one odd byte at `begin`, as it stands between quotes.
std::size_t AppendQuoted(std::string& text, ByteView bytes, std::size_t begin) {
  const std::optional<std::size_t> size = LetterSize(bytes, begin);
  const ByteView letter = bytes.substr(begin, size.value_or(1));
  if (!size || IsControl(letter)) {
    for (const char byte : letter) {
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned char>(byte));
    }
    return letter.size();
  }
  if (letter == "\"" || letter == "\\") text += '\\';
  text += letter;
  return letter.size();
}

std::string Base64(ByteView bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t begin = 0; begin < bytes.size(); begin += 3) {
    const std::size_t left = std::min<std::size_t>(bytes.size() - begin, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < left ? At(bytes, begin + i) : 0U);
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= left ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

std::string TableCell(const Cell& cell) {
  if (const auto* const bytes = std::get_if<Bytes>(&cell)) return Quoted(*bytes);
  if (const auto* const number = std::get_if<std::uint64_t>(&cell)) return std::to_string(*number);
  return "-";
}

std::string RawCell(const Cell& cell) {
  if (const auto* const bytes = std::get_if<Bytes>(&cell)) return *bytes;
  if (const auto* const number = std::get_if<std::uint64_t>(&cell)) return std::to_string(*number);
  return "";
}

void SetCell(nlohmann::json& object, const std::string& name, const Cell& cell) {
  if (const auto* const bytes = std::get_if<Bytes>(&cell)) return SetBytes(object, name, *bytes);
  object[name] = nullptr;
  if (const auto* const number = std::get_if<std::uint64_t>(&cell)) object[name] = *number;
}

}  // namespace

Result<OutputForm> ParseOutputForm(const std::string& text) {
  if (text == "table") return OutputForm::kTable;
  if (text == "raw") return OutputForm::kRaw;
  if (text == "json") return OutputForm::kJson;
  return Fail(ErrorCode::kInvalidArgument, "output is table, raw or json, not '" + text + "'");
}

bool IsUtf8(ByteView bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = LetterSize(bytes, at);
    if (!size) return false;
    at += *size;
  }
  return true;
}

std::string Quoted(ByteView bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) at += AppendQuoted(text, bytes, at);
  const bool plain = !bytes.empty() && text == bytes && bytes.front() != '#' &&
                     bytes.find_first_of(" '") == ByteView::npos;
  return plain ? text : '"' + text + '"';
}

std::string ShownValue(ByteView bytes, OutputForm form) {
  if (form != OutputForm::kTable) return Bytes(bytes);
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = LetterSize(bytes, at);
    if (!size) return Quoted(bytes);
    const ByteView letter = bytes.substr(at, *size);
    if (IsControl(letter) && letter != "\n" && letter != "\t") return Quoted(bytes);
    text += letter;
    at += *size;
  }
  return text;
}

void SetBytes(nlohmann::json& object, const std::string& name, ByteView bytes) {
  if (IsUtf8(bytes)) {
    object[name] = std::string(bytes);
  } else {
    object[name + "_base64"] = Base64(bytes);
  }
}

std::string JsonLine(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

Rows::Rows(OutputForm form, std::vector<std::string> names)
    : form_(form), names_(std::move(names)) {
  for (const std::string& name : names_) widths_.push_back(LettersOf(name));
}

void Rows::Add(std::vector<Cell> cells) {
  BEACH_CHECK_EQ(cells.size(), names_.size());
  rows_.push_back(std::move(cells));
}

std::string Rows::Take() {
  std::string text;
  if (form_ == OutputForm::kTable) {
    text = TakeTable();
  } else if (form_ == OutputForm::kRaw) {
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : "\t") + RawCell(row[i]);
      text += '\n';
    }
  } else {
    for (const auto& row : rows_) {
      nlohmann::json object = nlohmann::json::object();
      for (std::size_t i = 0; i < row.size(); ++i) SetCell(object, names_[i], row[i]);
      text += JsonLine(object);
    }
  }
  rows_.clear();
  return text;
}

std::string Rows::TakeTable() {
  std::vector<std::vector<std::string>> lines;
  if (!named_ && !rows_.empty()) lines.push_back(names_);
  named_ = named_ || !rows_.empty();
  for (const auto& row : rows_) {
    auto& line = lines.emplace_back();
    for (const Cell& cell : row) line.push_back(TableCell(cell));
  }
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths_[i] = std::max(widths_[i], LettersOf(line[i]));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i + 1 == line.size()) continue;  // no blanks at a line's end
      text.append(widths_[i] + kGap - LettersOf(line[i]), ' ');
    }
    text += '\n';
  }
  return text;
}

}  // namespace beach::server
