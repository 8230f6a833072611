// SPDX-License-Identifier: Apache-2.0

// Random histories and a power loss, judged by naive models that know all versions of every sector,
// and every legal set of names.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kSizeMax = 3 * kBlock;
constexpr std::uint64_t kSectors = kSizeMax / kSectorSize;

// One file, byte by byte: what programs see, and all that power loss may leave of each sector.
class FileModel {
 public:
  FileModel() : seen_(kSizeMax, '\0'), versions_(kSectors, {std::string(kSectorSize, '\0')}) {}

  void Write(std::uint64_t offset, const std::string& data, bool durable) {
    seen_.replace(offset, data.size(), data);
    const std::uint64_t end = offset + data.size();
    for (std::uint64_t s = offset / kSectorSize; s * kSectorSize < end; ++s) {
      if (durable) versions_[s].clear();
      versions_[s].push_back(seen_.substr(s * kSectorSize, kSectorSize));
    }
    const std::uint64_t size = std::max(size_, end);
    if (!durable) return SetSize(size);
    size_ = size;
    const bool enough = *std::min_element(sizes_.begin(), sizes_.end()) >= end;
    if (!enough) sizes_ = {size};
  }
  void Truncate(std::uint64_t size) {
    if (size < size_) {
      std::fill(seen_.begin() + static_cast<std::ptrdiff_t>(size), seen_.end(), '\0');
      for (std::uint64_t s = size / kSectorSize; s < kSectors; ++s) {
        versions_[s].push_back(seen_.substr(s * kSectorSize, kSectorSize));
      }
    }
    SetSize(size);
  }
  void Allocate(std::uint64_t size) { SetSize(std::max(size_, size)); }
  void Sync() {
    for (std::uint64_t s = 0; s < kSectors; ++s) {
      versions_[s] = {seen_.substr(s * kSectorSize, kSectorSize)};
    }
    sizes_ = {size_};
  }
  // A write that may or may not have reached the disk.
  void MaybeWrite(std::uint64_t offset, const std::string& data) { Write(offset, data, false); }

  std::string seen() const { return seen_.substr(0, size_); }
  std::uint64_t size() const { return size_; }

  // What is wrong with `content` as the outcome of a power loss; empty when it is legal.
  std::string Judge(const std::string& content, bool tear) const {
    if (std::find(sizes_.begin(), sizes_.end(), content.size()) == sizes_.end()) {
      return "no version has size " + std::to_string(content.size());
    }
    for (std::uint64_t s = 0; s * kSectorSize < content.size(); ++s) {
      const std::string sector = content.substr(s * kSectorSize, kSectorSize);
      if (!LegalSector(versions_[s], sector, tear)) return "sector " + std::to_string(s);
    }
    return {};
  }

 private:
  void SetSize(std::uint64_t size) {
    size_ = size;
    sizes_.push_back(size);
  }
  static bool LegalSector(const std::vector<std::string>& versions, const std::string& sector,
                          bool tear) {
    const std::size_t length = sector.size();
    std::set<std::string> known;
    for (const std::string& version : versions) known.insert(version.substr(0, length));
    if (known.contains(sector)) return true;
    if (!tear) return false;
    // A prefix of one version and the suffix of another.
    for (const std::string& low : known) {
      for (const std::string& high : known) {
        const auto differ = std::mismatch(sector.begin(), sector.end(), low.begin());
        const auto split = static_cast<std::size_t>(differ.first - sector.begin());
        if (sector.substr(split) == high.substr(split)) return true;
      }
    }
    return false;
  }

  std::string seen_;
  std::uint64_t size_ = 0;
  std::vector<std::vector<std::string>> versions_;
  std::vector<std::uint64_t> sizes_ = {0};
};

// Data that differ in every byte from step to step, so that no mix looks like a version by chance.
std::string Data(RandomStream& random, std::uint64_t length, int step) {
  if (random.Chance(1, 8)) return std::string(length, '\0');
  return std::string(length, static_cast<char>('!' + step % 90));
}

struct Submission {
  WriteTicket ticket;
  std::uint64_t offset;
  std::string data;
};

