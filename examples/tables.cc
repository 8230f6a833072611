// SPDX-License-Identifier: Apache-2.0
// Two tables, and a batch that changes both or none.
#include <cstdio>

#include "engine/db.h"
#include "env/os/os_env.h"

using namespace beach::engine;  // NOLINT

// As it was made by a former run, or now.
static beach::Result<NamedTable> Table(Db& db, const char* name) {
  auto table = db.OpenTable(name);
  return table || table.error().code() != beach::ErrorCode::kNotFound ? table
                                                                      : db.CreateTable(name);
}

int main(int argc, char** argv) {
  beach::env::OsEnv os;
  auto db = Db::Open(os.env(), argc > 1 ? argv[1] : "beach-tables", {});
  if (!db) return std::fprintf(stderr, "%s\n", db.error().ToString().c_str()), 1;
  auto orders = Table(**db, "orders");
  auto by_customer = Table(**db, "orders.by-customer");
  if (!orders || !by_customer) return 1;
  WriteBatch batch;
  batch.Put("17", "three shells", *orders);
  batch.Put("anna/17", "", *by_customer);
  if (!(*db)->Write({.sync = true}, batch)) return 1;
  auto of_anna = (*db)->NewIterator({.range = KeyRange::OfPrefix("anna/"), .table = *by_customer});
  if (!of_anna) return 1;
  Iterator& entry = **of_anna;
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    auto order = (*db)->Get({.table = *orders}, entry.key().substr(5));
    if (!order || !*order) return 1;
    std::printf("anna ordered %s\n", (*order)->c_str());
  }
  if (!entry.status()) return 1;
  of_anna->reset();  // before the handle goes
  return (*db)->Close() ? 0 : 1;
}
