// SPDX-License-Identifier: Apache-2.0
#include "server/cli/txn_words.h"

namespace beach::server {
namespace {

class Reader {
 public:
  explicit Reader(std::span<const std::string> words) : words_(words) {}

  Result<Transaction> Run() {
    Transaction transaction;
    if (Take("if")) {
      do {
        BEACH_TRY_ASSIGN(transaction.conditions.emplace_back(), OneCondition());
      } while (Take("and"));
    }
    if (!Take("then")) {
      return Expected(transaction.conditions.empty() ? "if or then" : "and or then");
    }
    BEACH_TRY_ASSIGN(transaction.operations, Operations());
    if (Take("else")) {
      if (transaction.conditions.empty()) {
        --at_;
        return Expected("no else without if");
      }
      BEACH_TRY_ASSIGN(transaction.otherwise, Operations());
    }
    if (at_ < words_.size()) return Expected("put, del, get or the end");
    return transaction;
  }

 private:
  std::unexpected<Error> Expected(const std::string& what) const {
    const std::string there = at_ < words_.size() ? "'" + words_[at_] + "'" : "the end";
    return Fail(ErrorCode::kInvalidArgument, "txn: expected " + what + ", not " + there);
  }

  bool Take(const char* word) {
    if (at_ == words_.size() || words_[at_] != word) return false;
    ++at_;
    return true;
  }

  Result<ByteView> Any(const char* what) {
    if (at_ == words_.size()) return Expected(what);
    return ByteView(words_[at_++]);
  }

  Result<Condition> OneCondition() {
    Condition condition;
    BEACH_TRY_ASSIGN(condition.key, Any("a key"));
    if (Take("exists")) {
      condition.kind = ConditionKind::kPresent;
      return condition;
    }
    if (Take("absent")) return condition;
    const bool equals = Take("=");
    if (!equals && !Take("!=")) return Expected("=, !=, exists or absent");
    condition.kind = equals ? ConditionKind::kEquals : ConditionKind::kDiffers;
    BEACH_TRY_ASSIGN(condition.value, Any("a value"));
    return condition;
  }

  // One at least.
  Result<std::vector<Operation>> Operations() {
    std::vector<Operation> operations;
    while (true) {
      Operation operation;
      if (Take("put")) {
        operation.kind = OperationKind::kPut;
      } else if (Take("get")) {
        operation.kind = OperationKind::kGet;
      } else if (!Take("del")) {
        break;
      }
      BEACH_TRY_ASSIGN(operation.key, Any("a key"));
      if (operation.kind == OperationKind::kPut) {
        BEACH_TRY_ASSIGN(operation.value, Any("a value"));
      }
      operations.push_back(operation);
    }
    if (operations.empty()) return Expected("put, del or get");
    return operations;
  }

  const std::span<const std::string> words_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Transaction> ReadTransaction(std::span<const std::string> words) {
  return Reader(words).Run();
}

}  // namespace beach::server