// One history on one file. Returns what is illegal about its outcome.
std::string RunDataHistory(std::uint64_t seed) {
  RandomStream random(RandomValue(seed, 7));
  const bool tear = random.Chance(1, 2);
  DiskFixture f(seed, {.torn_percent = tear ? 50U : 0U});
  FileModel model;
  const Descriptor buffered = f.Create("f");
  const Descriptor direct = f.Open("f", env::OpenMode::kReadWrite, true);
  EXPECT_EQ(f.disk->SyncDirectory("/"), 0);
  std::vector<Submission> in_flight;
  for (std::uint64_t round = 0; round < 3; ++round) {
    const int steps = static_cast<int>(random.Between(0, 14));
    for (int step = 0; step < steps; ++step) {
      const std::uint64_t kind = random.Below(12);
      if (kind < 5) {
        const std::uint64_t offset = random.Below(kSizeMax - 1);
        const std::uint64_t longest = random.Chance(1, 2) ? 700 : kSizeMax;
        const std::uint64_t length = random.Between(1, std::min(longest, kSizeMax - offset));
        const std::string data = Data(random, length, step);
        EXPECT_EQ(f.disk->WriteAt(buffered, offset, data, false), 0);
        model.Write(offset, data, false);
      } else if (kind == 5) {
        const std::uint64_t size = random.Below(kSizeMax);
        EXPECT_EQ(f.disk->Truncate(buffered, size), 0);
        model.Truncate(size);
      } else if (kind == 6) {
        const std::uint64_t size = random.Between(1, kSizeMax);
        EXPECT_EQ(f.disk->Allocate(buffered, size), 0);
        model.Allocate(size);
      } else if (kind == 7) {
        EXPECT_EQ(f.disk->SyncData(buffered), 0);
        model.Sync();
      } else if (kind == 8) {
        const std::uint64_t offset = random.Below(3) * kBlock;
        const std::string data = Data(random, kBlock, step);
        EXPECT_EQ(f.disk->WriteAt(direct, offset, data, true), 0);
        model.Write(offset, data, true);
      } else if (kind == 9 && in_flight.size() < 3) {
        Submission submission{{}, random.Below(3) * kBlock, Data(random, kBlock, step)};
        EXPECT_EQ(f.disk->SubmitWrite(direct, submission.offset, submission.data, true,
                                      submission.ticket),
                  0);
        in_flight.push_back(submission);
      } else if (!in_flight.empty()) {
        const std::size_t which = random.Below(in_flight.size());
        EXPECT_EQ(f.disk->CompleteWrite(in_flight[which].ticket), 0);
        model.Write(in_flight[which].offset, in_flight[which].data, true);
        in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(which));
      }
      if (f.Content("f") != model.seen()) return "programs see something else";
    }
  }
  for (const Submission& write : in_flight) model.MaybeWrite(write.offset, write.data);
  if (random.Chance(1, 2)) f.disk->KillProcess(kProcess);
  const CutSummary cut = f.disk->PowerLoss();
  if (cut.operations_kept > cut.operations_pending) return "more kept than there was";
  if (!tear && cut.sectors_torn != 0) return "torn without the switch";
  const std::string content = f.Content("f");
  if (std::string wrong = model.Judge(content, tear); !wrong.empty()) return wrong;
  // Stable: a second power loss finds nothing to take.
  f.disk->PowerLoss();
  return f.Content("f") == content ? "" : "the second power loss changed it";
}

RC_GTEST_PROP(DiskPropertyTest, EverySectorAndSizeIsAVersion, (std::uint64_t seed)) {
  const std::string wrong = RunDataHistory(seed);
  if (!wrong.empty()) RC_FAIL(wrong);
}

TEST(DiskPropertyTest, HundredsOfFixedHistoriesAreLegal) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    ASSERT_EQ(RunDataHistory(seed), "") << "seed " << seed;
  }
}

