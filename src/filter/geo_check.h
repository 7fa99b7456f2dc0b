// Whether the area of a geo condition is one. Thread-safe, pure.
#pragma once

#include "sagitta/geo.h"
#include "sagitta/status.h"

namespace sagitta::filter {

// Each: INVALID_ARGUMENT naming what is out of its range in sagitta/geo.h ("center.lat",
// "exterior[3].lon").
Status CheckCircle(const GeoCircle& circle);
Status CheckBox(const GeoBox& box);
Status CheckPolygon(const GeoPolygon& polygon);

}  // namespace sagitta::filter
