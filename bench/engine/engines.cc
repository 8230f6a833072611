// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/engine.h"

namespace beach::bench {

Engines BuiltEngines() {
  Engines engines;
  engines.push_back(MakeBeachEngine(BEACH_BUILD));
#ifdef BEACH_PEER_ROCKSDB
  engines.push_back(MakeRocksEngine(BEACH_PEER_ROCKSDB));
#endif
#ifdef BEACH_PEER_LEVELDB
  engines.push_back(MakeLevelEngine(BEACH_PEER_LEVELDB));
#endif
#ifdef BEACH_PEER_LMDB
  engines.push_back(MakeLmdbEngine(BEACH_PEER_LMDB));
#endif
  return engines;
}

}  // namespace beach::bench