TEST(DiskPropertyTest, SameSeedSameOutcome) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::uint64_t digests[2];
    for (std::uint64_t& digest : digests) {
      DiskFixture f(seed);
      const Descriptor file = f.CreateDurable("a", std::string(9000, 'a'));
      EXPECT_EQ(f.disk->WriteAt(file, 100, std::string(8000, 'b'), false), 0);
      f.Create("b");
      f.disk->PowerLoss();
      digest = f.disk->Digest();
    }
    EXPECT_EQ(digests[0], digests[1]);
  }
}

// Names: files carry their own number as content, so a tree is a map from path to number.
using Tree = std::map<std::string, std::string>;

struct NameStep {
  std::vector<std::string> names;    // touched; of a rename and a link the new one first
  std::vector<std::string> targets;  // what each name holds afterwards; empty: nothing
};

// All trees that a subset closed under "same names, earlier" leaves.
std::set<Tree> LegalTrees(const Tree& durable, const std::vector<NameStep>& pending) {
  std::set<Tree> legal;
  for (std::uint64_t subset = 0; subset < (std::uint64_t{1} << pending.size()); ++subset) {
    Tree tree = durable;
    std::set<std::string> blocked;
    bool closed = true;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      const NameStep& step = pending[i];
      const bool kept = (subset >> i & 1) != 0;
      for (std::size_t n = 0; n < step.names.size(); ++n) {
        if (kept && blocked.contains(step.names[n])) closed = false;
        if (!kept) blocked.insert(step.names[n]);
        if (!kept) continue;
        tree.erase(step.names[n]);
        if (!step.targets[n].empty()) tree[step.names[n]] = step.targets[n];
      }
    }
    if (closed) legal.insert(tree);
  }
  return legal;
}

class NamesHistory {
 public:
  explicit NamesHistory(std::uint64_t seed) : random_(RandomValue(seed, 8)), f_(seed) {
    EXPECT_EQ(f_.disk->CreateDirectory("d"), 0);
    EXPECT_EQ(f_.disk->SyncDirectory("/"), 0);
  }

  std::string Run() {
    const std::uint64_t steps = random_.Between(1, 20);
    for (std::uint64_t step = 0; step < steps && pending_.size() < 9; ++step) Step();
    if (Look() != seen_) return "programs see other names";
    const std::set<Tree> legal = LegalTrees(durable_, pending_);
    f_.disk->PowerLoss();
    return legal.contains(Look()) ? "" : "no legal cut leaves these names";
  }

 private:
  std::string AnyName() {
    static constexpr const char* kNames[] = {"a", "b", "c", "d/a", "d/b"};
    return kNames[random_.Below(std::size(kNames))];
  }
  void Record(const NameStep& step) {
    for (std::size_t n = 0; n < step.names.size(); ++n) {
      seen_.erase(step.names[n]);
      if (!step.targets[n].empty()) seen_[step.names[n]] = step.targets[n];
    }
    pending_.push_back(step);
  }
  void Step() {
    const std::uint64_t kind = random_.Below(10);
    const std::string from = AnyName();
    const std::string to = AnyName();
    if (kind < 4) {
      if (seen_.contains(from)) return;
      const std::string id = std::to_string(++last_id_);
      const Descriptor file = f_.Create(from);
      EXPECT_EQ(f_.disk->WriteAt(file, 0, id, false), 0);
      EXPECT_EQ(f_.disk->Sync(file), 0);
      f_.disk->Close(file);
      Record({{from}, {id}});
    } else if (kind < 6) {
      const bool is_there = seen_.contains(from);
      EXPECT_EQ(f_.disk->Rename(from, to), is_there ? 0 : -ENOENT);
      // Two names of one file: nothing happens.
      if (!is_there || (seen_.contains(to) && seen_[to] == seen_[from])) return;
      Record({{to, from}, {seen_[from], ""}});
    } else if (kind == 6) {
      if (!seen_.contains(from) || seen_.contains(to)) return;
      EXPECT_EQ(f_.disk->Link(from, to), 0);
      Record({{to, from}, {seen_[from], seen_[from]}});
    } else if (kind == 7) {
      if (!seen_.contains(from)) return;
      EXPECT_EQ(f_.disk->Remove(from), 0);
      Record({{from}, {""}});
    } else {
      SyncDirectory(kind == 8 ? "d" : "/");
    }
  }
  // Whatever touches the directory becomes durable, and what that depends on.
  void SyncDirectory(const std::string& directory) {
    EXPECT_EQ(f_.disk->SyncDirectory(directory), 0);
    std::set<std::string> needed;
    std::vector<NameStep> left;
    std::vector<NameStep> made_durable;
    for (auto step = pending_.rbegin(); step != pending_.rend(); ++step) {
      bool takes = false;
      for (const std::string& name : step->names) {
        const bool inside = (name.size() > 1) == (directory == "d");
        takes = takes || inside || needed.contains(name);
      }
      if (takes) needed.insert(step->names.begin(), step->names.end());
      (takes ? made_durable : left).push_back(*step);
    }
    for (auto step = made_durable.rbegin(); step != made_durable.rend(); ++step) {
      for (std::size_t n = 0; n < step->names.size(); ++n) {
        durable_.erase(step->names[n]);
        if (!step->targets[n].empty()) durable_[step->names[n]] = step->targets[n];
      }
    }
    pending_.assign(left.rbegin(), left.rend());
  }
  Tree Look() {
    Tree tree;
    for (const std::string& name : f_.List("/")) {
      if (name != "d") tree[name] = f_.Content(name);
    }
    for (const std::string& name : f_.List("d")) tree["d/" + name] = f_.Content("d/" + name);
    return tree;
  }

