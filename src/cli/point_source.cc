#include "cli/point_source.h"

#include <algorithm>

#include "cli/byte_source.h"
#include "cli/json_text.h"
#include "cli/row_columns.h"
#include "cli/wire_json.h"

namespace sagitta::cli {
namespace {

constexpr size_t kMaxPointLine = size_t{64} << 20;

class DenseSource : public PointSource {
 public:
  DenseSource(std::unique_ptr<VectorReader> reader, std::unique_ptr<IdColumn> ids,
              std::unique_ptr<PayloadColumn> payloads, std::string field, std::string adapter)
      : reader_(std::move(reader)),
        ids_(std::move(ids)),
        payloads_(std::move(payloads)),
        field_(std::move(field)),
        adapter_(std::move(adapter)) {}

  Status Seek(uint64_t row) override {
    SAGITTA_RETURN_IF_ERROR(reader_->Seek(row));
    SAGITTA_RETURN_IF_ERROR(ids_->Seek(row));
    return payloads_ ? payloads_->Seek(row) : Status::Ok();
  }

  Status Next(size_t max_rows, v1::UpsertRequest* request, size_t* rows) override {
    VectorBlock block;
    SAGITTA_RETURN_IF_ERROR(reader_->Read(max_rows, &block));
    *rows = block.rows;
    if (block.rows == 0) return Status::Ok();
    std::vector<PointId> ids;
    SAGITTA_RETURN_IF_ERROR(ids_->Next(block.rows, &ids));
    std::vector<std::string> payloads;
    if (payloads_) SAGITTA_RETURN_IF_ERROR(payloads_->Next(block.rows, &payloads));
    const bool all_numbers = std::all_of(ids.begin(), ids.end(), [](const PointId& id) {
      return std::holds_alternative<uint64_t>(id.value());
    });
    // Columns take numbers only.
    return all_numbers ? FillColumns(block, ids, payloads, request->mutable_columns())
                       : FillPoints(block, ids, payloads, request);
  }

  std::optional<uint64_t> rows() const override { return reader_->info().rows; }
  std::optional<double> Fraction() const override { return std::nullopt; }

 private:
  Status FillColumns(VectorBlock& block, const std::vector<PointId>& ids,
                     std::vector<std::string>& payloads, v1::UpsertColumns* out) {
    for (const auto& id : ids) out->add_ids(std::get<uint64_t>(id.value()));
    auto* column = out->add_vectors();
    column->set_field(field_);
    column->set_adapter(adapter_);
    switch (block.element) {
      case Element::kF32:
        column->set_dtype(v1::DTYPE_F32);
        break;
      case Element::kF16:
        column->set_dtype(v1::DTYPE_F16);
        break;
      case Element::kI8:
        column->set_dtype(v1::DTYPE_I8);
        break;
      case Element::kU8:
        column->set_dtype(v1::DTYPE_U8);
        break;
      default:
        column->set_dtype(v1::DTYPE_F32);
        break;
    }
    const bool as_is = column->dtype() != v1::DTYPE_F32 || block.element == Element::kF32;
    if (as_is) {
      column->set_data(std::move(block.bytes));
    } else {
      for (size_t i = 0; i < block.rows; ++i) column->mutable_data()->append(block.Row(i).bytes);
    }
    for (auto& payload : payloads) out->add_payloads_json(std::move(payload));
    return Status::Ok();
  }

  Status FillPoints(const VectorBlock& block, const std::vector<PointId>& ids,
                    const std::vector<std::string>& payloads, v1::UpsertRequest* out) {
    for (size_t i = 0; i < block.rows; ++i) {
      v1::Point* point = out->add_points()->mutable_point();
      IdToWire(ids[i], point->mutable_id());
      v1::Vector& vector = (*point->mutable_vectors())[field_];
      VectorToWire(block.Row(i), &vector);
      vector.set_adapter(adapter_);
      if (payloads.empty()) continue;
      SAGITTA_ASSIGN_OR_RETURN(const auto json, ParseJson(payloads[i], "payload"));
      SAGITTA_RETURN_IF_ERROR(PayloadFromJson(json, point->mutable_payload()));
    }
    return Status::Ok();
  }

