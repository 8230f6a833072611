// SPDX-License-Identifier: Apache-2.0
#include "artifacts/artifact.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "artifacts/text.h"
#include "base/bytes.h"

// The only translation unit that knows JSON.

namespace beach::artifacts {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTextSizeMax = std::size_t{256} << 20;
// The format needs four: artifact, list, element, arguments.
constexpr int kDepthMax = 8;

// --- Writing ---------------------------------------------------------------------------------

Json Encode(const std::string& bytes) { return Json(ToUtf8(bytes)); }
Json Encode(std::uint64_t number) { return Json(number); }

Json Encode(const Decision& decision) {
  Json json = Json::object();
  json["site"] = Encode(decision.site);
  json["host"] = Encode(decision.host);
  json["life"] = decision.life;
  json["thread"] = Encode(decision.thread);
  json["use"] = decision.use;
  json["value"] = decision.value;
  return json;
}

Json Encode(const Operation& operation) {
  Json arguments = Json::array();
  for (const std::string& argument : operation.arguments) arguments.push_back(Encode(argument));
  Json json = Json::object();
  json["id"] = operation.id;
  json["life"] = operation.life;
  json["client"] = operation.client;
  json["kind"] = Encode(operation.kind);
  json["arguments"] = std::move(arguments);
  return json;
}

Json Encode(const Checkpoint& checkpoint) {
  Json json = Json::object();
  json["event"] = checkpoint.event;
  json["hash"] = checkpoint.hash.ToString();
  return json;
}

Json Encode(const TraceEvent& event) {
  Json json = Json::object();
  json["event"] = event.event;
  json["virtual_ns"] = event.virtual_ns;
  json["host"] = Encode(event.host);
  json["thread"] = Encode(event.thread);
  json["kind"] = Encode(event.kind);
  json["text"] = Encode(event.text);
  return json;
}

Json Encode(const Verdict& verdict) {
  Json json = Json::object();
  json["signature"] = Encode(verdict.signature);
  json["message"] = Encode(verdict.message);
  json["virtual_ns"] = verdict.virtual_ns;
  json["event"] = verdict.event;
  return json;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', /*ensure_ascii=*/true); }

// One field of the artifact a line, and one element of a list a line: readable, and kind to diff.
class Writer {
 public:
  void Field(const char* name, const Json& value) {
    Name(name);
    text_ += Dump(value);
  }

  template <class T>
  void List(const char* name, const std::vector<T>& elements) {
    Name(name);
    text_ += "[";
    const char* separator = "\n    ";
    for (const T& element : elements) {
      text_ += separator;
      text_ += Dump(Encode(element));
      separator = ",\n    ";
    }
    text_ += elements.empty() ? "]" : "\n  ]";
  }

  void Map(const char* name, const std::map<std::string, std::uint64_t>& entries) {
    Name(name);
    text_ += "{";
    const char* separator = "\n    ";
    for (const auto& [key, value] : entries) {
      text_ += separator;
      text_ += Dump(Encode(key)) + ": " + Dump(Encode(value));
      separator = ",\n    ";
    }
    text_ += entries.empty() ? "}" : "\n  }";
  }

  std::string Finish() && { return std::move(text_) + "\n}\n"; }

 private:
  void Name(const char* name) {
    text_ += first_ ? "{\n  \"" : ",\n  \"";
    text_ += name;
    text_ += "\": ";
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

// --- Reading ---------------------------------------------------------------------------------

Error Bad(const std::string& field, const std::string& why) {
  return Error(ErrorCode::kCorruption, "artifact field '" + field + "' " + why);
}

// Takes the named fields out of one JSON object. The first error stays; Finish reports it, or a
// field that nobody asked for.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) Keep(Bad(where_, "is not an object"));
  }

  void Take(const char* name, std::uint64_t& target) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_number_unsigned()) return Keep(Bad(Path(name), "is not an unsigned number"));
    target = field->get<std::uint64_t>();
  }

