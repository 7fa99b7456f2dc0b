// MemoryRows: a segment's rows in memory, for tests of evaluation. Counts the payloads it hands
// out.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "filter/evaluate.h"

namespace sagitta::filter {

class MemoryRows : public RowSource {
 public:
  explicit MemoryRows(const std::vector<PayloadIndex>& definitions) {
    for (const PayloadIndex& definition : definitions) {
      indexes_[definition.path] = PayloadIndexData::Create(definition);
    }
  }

  void Add(PointId id, std::string payload) {
    const auto row = static_cast<uint32_t>(payloads_.size());
    for (auto& [path, index] : indexes_) index->Add(row, payload);
    payloads_.push_back(std::move(payload));
    ids_.push_back(std::move(id));
  }
  // Replaces each index by what its bytes give back. False when they are refused.
  bool Reload() {
    for (auto& [path, index] : indexes_) {
      const std::string bytes = index->Serialize();
      auto loaded = PayloadIndexData::Deserialize(index->definition(), bytes);
      if (!loaded.ok() || (*loaded)->Serialize() != bytes) return false;
      index = std::move(*loaded);
    }
    return true;
  }
  void Freeze() {
    for (auto& [path, index] : indexes_) index->Freeze();
  }

  const std::string& payload(size_t row) const { return payloads_[row]; }
  const PointId& id(size_t row) const { return ids_[row]; }
  size_t payloads_read() const { return payloads_read_; }
  void ResetCount() { payloads_read_ = 0; }

  size_t rows() const override { return payloads_.size(); }
  const PayloadIndexData* FindIndex(std::string_view path) const override {
    const auto at = indexes_.find(path);
    return at == indexes_.end() ? nullptr : at->second.get();
  }
  Status MarkIds(const std::vector<PointId>& ids, base::Bitset* rows) const override {
    for (size_t row = 0; row < ids_.size(); ++row) {
      for (const PointId& id : ids) {
        if (ids_[row] == id) rows->Set(row);
      }
    }
    return Status::Ok();
  }
  Status ReadPayloads(
      const base::Bitset& wanted,
      const std::function<Status(uint32_t, std::string_view)>& visit) const override {
    for (uint32_t row = 0; row < payloads_.size(); ++row) {
      if (!wanted.Test(row)) continue;
      ++payloads_read_;
      SAGITTA_RETURN_IF_ERROR(visit(row, payloads_[row]));
    }
    return Status::Ok();
  }

 private:
  std::map<std::string, std::unique_ptr<PayloadIndexData>, std::less<>> indexes_;
  std::vector<std::string> payloads_;
  std::vector<PointId> ids_;
  mutable size_t payloads_read_ = 0;
};

}  // namespace sagitta::filter
