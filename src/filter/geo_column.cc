// The column of kGeo indexes.
#include "filter/geo_rows.h"
#include "filter/value_column.h"

namespace sagitta::filter {
namespace {

// No condition but a geo one takes an object, so that other conditions find nothing here.
class GeoColumn final : public ValueColumn {
 public:
  bool Add(uint32_t row, const ValueView& value) override {
    GeoPoint point;
    if (!ReadGeoPoint(value, &point)) return false;
    pairs_.Add(point, row);
    return true;
  }
  void FindEqual(const Value&, Found*) const override {}
  void FindRange(const Interval&, Found*) const override {}
  void FindDatetimes(const Interval&, Found*) const override {}
  bool FindGeo(const GeoRegion& region, Found* found) const override {
    if (found->sure.marking()) {
      pairs_.Find(region, &found->sure);
    } else {
      found->sure.AddCount(pairs_.Estimate(region));
    }
    return true;
  }
  void Freeze() override { pairs_.Freeze(); }
  void Serialize(std::string* out) const override { pairs_.Serialize(out); }
  bool Deserialize(std::string_view& in, uint64_t row_limit) override {
    return pairs_.Deserialize(in, row_limit);
  }
  size_t MemoryBytes() const override { return sizeof(*this) + pairs_.MemoryBytes(); }

 private:
  GeoRows pairs_;
};

}  // namespace

std::unique_ptr<ValueColumn> CreateGeoColumn() { return std::make_unique<GeoColumn>(); }

}  // namespace sagitta::filter
