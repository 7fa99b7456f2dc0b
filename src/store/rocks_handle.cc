#include "store/rocks_handle.h"

#include <rocksdb/convenience.h>
#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "store/close_seal.h"
#include "store/keys.h"
#include "store/rocks_log.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/value_codec.h"

namespace sagitta::store {
namespace {

// Memtables that an open filled with less than this wait for more, or small files would pile up.
constexpr uint64_t kWorthFlushing = 32u << 20;

// Newer RocksDB hands out a unique_ptr, older a raw pointer.
template <typename Db>
rocksdb::Status OpenRocks(const RocksOpenSpec& spec,
                          std::vector<rocksdb::ColumnFamilyHandle*>* handles,
                          std::unique_ptr<Db>* db) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families = spec.families;
  for (auto& family : families) {
    // The memtable's filter is sized as a share of the memtable: keep its bytes as they are.
    family.options.memtable_prefix_bloom_size_ratio *=
        static_cast<double>(family.options.write_buffer_size) / kRecoveryMemtableBytes;
    family.options.write_buffer_size = kRecoveryMemtableBytes;
  }
  if constexpr (requires { Db::Open(spec.options, spec.path, families, handles, db); }) {
    return Db::Open(spec.options, spec.path, families, handles, db);
  } else {
    Db* raw = nullptr;
    rocksdb::Status status = Db::Open(spec.options, spec.path, families, handles, &raw);
    db->reset(raw);
    return status;
  }
}

}  // namespace

RocksHandle::RocksHandle(RocksOpenSpec spec)
    : spec_(std::move(spec)),
      what_(spec_.what + " " + spec_.path),
      errors_(std::make_shared<ErrorState>(what_)) {
  spec_.options.listeners.push_back(std::make_shared<ErrorListener>(errors_));
  spec_.options.info_log = std::make_shared<RocksLog>(what_);
}

Result<std::unique_ptr<RocksHandle>> RocksHandle::Open(RocksOpenSpec spec) {
  std::unique_ptr<RocksHandle> handle(new RocksHandle(std::move(spec)));
  try {
    SAGITTA_RETURN_IF_ERROR(handle->OpenDb());
  } catch (const std::exception& e) {  // no memory, or no thread to be had
    return Status::Internal(handle->what_ + ": " + e.what());
  }
  return handle;
}

Status RocksHandle::OpenDb() {
  const bool exists = base::FileExists(spec_.path + "/CURRENT");
  SAGITTA_ASSIGN_OR_RETURN(const uint64_t reached, CheckBeforeOpen(spec_.path));
  if (!exists && !spec_.create_if_missing) {
    return Status::DataLoss(what_ + " is missing");
  }
  if (exists) {
    SAGITTA_RETURN_IF_ERROR(CheckKnownFamilies());
  } else {
    SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(spec_.path));
  }
  SAGITTA_RETURN_IF_ERROR(FromRocks(OpenRocks(spec_, &families_, &db_), what_));
  SAGITTA_RETURN_IF_ERROR(RestoreMemtableSizes());
  const uint64_t sequence = db_->GetLatestSequenceNumber();
  if (sequence < reached) {
    return Status::DataLoss(what_ + ": the log ends at write " + std::to_string(sequence) +
                            "; it had reached " + std::to_string(reached) + " when closed");
  }
  return CheckFormatVersion();
}

Status RocksHandle::RestoreMemtableSizes() {
  for (size_t i = 0; i < families_.size(); ++i) {
    const rocksdb::ColumnFamilyOptions& options = spec_.families[i].options;
    SAGITTA_RETURN_IF_ERROR(
        FromRocks(db_->SetOptions(families_[i],
                                  {{"write_buffer_size", std::to_string(options.write_buffer_size)},
                                   {"memtable_prefix_bloom_size_ratio",
                                    std::to_string(options.memtable_prefix_bloom_size_ratio)}}),
                  what_));
  }
  uint64_t replayed = 0;
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &replayed);
  if (replayed < kWorthFlushing) return Status::Ok();
  // In the background, so that the next open has less to replay.
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  return FromRocks(db_->Flush(options, families_), what_);
}

