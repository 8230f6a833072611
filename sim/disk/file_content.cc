// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/file_content.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "base/check.h"

namespace beach::sim {
namespace {

// Beyond it the kernel's write-back is taken to have begun: the older half becomes durable. Bounds
// the memory of files that nobody syncs.
constexpr std::size_t kPendingMax = 8192;

bool AllZero(ByteView data) {
  if (data.empty()) return true;
  if (data.front() != 0) return false;
  return std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0;
}

}  // namespace

void FileContent::Read(std::uint64_t offset, char* target, std::uint64_t length) const {
  BEACH_CHECK_LE(offset + length, size_);
  cached_.Read(offset, target, length);
}

Slice FileContent::Round(std::uint64_t offset, ByteView data, std::uint64_t& first,
                         std::uint64_t& count) const {
  BEACH_CHECK(!data.empty());
  const std::uint64_t end = offset + data.size();
  first = offset / kSectorSize;
  count = SectorsFor(end) - first;
  const std::uint64_t head = offset % kSectorSize;
  const std::uint64_t tail = end % kSectorSize;
  if (head == 0 && tail == 0 && AllZero(data)) return Slice{};
  // What a block has of zeros at its end, as most of a log's have, takes no memory.
  std::uint64_t held = count;
  const auto last_held = [&] { return data.substr((held - 1) * kSectorSize - head, kSectorSize); };
  while (tail == 0 && held > 1 && AllZero(last_held())) --held;
  const auto buffer = std::make_shared_for_overwrite<char[]>(held * kSectorSize);
  if (head != 0) cached_.Read(first * kSectorSize, buffer.get(), kSectorSize);
  if (tail != 0 && (head == 0 || count > 1)) {
    const std::uint64_t last = count - 1;
    cached_.Read((first + last) * kSectorSize, buffer.get() + last * kSectorSize, kSectorSize);
  }
  std::memcpy(buffer.get() + head, data.data(),
              std::min<std::uint64_t>(data.size(), held * kSectorSize - head));
  return Slice{buffer, 0, held};
}

void FileContent::Record(DataOperation operation) {
  if (operation.durable && data_.empty()) {
    ApplyWhole(operation);
    return;
  }
  BEACH_CHECK(data_.empty() || data_.back().number <= operation.number);
  data_.push_back(std::move(operation));
  // Cut between numbers: the parts of one call stay together.
  if (data_.size() > kPendingMax) Sync(data_[data_.size() / 2].number);
}

void FileContent::RecordSize(std::uint64_t operation, std::uint64_t size, Durability durability,
                             std::uint64_t size_needed) {
  if (durability == Durability::kLater) {
    // After a failed sync the size may be among what was forgotten: write it again.
    if (size == size_ && !forgotten_) return;
    size_ = size;
    sizes_.push_back({operation, size});
    return;
  }
  size_ = size;
  bool enough = durable_size_ >= size_needed;
  for (const SizeOperation& pending : sizes_) enough = enough && pending.size >= size_needed;
  if (enough) return;
  // The inode is written as it stands now, whatever older size was still on its way.
  durable_size_ = size_;
  sizes_.clear();
  SettleSize(operation);
}

void FileContent::Write(std::uint64_t operation, std::uint64_t offset, ByteView data,
                        Durability durability) {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  const Slice slice = Round(offset, data, first, count);
  cached_.Put(first, count, slice);
  const bool durable = durability == Durability::kAtOnce;
  Record({operation, first, count, slice, Kind::kWrite, durable});
  const std::uint64_t end = offset + data.size();
  RecordSize(operation, std::max(size_, end), durability, end);
}

void FileContent::WriteInPart(std::uint64_t operation, std::uint64_t offset, ByteView data,
                              bool cached, Cut& cut) {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  const Slice slice = Round(offset, data, first, count);
  std::vector<Cut::SectorRun> runs;
  cut.ChooseSectors(operation, count, runs);
  const std::uint64_t end = offset + data.size();
  std::uint64_t end_kept = 0;
  for (const Cut::SectorRun& run : runs) {
    if (!cached) cached_.Put(first + run.first, run.count, slice.Skip(run.first));
    end_kept = std::min(end, (first + run.first + run.count) * kSectorSize);
  }
  if (cached) {
    cached_.Put(first, count, slice);
    end_kept = end;
    forgotten_ = true;
  }
  for (const Cut::SectorRun& run : runs) {
    Record({operation, first + run.first, run.count, slice.Skip(run.first), Kind::kWrite, true});
  }
  // The size goes the buffered way: it is metadata, which the failed sync has not written.
  if (end_kept > size_) RecordSize(operation, end_kept, Durability::kLater, 0);
}

void FileContent::Truncate(std::uint64_t operation, std::uint64_t size) {
  if (size < size_) {
    const std::uint64_t tail = size % kSectorSize;
    const std::uint64_t sector = size / kSectorSize;
    if (tail != 0 && cached_.Holds(sector)) {
      const auto buffer = std::make_shared<char[]>(kSectorSize);
      cached_.Read(sector * kSectorSize, buffer.get(), tail);
      cached_.Put(sector, 1, Slice{buffer, 0});
      Record({operation, sector, 1, Slice{buffer, 0}, Kind::kWrite, false});
    }
    const std::uint64_t first = SectorsFor(size);
    const std::uint64_t end = std::max(cached_.end(), durable_.end());
    if (end > first) {
      cached_.Remove(first, end - first);
      Record({operation, first, end - first, Slice{}, Kind::kHole, false});
    }
  }
  RecordSize(operation, size, Durability::kLater, 0);
  BEACH_CHECK_EQ(size_, size);
}

void FileContent::Allocate(std::uint64_t operation, std::uint64_t size) {
  const std::uint64_t sectors = SectorsFor(size);
  if (cached_.CountHoles(0, sectors) > 0) {
    cached_.FillHoles(0, sectors);
    Record({operation, 0, sectors, Slice{}, Kind::kReserve, false});
  }
  RecordSize(operation, std::max(size_, size), Durability::kLater, 0);
}

void FileContent::ApplyTo(ExtentMap& view, const DataOperation& operation) const {
  switch (operation.kind) {
    case Kind::kWrite: view.Put(operation.first, operation.count, operation.slice); break;
    case Kind::kHole: view.Remove(operation.first, operation.count); break;
    case Kind::kReserve: view.FillHoles(operation.first, operation.count); break;
  }
}

void FileContent::ApplyWhole(const DataOperation& operation) {
  if (operation.kind == Kind::kWrite) {
    PutDurable(operation.first, operation.count, operation.slice, operation.number);
    return;
  }
  ApplyTo(durable_, operation);
  if (damage_ == nullptr || operation.kind != Kind::kHole) return;
  damage_->Written(operation.first, operation.count, operation.number);
}

void FileContent::PutDurable(std::uint64_t first, std::uint64_t count, const Slice& slice,
                             std::uint64_t operation) {
  if (history_ != nullptr) history_->Put(first, count, ReadDurable(first, count));
  durable_.Put(first, count, slice);
  if (damage_ != nullptr) damage_->Written(first, count, operation);
}

void FileContent::Sync(std::uint64_t end) {
  std::size_t count = 0;
  while (count < data_.size() && data_[count].number < end) ApplyWhole(data_[count++]);
  // A durable write behind the last one covered has nothing left to wait for.
  while (count < data_.size() && data_[count].durable) ApplyWhole(data_[count++]);
  data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(count));
  std::size_t sizes = 0;
  while (sizes < sizes_.size() && sizes_[sizes].number < end) durable_size_ = sizes_[sizes++].size;
  if (sizes > 0) SettleSize(sizes_[sizes - 1].number);
  sizes_.erase(sizes_.begin(), sizes_.begin() + static_cast<std::ptrdiff_t>(sizes));
  if (end >= acknowledged_below_) acknowledged_below_ = 0;
  BEACH_CHECK(forgotten_ || !sizes_.empty() || durable_size_ == size_);
}