  void Take(const char* name, std::string& target) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    Decode(*field, Path(name), target);
  }

  void Take(const char* name, RunHash& target) {
    std::string text;
    Take(name, text);
    if (error_) return;
    Result<RunHash> hash = RunHash::Parse(text);
    if (!hash) return Keep(Bad(Path(name), "is not a hash of 32 hex digits"));
    target = *hash;
  }

  void Take(const char* name, Verdict& target) {
    if (const Json* field = Find(name)) Decode(*field, Path(name), target);
  }

  template <class T>
  void Take(const char* name, std::vector<T>& target) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_array()) return Keep(Bad(Path(name), "is not a list"));
    target.reserve(field->size());
    for (std::size_t i = 0; i < field->size() && !error_; ++i) {
      T element;
      Decode((*field)[i], Path(name) + "[" + std::to_string(i) + "]", element);
      target.push_back(std::move(element));
    }
  }

  void Take(const char* name, std::map<std::string, std::uint64_t>& target) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_object()) return Keep(Bad(Path(name), "is not an object"));
    for (const auto& [key, value] : field->items()) {
      const std::string path = Path(name) + "." + key;
      if (!value.is_number_unsigned()) return Keep(Bad(path, "is not an unsigned number"));
      std::string bytes;
      Decode(Json(key), path, bytes);
      if (error_) return;
      target.emplace(std::move(bytes), value.get<std::uint64_t>());
    }
  }

  Status Finish() && {
    if (!error_ && json_.size() != taken_) Keep(Bad(where_, "has a field that is not known"));
    if (error_) return beach::Fail(std::move(*error_));
    return {};
  }

 private:
  const Json* Find(const char* name) {
    if (error_) return nullptr;
    const auto found = json_.find(name);
    if (found == json_.end()) {
      Keep(Bad(Path(name), "is missing"));
      return nullptr;
    }
    ++taken_;
    return &*found;
  }

  void Decode(const Json& json, const std::string& path, std::string& target) {
    if (!json.is_string()) return Keep(Bad(path, "is not a string"));
    const auto& text = json.get_ref<const std::string&>();
    std::optional<Bytes> bytes = FromUtf8(text);
    if (!bytes) return Keep(Bad(path, "has a character above U+00FF"));
    target = *std::move(bytes);
  }

  void Decode(const Json& json, const std::string& path, Decision& target) {
    Reader reader(json, path);
    reader.Take("site", target.site);
    reader.Take("host", target.host);
    reader.Take("life", target.life);
    reader.Take("thread", target.thread);
    reader.Take("use", target.use);
    reader.Take("value", target.value);
    Nested(std::move(reader).Finish());
  }

  void Decode(const Json& json, const std::string& path, Operation& target) {
    Reader reader(json, path);
    reader.Take("id", target.id);
    reader.Take("life", target.life);
    reader.Take("client", target.client);
    reader.Take("kind", target.kind);
    reader.Take("arguments", target.arguments);
    Nested(std::move(reader).Finish());
  }

  void Decode(const Json& json, const std::string& path, Checkpoint& target) {
    Reader reader(json, path);
    reader.Take("event", target.event);
    reader.Take("hash", target.hash);
    Nested(std::move(reader).Finish());
  }

  void Decode(const Json& json, const std::string& path, TraceEvent& target) {
    Reader reader(json, path);
    reader.Take("event", target.event);
    reader.Take("virtual_ns", target.virtual_ns);
    reader.Take("host", target.host);
    reader.Take("thread", target.thread);
    reader.Take("kind", target.kind);
    reader.Take("text", target.text);
    Nested(std::move(reader).Finish());
  }

  void Decode(const Json& json, const std::string& path, Verdict& target) {
    Reader reader(json, path);
    reader.Take("signature", target.signature);
    reader.Take("message", target.message);
    reader.Take("virtual_ns", target.virtual_ns);
    reader.Take("event", target.event);
    Nested(std::move(reader).Finish());
  }

  void Nested(Status status) {
    if (!status) Keep(std::move(status).error());
  }

  void Keep(Error error) {
    if (!error_) error_ = std::move(error);
  }

  std::string Path(const char* name) const { return where_.empty() ? name : where_ + "." + name; }

  const Json& json_;
  std::string where_;
  std::size_t taken_ = 0;
  std::optional<Error> error_;
};