Status RocksHandle::CheckKnownFamilies() const {
  std::vector<std::string> names;
  SAGITTA_RETURN_IF_ERROR(
      FromRocks(rocksdb::DB::ListColumnFamilies(spec_.options, spec_.path, &names), what_));
  for (const std::string& name : names) {
    const bool known = std::any_of(spec_.families.begin(), spec_.families.end(),
                                   [&](const auto& family) { return family.name == name; });
    if (!known) {
      return Status::FailedPrecondition(what_ + " has a column family '" + name +
                                        "', which this build does not know: a newer version "
                                        "wrote it");
    }
  }
  return Status::Ok();
}

Status RocksHandle::CheckFormatVersion() {
  rocksdb::ColumnFamilyHandle* family = families_[spec_.format_handle];
  std::string value;
  const rocksdb::Status found = db_->Get({}, family, ToSlice(kFormatKey), &value);
  if (found.IsNotFound()) {
    if (db_->GetLatestSequenceNumber() != 0) {
      return DamagedValue(spec_.format_family, kFormatKey,
                          "the format version is missing in " + what_);
    }
    std::string body;
    base::PutLe(body, spec_.format_version);
    rocksdb::WriteBatch batch;
    const std::string stored = EncodeValue(spec_.format_family, kFormatKey, body);
    SAGITTA_RETURN_IF_ERROR(FromRocks(batch.Put(family, ToSlice(kFormatKey), stored), what_));
    return Write(&batch, true);
  }
  SAGITTA_RETURN_IF_ERROR(FromRocks(found, what_));
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body,
                           CheckValue(spec_.format_family, kFormatKey, value));
  uint32_t version = 0;
  if (!base::GetLe(body, &version) || !body.empty() || version == 0) {
    return DamagedValue(spec_.format_family, kFormatKey, "malformed body");
  }
  if (version > spec_.format_version) {
    return Status::FailedPrecondition(what_ + " has format version " + std::to_string(version) +
                                      "; this build supports versions 1 to " +
                                      std::to_string(spec_.format_version));
  }
  return Status::Ok();
}

RocksHandle::~RocksHandle() {
  if (db_ == nullptr) return;
  // A log that has failed must not be touched again: RocksDB built with assertions would abort.
  rocksdb::Status status;
  if (errors_->healthy()) status = db_->FlushWAL(/*sync=*/true);
  const bool sound = status.ok() && errors_->healthy();
  rocksdb::CancelAllBackgroundWork(db_.get(), /*wait=*/true);
  const uint64_t sequence = db_->GetLatestSequenceNumber();
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  status = db_->Close();
  db_.reset();
  if (!sound || !status.ok()) {
    base::LogWarn("{}: closed after an error: {}", what_, status.ToString());
    return;
  }
  const Status sealed = WriteCloseSeal(spec_.path, sequence);
  if (!sealed.ok()) base::LogWarn("{}: {}", what_, sealed.ToString());
}

Status RocksHandle::Write(rocksdb::WriteBatch* batch, bool sync, Reserve reserve) {
  if (reserve == Reserve::kKept) {
    const Status room = CheckRoom(batch->GetDataSize());
    if (!room.ok()) return errors_->Record(room, ErrorState::Source::kBackground);
  }
  if (!errors_->healthy()) SAGITTA_RETURN_IF_ERROR(GoOnAfterFullDisk());
  if (base::g_faults_active.load(std::memory_order_relaxed)) {
    const Status fault = base::PassFaultPoint("store.commit");
    // Not as a write that failed: RocksDB has not seen it.
    if (!fault.ok()) return errors_->Record(fault, ErrorState::Source::kBackground);
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = db_->Write(options, batch);
  if (status.ok()) return Status::Ok();
  return errors_->Record(status, ErrorState::Source::kWrite);
}

Status RocksHandle::CheckRoom(uint64_t bytes) const {
  if (spec_.reserve_bytes == 0) return Status::Ok();
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(spec_.path, error);
  const uint64_t wanted = spec_.reserve_bytes + bytes;
  if (error || space.available >= wanted) return Status::Ok();
  return Status::ResourceExhausted(std::to_string(space.available) +
                                   " bytes are free; writes need " + std::to_string(wanted));
}

bool RocksHandle::HasNothingInMemory() const {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    uint64_t entries = 0;
    db_->GetIntProperty(family, rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries);
    if (entries > 0) return false;
  }
  return true;
}

