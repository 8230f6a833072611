// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "oracle/violation.h"

// What clients asked a store for, what they were told, and when: the input of the check for
// linearizability (oracle/linearizability.h).

namespace beach::oracle {

// The key has that value; nothing: it is absent. An empty value is a value.
struct KeyIs {
  Bytes key;
  std::optional<Bytes> value;

  friend bool operator==(const KeyIs&, const KeyIs&) = default;
};

enum class ChangeKind : std::uint8_t { kPut, kAppend, kDelete };

struct KeyChange {
  ChangeKind kind = ChangeKind::kPut;
  Bytes key;
  Bytes value = {};  // of an append: what is added; an absent key counts as empty

  friend bool operator==(const KeyChange&, const KeyChange&) = default;
};

enum class Answer : std::uint8_t {
  kUnknown,           // none came: it takes effect at any time after its call, or never
  kDone,              // all conditions held, and the changes were made
  kConditionsFailed,  // not all of them held, and nothing was changed
};

// One operation as its client saw it. It takes effect at one moment between its call and its
// return: conditions and reads are of the state at that moment, changes follow in order. Reads
// count whether or not the conditions held, but not where no answer came.
//
// Of two operations one is before the other if it returned at a smaller time than the other was
// called; at equal times they are concurrent.
struct ClientOperation {
  std::uint64_t client = 0;
  std::uint64_t called_at = 0;
  std::uint64_t returned_at = 0;  // of an answer that came
  Answer answer = Answer::kUnknown;
  std::vector<KeyIs> conditions = {};
  std::vector<KeyIs> reads = {};
  std::vector<KeyChange> changes = {};

  bool answered() const { return answer != Answer::kUnknown; }
};

// From when to when; without a return: no answer came.
struct Span {
  std::uint64_t called_at = 0;
  std::optional<std::uint64_t> returned_at = std::nullopt;
};

ClientOperation MakeGet(std::uint64_t client, Span span, Bytes key, std::optional<Bytes> found);
ClientOperation MakePut(std::uint64_t client, Span span, Bytes key, Bytes value);
ClientOperation MakeAppend(std::uint64_t client, Span span, Bytes key, Bytes value);
ClientOperation MakeDelete(std::uint64_t client, Span span, Bytes key);
// `done`: what the answer was, if one came.
ClientOperation MakeCompareAndSet(std::uint64_t client, Span span, Bytes key,
                                  std::optional<Bytes> expected, Bytes value, bool done);

// What makes a history one that no clients can have seen, whatever the store did.
struct Misuse {
  std::size_t index = 0;  // of the operation
  std::string message;
};

// A return before its call, a client that calls before its last answer, an operation of nothing,
// conditions that failed where there are none. Nothing: the history may be judged.
std::optional<Misuse> FindMisuse(std::span<const ClientOperation> history);

// `client 3: put x "1" [10, 14]`, for messages.
std::string DescribeOperation(const ClientOperation& operation);
// The part without client and times.
std::string DescribeAction(const ClientOperation& operation);

}  // namespace beach::oracle
