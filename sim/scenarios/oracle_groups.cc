// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/oracle_groups.h"

namespace beach::sim::scenarios {

std::vector<Group> OracleGroups() {
  constexpr GroupKind kOracle = GroupKind::kOracle;
  return {
      {kOracle,
       "durability",
       "What was acknowledged as durable is there after any crash",
       {"durable-ack-lost"}},
      {kOracle,
       "recovered-state",
       "What an open finds is a prefix of what was written: whole batches, nothing old, nothing "
       "new",
       {"not-a-prefix", "torn-batch", "phantom-key", "phantom-entry", "damaged-entry",
        "resurrected", "out-of-order", "recovery-changed", "outcome-changed", "invented"}},
      {kOracle, "point-reads", "A read shows what the model allows then", {"wrong-read"}},
      {kOracle,
       "scans",
       "So does a scan, from both ends, in order, and however it turns",
       {"scan-mismatch", "scan-order", "scan-out-of-range"}},
      {kOracle,
       "sequence-numbers",
       "Each batch has numbers of its own, as many as entries, before it is acknowledged; none if "
       "it was refused",
       {"sequenced-unissued", "sequence-count", "sequenced-twice", "sequence-reused",
        "refused-but-shown", "acknowledged-unsequenced", "rejected-but-sequenced"}},
      {kOracle,
       "visible-sequence",
       "What readers are said to see ends with a batch, and never goes back",
       {"visible-sequence"}},
      {kOracle,
       "opens",
       "An open is refused only where a fault explains it, and the last ones never",
       {"refused-to-open", "no-recovery"}},
      {kOracle,
       "damage-claims",
       "What is reported as damage was damaged",
       {"false-corruption", "verify-damage"}},
      {kOracle,
       "verify",
       "Verifying between lives runs, and finds nothing left over after a close",
       {"verify-refused", "debris", "torn-after-close", "vouch-not-written"}},
      {kOracle,
       "loss-reports",
       "What a recovery gives up is what it says, no more than it must, and repairs keep to it",
       {"lost-too-much", "loss-untold", "loss-report", "lost-before-damage", "dry-run-changed"}},
      {kOracle, "modes", "The modes of recovery agree where they must", {"modes-disagree"}},
      {kOracle,
       "reserve",
       "Want of space: deletes go on, the reserve is kept for them and comes back",
       {"delete-refused", "reserve-misused", "no-reserve", "no-space-half-way"}},
      {kOracle,
       "poison",
       "Nothing is acknowledged behind a failure that cannot be undone",
       {"acknowledged-after-poison", "acknowledged-after-failure"}},
      {kOracle,
       "memory-bound",
       "A process asks for no more memory than it may need",
       {"unbounded-memory"}},
      {kOracle,
       "memtable",
       "Readers of a memtable see what was inserted, in order",
       {"wrong-entry", "lost-entry", "wrong-order"}},
  };
}

}  // namespace beach::sim::scenarios
