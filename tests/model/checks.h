// Reads of a collection compared with the model. Each adds a GoogleTest failure for every
// difference.
#pragma once

#include <string>

#include "sagitta/database.h"
#include "tests/model/model.h"

namespace sagitta::model {

// The point as the database returned it, with all its payload and vectors, is the model's.
void ExpectSamePoint(const Point& point, const ModelPoint& expected);
// Every point of the collection that matches, by scroll in pages of `page` and by count.
void ExpectSamePoints(const Collection& collection, const Model& model,
                      const std::optional<Filter>& filter, uint32_t page);
// An answer of an exact search without grouping: same ids and scores, apart from the order among
// points whose scores differ by less than a float can tell.
void ExpectExactHits(const Query& query, const std::vector<float>& target, const VectorField& field,
                     const Model& model, const QueryResult& result);
// What also an approximate search must hold to: live points only, that match, rightly scored, in
// order.
void ExpectSoundHits(const Query& query, const std::vector<float>& target, const VectorField& field,
                     const Model& model, const std::vector<Hit>& hits);
void ExpectExactGroups(const Query& query, const std::vector<float>& target,
                       const VectorField& field, const Model& model, const QueryResult& result);

// How far a float score of these small vectors may be from the double one.
double Tolerance(double score);

}  // namespace sagitta::model