// Makes a sector of a pending write durable in part, if the cut says so. Two writes do not tear one
// sector: the power fails once.
bool FileContent::Tear(const DataOperation& operation, std::uint64_t relative, Cut& cut,
                       std::set<std::uint64_t>& torn) {
  bool new_first = true;
  const std::uint64_t split = cut.ChooseTear(operation.number, kSectorSize, new_first);
  const std::uint64_t sector = operation.first + relative;
  if (split == 0 || !torn.insert(sector).second) return false;
  const auto buffer = std::make_shared_for_overwrite<char[]>(kSectorSize);
  durable_.Read(sector * kSectorSize, buffer.get(), kSectorSize);
  durable_.Put(sector, 1, operation.slice.Skip(relative));
  const std::uint64_t low = new_first ? 0 : split;
  const std::uint64_t length = new_first ? split : kSectorSize - split;
  durable_.Read(sector * kSectorSize + low, buffer.get() + low, length);
  durable_.Put(sector, 1, Slice{buffer, 0});
  if (damage_ != nullptr) damage_->ClearAltered(sector, 1);
  return true;
}

FileContent::Settled FileContent::Settle(std::uint64_t end, Cut& cut, std::vector<CutPart>* parts) {
  Settled settled;
  std::set<std::uint64_t> torn;
  std::vector<Cut::SectorRun> runs;
  std::size_t count = 0;
  for (; count < data_.size() && data_[count].number < end; ++count) {
    const DataOperation& operation = data_[count];
    if (operation.durable) {
      ApplyWhole(operation);
      continue;
    }
    ++settled.pending;
    CutPart* const part = parts == nullptr ? nullptr : &parts->emplace_back(PartOf(operation));
    if (operation.kind != Kind::kWrite) {
      if (!cut.Keeps(operation.number)) continue;
      ApplyWhole(operation);
      ++settled.kept;
      if (part != nullptr) part->kept = true;
      continue;
    }
    cut.ChooseSectors(operation.number, operation.count, runs);
    bool touched = !runs.empty();
    for (const Cut::SectorRun& run : runs) {
      const std::uint64_t edge = run.first + run.count - 1;
      const bool tears = Tear(operation, edge, cut, torn);
      const std::uint64_t whole = tears ? run.count - 1 : run.count;
      if (part != nullptr) {
        const std::uint64_t first = operation.first + run.first;
        if (whole > 0) part->kept_ranges.push_back(BytesOf(first, whole));
        if (tears) part->torn.push_back(BytesOf(operation.first + edge, 1));
      }
      if (whole == 0) continue;
      PutDurable(operation.first + run.first, whole, operation.slice.Skip(run.first),
                 operation.number);
    }
    // Of a write that is lost, the first sector may have been under way.
    if (runs.empty()) {
      touched = Tear(operation, 0, cut, torn);
      if (touched && part != nullptr) part->torn.push_back(BytesOf(operation.first, 1));
    }
    if (touched) ++settled.kept;
    if (part != nullptr) part->kept = touched;
  }
  data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(count));
  settled.torn = torn.size();

  std::vector<std::uint64_t> numbers;
  while (numbers.size() < sizes_.size() && sizes_[numbers.size()].number < end) {
    numbers.push_back(sizes_[numbers.size()].number);
  }
  const std::size_t chosen = cut.ChooseSize(numbers);
  BEACH_CHECK_LE(chosen, numbers.size());
  for (std::size_t i = 0; parts != nullptr && i < numbers.size(); ++i) {
    CutPart& part = parts->emplace_back();
    part.number = numbers[i];
    part.what = "size " + std::to_string(sizes_[i].size);
    part.kept = i < chosen;
  }
  if (chosen > 0) {
    durable_size_ = sizes_[chosen - 1].size;
    SettleSize(sizes_[chosen - 1].number);
  }
  sizes_.erase(sizes_.begin(), sizes_.begin() + static_cast<std::ptrdiff_t>(numbers.size()));
  settled.pending += numbers.size();
  settled.kept += chosen;
  return settled;
}