  RandomStream random_;
  DiskFixture f_;
  Tree seen_;
  Tree durable_;
  std::vector<NameStep> pending_;
  int last_id_ = 0;
};

RC_GTEST_PROP(DiskPropertyTest, NamesAreALegalSubset, (std::uint64_t seed)) {
  const std::string wrong = NamesHistory(seed).Run();
  if (!wrong.empty()) RC_FAIL(wrong);
}

TEST(DiskPropertyTest, HundredsOfFixedNameHistoriesAreLegal) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    ASSERT_EQ(NamesHistory(seed).Run(), "") << "seed " << seed;
  }
}

// Faults everywhere: whatever happens, the invariants of the disk hold, and nothing that is read is
// neither old nor new.
TEST(DiskPropertyTest, HistoriesFullOfFaultsKeepTheInvariants) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    DiskFixture f(seed, {.capacity_bytes = 48 << 10, .torn_percent = 50});
    RandomStream random(RandomValue(seed, 9));
    for (const char* site :
         {"disk.eio.write", "disk.eio.sync", "disk.no_space", "disk.eio.sync_directory"}) {
      f.decisions.SetRate(site, 150'000);
    }
    for (std::uint64_t life = 0; life < 4; ++life) {
      const ProcessId process{static_cast<std::uint32_t>(life + 1)};
      for (int step = 0; step < 40; ++step) {
        const std::string path(1, static_cast<char>('a' + random.Below(3)));
        Descriptor file;
        const bool direct = random.Chance(1, 3);
        const bool create = f.disk->Exists(path) == 0;
        const env::OpenMode mode = create ? env::OpenMode::kCreate : env::OpenMode::kReadWrite;
        if (f.disk->Open(process, path, {mode, direct}, file) != 0) continue;
        const std::uint64_t offset = random.Below(4) * kBlock;
        const std::string data(kBlock, static_cast<char>('0' + step % 10));
        WriteTicket ticket;
        switch (random.Below(7)) {
          case 0: f.disk->WriteAt(file, offset, data, true); break;
          case 1: f.disk->SubmitWrite(file, offset, data, true, ticket); break;
          case 2: f.disk->Sync(file); break;
          case 3: f.disk->SyncDirectory("/"); break;
          case 4: f.disk->Truncate(file, random.Below(4 * kBlock)); break;
          case 5: f.disk->Allocate(file, random.Between(1, 4 * kBlock)); break;
          case 6: f.disk->Remove(path); break;
          default: break;
        }
        if (ticket != WriteTicket{} && random.Chance(1, 2)) f.disk->CompleteWrite(ticket);
        f.disk->Close(file);
      }
      f.disk->KillProcess(process);
      if (random.Chance(1, 2)) f.disk->PowerLoss();
      for (const std::string& name : f.List("/")) {
        for (const char byte : f.Content(name)) {
          ASSERT_TRUE(byte == '\0' || (byte >= '0' && byte <= '9')) << "seed " << seed;
        }
      }
    }
  }
}