Status RocksHandle::GoOnAfterFullDisk() {
  if (!errors_->passing()) return errors_->status();
  if (errors_->write_failed() && HasNothingInMemory()) {
    // RocksDB begins a new log only with a flush, and the present one has failed.
    return errors_->Record(Status::Unavailable("its log met a full disk"),
                           ErrorState::Source::kWrite);
  }
  const bool write_failed = errors_->ForgetPassing();
  rocksdb::Status status = db_->Resume();
  if (status.ok() && write_failed) status = MakeFailedWritesUnreachable();
  if (!status.ok()) {
    return errors_->Record(
        status, write_failed ? ErrorState::Source::kWrite : ErrorState::Source::kBackground);
  }
  if (!errors_->healthy()) return errors_->status();
  base::LogInfo("{}: there is room on the disk again, writes go on", what_);
  return Status::Ok();
}

// A write that failed may have left its whole record in the log, and RocksDB would replay it after
// a crash, over later writes that reuse its numbers. So every family is made to flush (a deletion
// of a key that nobody has is enough to give it something to flush): then no log up to this point
// is read again. One more such deletion leaves something in memory: should the next write fail too,
// going on can flush again.
rocksdb::Status RocksHandle::MakeFailedWritesUnreachable() {
  rocksdb::WriteBatch batch;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    rocksdb::Status status = batch.Delete(family, rocksdb::Slice());
    if (!status.ok()) return status;
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  rocksdb::Status status = db_->Write(options, &batch);
  if (status.ok()) status = db_->Flush(rocksdb::FlushOptions(), families_);
  if (status.ok()) status = LeaveDeletion(/*sync=*/true);
  return status;
}

Status RocksHandle::Flush() {
  if (!errors_->healthy()) return errors_->status();
  SAGITTA_RETURN_IF_ERROR(CheckRoom(MemtableBytes()));
  const rocksdb::Status status = db_->Flush(rocksdb::FlushOptions(), families_);
  if (status.ok()) return Status::Ok();
  return errors_->Record(status, ErrorState::Source::kBackground);
}

Status RocksHandle::KeepSomethingInMemory() {
  if (!errors_->healthy()) return errors_->status();
  const rocksdb::Status status = LeaveDeletion(/*sync=*/false);
  if (status.ok()) return Status::Ok();
  return errors_->Record(status, ErrorState::Source::kWrite);
}

// Of a key that nobody has.
rocksdb::Status RocksHandle::LeaveDeletion(bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  return db_->Delete(options, families_[0], rocksdb::Slice());
}

uint64_t RocksHandle::MemtableBytes() const {
  using Properties = rocksdb::DB::Properties;
  uint64_t bytes = 0;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    // An empty memtable has a size too, that of its filter.
    uint64_t active = 0, waiting = 0, size = 0;
    db_->GetIntProperty(family, Properties::kNumEntriesActiveMemTable, &active);
    db_->GetIntProperty(family, Properties::kNumEntriesImmMemTables, &waiting);
    if (active + waiting == 0) continue;
    db_->GetIntProperty(family, Properties::kCurSizeAllMemTables, &size);
    bytes += size;
  }
  return bytes;
}

DiskUse RocksHandle::CountDisk() const {
  DiskUse use;
  std::error_code error;
  for (std::filesystem::directory_iterator it(spec_.path, error), end; !error && it != end;
       it.increment(error)) {
    // A file may vanish between listing and asking: RocksDB removes what it no longer needs.
    struct stat info {};
    if (::stat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    // Blocks count what is reserved; the size counts what has no blocks yet.
    const auto blocks = static_cast<uint64_t>(info.st_blocks) * 512;
    const uint64_t bytes = std::max(blocks, static_cast<uint64_t>(info.st_size));
    (it->path().extension() == ".log" ? use.wal : use.tables) += bytes;
  }
  return use;
}

}  // namespace sagitta::store