// Data beyond the size that survived are gone.
void FileContent::ChopDurable() {
  const std::uint64_t first = SectorsFor(durable_size_);
  if (durable_.end() > first) {
    if (damage_ != nullptr) damage_->ClearAltered(first, durable_.end() - first);
    durable_.Remove(first, durable_.end() - first);
  }
  const std::uint64_t tail = durable_size_ % kSectorSize;
  const std::uint64_t sector = durable_size_ / kSectorSize;
  if (tail == 0 || !durable_.Holds(sector)) return;
  const auto buffer = std::make_shared<char[]>(kSectorSize);
  durable_.Read(sector * kSectorSize, buffer.get(), tail);
  durable_.Put(sector, 1, Slice{buffer, 0});
}

void FileContent::Forget(std::uint64_t end, Cut& cut, SizeForgotten sizes) {
  if (data_.empty() && sizes_.empty()) return;
  std::optional<SizeOperation> newest;
  for (const SizeOperation& pending : sizes_) {
    if (pending.number < end) newest = pending;
  }
  Settle(end, cut);
  if (sizes == SizeForgotten::kNever && newest) {
    durable_size_ = newest->size;
    SettleSize(newest->number);
  }
  ChopDurable();
  forgotten_ = true;
}

void FileContent::Revert(std::uint64_t end, Cut& cut) {
  Forget(end, cut);
  cached_ = durable_;
  for (const DataOperation& pending : data_) ApplyTo(cached_, pending);
  forgotten_ = false;
  if (data_.empty() && sizes_.empty()) {
    size_ = durable_size_;
    return;
  }
  // An inode with newer dirty pages keeps its size.
  if (!sizes_.empty() && sizes_.back().size == size_) return;
  std::uint64_t number = sizes_.empty() ? 0 : sizes_.back().number;
  if (!data_.empty()) number = std::max(number, data_.back().number);
  sizes_.push_back({number, size_});
}

FileContent::Settled FileContent::PowerLoss(Cut& cut, std::vector<CutPart>* parts) {
  if (data_.empty() && sizes_.empty() && !forgotten_) {
    BEACH_CHECK_EQ(size_, durable_size_);
    return {};
  }
  const Settled settled = Settle(~std::uint64_t{0}, cut, parts);
  BEACH_CHECK(data_.empty());
  BEACH_CHECK(sizes_.empty());
  ChopDurable();
  MarkLostSize();
  cached_ = durable_;
  size_ = durable_size_;
  forgotten_ = false;
  return settled;
}

std::uint64_t FileContent::SectorsMissing(std::uint64_t offset, std::uint64_t length) const {
  const std::uint64_t first = offset / kSectorSize;
  return cached_.CountHoles(first, SectorsFor(offset + length) - first);
}

std::uint64_t FileContent::OldestPending(std::uint64_t none) const {
  if (!data_.empty()) none = std::min(none, data_.front().number);
  if (!sizes_.empty()) none = std::min(none, sizes_.front().number);
  return none;
}

}  // namespace beach::sim