  std::unique_ptr<VectorReader> reader_;
  std::unique_ptr<IdColumn> ids_;
  std::unique_ptr<PayloadColumn> payloads_;
  std::string field_, adapter_;
};

class JsonlSource : public PointSource {
 public:
  JsonlSource(std::unique_ptr<ByteSource> source, std::string field, std::string adapter)
      : source_(std::move(source)), field_(std::move(field)), adapter_(std::move(adapter)) {}

  Status Seek(uint64_t row) override {
    if (row < row_) {
      SAGITTA_RETURN_IF_ERROR(source_->Seek(0));
      row_ = line_ = 0;
    }
    std::string text;
    while (row_ < row) {
      SAGITTA_ASSIGN_OR_RETURN(const bool more, NextLine(&text));
      if (!more) {
        return Status(StatusCode::kOutOfRange, source_->path() + ": has " + std::to_string(row_) +
                                                   " points, point " + std::to_string(row) +
                                                   " was asked for");
      }
    }
    return Status::Ok();
  }

  Status Next(size_t max_rows, v1::UpsertRequest* request, size_t* rows) override {
    std::string text;
    for (*rows = 0; *rows < max_rows; ++*rows) {
      SAGITTA_ASSIGN_OR_RETURN(const bool more, NextLine(&text));
      if (!more) break;
      const std::string where = source_->path() + ":" + std::to_string(line_);
      SAGITTA_ASSIGN_OR_RETURN(const auto json, ParseJson(text, where));
      v1::UpsertPoint* point = request->add_points();
      const Status status = PointFromJson(json, field_, point);
      if (!status.ok()) {
        const std::string at = status.field().empty() ? "" : status.field() + ": ";
        return Status::InvalidArgument("", where + ": " + at + status.message());
      }
      auto& vectors = *point->mutable_point()->mutable_vectors();
      if (adapter_.empty() || !vectors.contains(field_)) continue;
      vectors[field_].set_adapter(adapter_);
    }
    return Status::Ok();
  }

  std::optional<uint64_t> rows() const override { return std::nullopt; }
  std::optional<double> Fraction() const override { return source_->Fraction(); }

 private:
  // Blank lines are passed over.
  Result<bool> NextLine(std::string* text) {
    for (;;) {
      SAGITTA_ASSIGN_OR_RETURN(const bool more, source_->ReadLine(text, kMaxPointLine));
      if (!more) return false;
      ++line_;
      if (text->find_first_not_of(" \t") != std::string::npos) break;
    }
    ++row_;
    return true;
  }

  std::unique_ptr<ByteSource> source_;
  std::string field_, adapter_;
  uint64_t row_ = 0;
  uint64_t line_ = 0;
};

}  // namespace

Result<std::unique_ptr<PointSource>> OpenDenseSource(std::unique_ptr<VectorReader> reader,
                                                     const DenseSourceOptions& options) {
  SAGITTA_ASSIGN_OR_RETURN(auto ids, OpenIdColumn(options));
  SAGITTA_ASSIGN_OR_RETURN(auto payloads, OpenPayloadColumn(options));
  return std::unique_ptr<PointSource>(std::make_unique<DenseSource>(
      std::move(reader), std::move(ids), std::move(payloads), options.field, options.adapter));
}

Result<std::unique_ptr<PointSource>> OpenJsonlSource(const std::string& path,
                                                     const std::string& field,
                                                     const std::string& adapter) {
  SAGITTA_ASSIGN_OR_RETURN(auto source, ByteSource::Open(path));
  return std::unique_ptr<PointSource>(
      std::make_unique<JsonlSource>(std::move(source), field, adapter));
}

}  // namespace sagitta::cli