// JSON text to a tree: bounded in depth, each name once in an object.
Result<Json> Parse(const std::string& text) {
  if (text.size() > kTextSizeMax) {
    return Fail(ErrorCode::kCorruption, "artifact text is larger than 256 MiB");
  }
  std::vector<std::set<std::string>> names;  // of the objects that are open
  std::string why;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth > kDepthMax) {
      if (why.empty()) why = "artifact is nested too deeply";
      return false;
    }
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end && !names.empty()) names.pop_back();
    if (event == Event::key && !names.empty()) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names.back().insert(name).second && why.empty()) {
        why = "artifact field '" + name + "' stands twice in one object";
      }
    }
    return why.empty();
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (!why.empty()) return Fail(ErrorCode::kCorruption, why);
  if (json.is_discarded()) return Fail(ErrorCode::kCorruption, "artifact is not JSON");
  return json;
}

bool HexDigit(char c, std::uint64_t& value) {
  if (c >= '0' && c <= '9') return value = static_cast<std::uint64_t>(c - '0'), true;
  if (c >= 'a' && c <= 'f') return value = static_cast<std::uint64_t>(c - 'a') + 10, true;
  return false;
}

}  // namespace

std::string RunHash::ToString() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    text[i] = kDigits[high >> (60 - 4 * i) & 0xf];
    text[16 + i] = kDigits[low >> (60 - 4 * i) & 0xf];
  }
  return text;
}

Result<RunHash> RunHash::Parse(const std::string& text) {
  if (text.size() != 32) return Fail(ErrorCode::kCorruption, "a hash has 32 hex digits");
  RunHash hash;
  for (std::size_t i = 0; i < 32; ++i) {
    std::uint64_t digit = 0;
    if (!HexDigit(text[i], digit)) {
      return Fail(ErrorCode::kCorruption, "a hash has lowercase hex digits only");
    }
    std::uint64_t& half = i < 16 ? hash.high : hash.low;
    half = half << 4 | digit;
  }
  return hash;
}

std::string ToJson(const Artifact& artifact) {
  Writer writer;
  writer.Field("schema_version", Json(artifact.schema_version));
  writer.Field("build_id", Encode(artifact.build_id));
  writer.Field("scenario", Encode(artifact.scenario));
  writer.Field("seed", Json(artifact.seed));
  writer.Field("policy", Encode(artifact.policy));
  writer.Field("verdict", Encode(artifact.verdict));
  writer.Field("hash", Json(artifact.hash.ToString()));
  writer.Map("options", artifact.options);
  writer.List("operations", artifact.operations);
  writer.List("decisions", artifact.decisions);
  writer.List("checkpoints", artifact.checkpoints);
  writer.List("last_events", artifact.last_events);
  writer.Field("stack", Encode(artifact.stack));
  return std::move(writer).Finish();
}

Result<Artifact> FromJson(const std::string& text) {
  BEACH_TRY_ASSIGN(const Json json, Parse(text));
  Reader reader(json, "");
  Artifact artifact;
  std::uint64_t version = artifact.schema_version;
  reader.Take("schema_version", version);
  if (version != kSchemaVersion) {
    return Fail(ErrorCode::kRefused, "artifact has schema version " + std::to_string(version) +
                                         "; this build reads " + std::to_string(kSchemaVersion));
  }
  reader.Take("build_id", artifact.build_id);
  reader.Take("scenario", artifact.scenario);
  reader.Take("seed", artifact.seed);
  reader.Take("policy", artifact.policy);
  reader.Take("verdict", artifact.verdict);
  reader.Take("hash", artifact.hash);
  reader.Take("options", artifact.options);
  reader.Take("operations", artifact.operations);
  reader.Take("decisions", artifact.decisions);
  reader.Take("checkpoints", artifact.checkpoints);
  reader.Take("last_events", artifact.last_events);
  reader.Take("stack", artifact.stack);
  BEACH_TRY(std::move(reader).Finish());
  return artifact;
}

}  // namespace beach::artifacts
