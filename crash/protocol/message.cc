// SPDX-License-Identifier: Apache-2.0
#include "crash/protocol/message.h"

#include "artifacts/text.h"

namespace beach::crash {
namespace {

constexpr int kDepthMax = 6;
constexpr const char* kPut = "put";
constexpr const char* kDelete = "delete";
constexpr const char* kErase = "erase";

std::unexpected<Error> Bad(const std::string& what) {
  return Fail(ErrorCode::kInvalidArgument, what);
}

std::unexpected<Error> BadField(const char* field, const char* what) {
  return Bad("\"" + std::string(field) + "\" " + what);
}

Result<Bytes> BytesOf(const Json& json, const char* field) {
  if (!json.is_string()) return BadField(field, "is not a string");
  std::optional<Bytes> bytes = artifacts::FromUtf8(json.get_ref<const std::string&>());
  if (!bytes) return BadField(field, "has a character above U+00FF");
  return *std::move(bytes);
}

Result<const Json*> ListAt(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_array()) return BadField(field, "is not a list");
  return &*found;
}

Result<Change> ChangeOf(const Json& json, const char* field) {
  if (!json.is_array() || json.empty()) return BadField(field, "has what is no change");
  std::vector<Bytes> parts;
  for (const Json& part : json) {
    BEACH_TRY_ASSIGN(Bytes bytes, BytesOf(part, field));
    parts.push_back(std::move(bytes));
  }
  if (parts.size() == 3 && parts[0] == kPut) {
    return Change{Change::Kind::kPut, std::move(parts[1]), std::move(parts[2])};
  }
  if (parts.size() == 3 && parts[0] == kErase) {
    return Change{Change::Kind::kErase, std::move(parts[1]), std::move(parts[2])};
  }
  if (parts.size() == 2 && parts[0] == kDelete) {
    return Change{Change::Kind::kDelete, std::move(parts[1]), {}};
  }
  return BadField(field, "has what is no change");
}

}  // namespace

Json ToJson(ByteView bytes) { return Json(artifacts::ToUtf8(bytes)); }

Json ToJson(const std::vector<Change>& batch) {
  Json list = Json::array();
  for (const Change& change : batch) {
    switch (change.kind) {
      case Change::Kind::kPut:
        list.push_back({kPut, ToJson(change.key), ToJson(change.argument)});
        break;
      case Change::Kind::kDelete: list.push_back(Json::array({kDelete, ToJson(change.key)})); break;
      case Change::Kind::kErase:
        list.push_back({kErase, ToJson(change.key), ToJson(change.argument)});
        break;
    }
  }
  return list;
}

Json ToJson(const Entries& entries) {
  Json list = Json::array();
  for (const auto& [key, value] : entries) {
    list.push_back(Json::array({ToJson(key), ToJson(value)}));
  }
  return list;
}

Json ToJson(const Error& error) {
  return {{"code", ErrorCodeName(error.code())}, {"message", ToJson(error.ToString())}};
}

Result<std::uint64_t> NumberAt(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return BadField(field, "is missing");
  if (!found->is_number_unsigned()) return BadField(field, "is not a number from 0 on");
  return found->get<std::uint64_t>();
}

Result<std::uint64_t> NumberAt(const Json& object, const char* field, std::uint64_t otherwise) {
  if (!object.contains(field)) return otherwise;
  return NumberAt(object, field);
}

Result<bool> FlagAt(const Json& object, const char* field, bool otherwise) {
  const auto found = object.find(field);
  if (found == object.end()) return otherwise;
  if (!found->is_boolean()) return BadField(field, "is neither true nor false");
  return found->get<bool>();
}

Result<Bytes> BytesAt(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return BadField(field, "is missing");
  return BytesOf(*found, field);
}

Result<std::vector<Change>> BatchAt(const Json& object, const char* field) {
  BEACH_TRY_ASSIGN(const Json* const list, ListAt(object, field));
  std::vector<Change> batch;
  for (const Json& json : *list) {
    BEACH_TRY_ASSIGN(Change change, ChangeOf(json, field));
    batch.push_back(std::move(change));
  }
  return batch;
}

Result<Entries> EntriesAt(const Json& object, const char* field) {
  BEACH_TRY_ASSIGN(const Json* const list, ListAt(object, field));
  Entries entries;
  for (const Json& json : *list) {
    if (!json.is_array() || json.size() != 2) return BadField(field, "has what is no entry");
    BEACH_TRY_ASSIGN(Bytes key, BytesOf(json[0], field));
    BEACH_TRY_ASSIGN(Bytes value, BytesOf(json[1], field));
    entries.emplace_back(std::move(key), std::move(value));
  }
  return entries;
}

Result<Json> ParseLine(ByteView line) {
  if (line.size() > kLineSizeMax) return Bad("a line of more than 64 MiB");
  bool deep = false;
  const auto shallow = [&deep](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > kDepthMax;
    return depth <= kDepthMax;
  };
  Json json = Json::parse(line, shallow, false);
  if (deep) return Bad("a line that is nested too deep");
  if (json.is_discarded() || !json.is_object()) return Bad("a line that is no JSON object");
  return json;
}

}  // namespace beach::crash