// The same with every fault that there is and under every profile: looked away from damage, nothing
// is read that was never written, and all room comes back when all is removed.
TEST(DiskPropertyTest, HistoriesFullOfEveryFaultKeepTheInvariants) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const std::uint64_t capacity = 48 << 10;
    DiskFixture f(seed, {.capacity_bytes = capacity,
                         .torn_percent = 50,
                         .fsync_profile = static_cast<FsyncProfile>(seed % kFsyncProfiles)});
    RandomStream random(RandomValue(seed, 10));
    for (const KnownDiskFault& fault : KnownDiskFaults()) {
      if (random.Chance(1, 2)) f.decisions.SetRate(fault.site.name, 100'000);
    }
    for (std::uint64_t life = 0; life < 4; ++life) {
      const ProcessId process{static_cast<std::uint32_t>(life + 1)};
      for (int step = 0; step < 40; ++step) {
        const std::string path(1, static_cast<char>('a' + random.Below(3)));
        Descriptor file;
        const bool direct = random.Chance(1, 3);
        const bool create = f.disk->Exists(path) == 0;
        const env::OpenMode mode = create ? env::OpenMode::kCreate : env::OpenMode::kReadWrite;
        if (f.disk->Open(process, path, {mode, direct}, file) != 0) continue;
        const std::uint64_t offset = random.Below(4) * kBlock;
        const std::uint64_t inside = direct ? 0 : random.Below(kBlock);
        const std::string data(kBlock, static_cast<char>('0' + step % 10));
        char bytes[kBlock];
        WriteTicket ticket;
        switch (random.Below(9)) {
          case 0:
          case 1: f.disk->WriteAt(file, offset + inside, data, true); break;
          case 2: f.disk->SubmitWrite(file, offset + inside, data, true, ticket); break;
          case 3: f.disk->Sync(file); break;
          case 4: f.disk->SyncDirectory("/"); break;
          case 5: f.disk->Truncate(file, random.Below(4 * kBlock)); break;
          case 6: f.disk->Allocate(file, random.Between(1, 4 * kBlock)); break;
          case 7: f.disk->Remove(path); break;
          default: f.disk->ReadAt(file, offset, bytes, kBlock); break;
        }
        while (ticket != WriteTicket{} && random.Chance(1, 2)) {
          if (f.disk->CompleteWrite(ticket) <= 0) break;
        }
        f.disk->Close(file);
        for (const Damage& damage : f.disk->Damages()) {
          ASSERT_TRUE(damage.is_directory || damage.length > 0);
        }
      }
      f.disk->KillProcess(process);
      if (random.Chance(1, 2)) f.disk->PowerLoss();
      f.disk->SetDamageVisible(false);
      for (const char* name : {"a", "b", "c"}) {
        const auto content = f.disk->Inspect(name);
        if (!content) continue;
        ASSERT_EQ(content->find_first_not_of(std::string("0123456789\0", 11)), Bytes::npos)
            << "seed " << seed;
      }
      f.disk->SetDamageVisible(true);
    }
    f.disk->Remount();
    for (const KnownDiskFault& fault : KnownDiskFaults()) f.decisions.SetRate(fault.site.name, 0);
    for (const std::string& name : f.List("/")) EXPECT_EQ(f.disk->Remove(name), 0);
    EXPECT_EQ(f.disk->FreeSpace(), capacity) << "seed " << seed;
    EXPECT_EQ(f.disk->SyncDirectory("/"), 0);
    for (const Damage& damage : f.disk->Damages()) EXPECT_TRUE(damage.is_directory);
  }
}

}  // namespace
}  // namespace beach::sim
