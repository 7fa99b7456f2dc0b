#include "sagitta/schema.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace sagitta {
namespace {

// "k.k.k" for 3.
std::string PathOfKeys(size_t keys) {
  std::string path = "k";
  while (--keys > 0) path += ".k";
  return path;
}

CollectionSchema Good() {
  CollectionSchema schema;
  schema.name = "articles";
  VectorField& field = schema.fields.emplace_back();
  field.name = "text";
  field.dim = 384;
  return schema;
}

VectorField& Field(CollectionSchema& schema) { return schema.fields[0]; }
VectorField& Bits(CollectionSchema& schema) {
  Field(schema).storage = Dtype::kBits;
  Field(schema).metric = Metric::kHamming;
  return Field(schema);
}
IndexParams& Index(CollectionSchema& schema) { return schema.fields[0].index; }

struct Case {
  const char* field;
  std::function<void(CollectionSchema&)> change;
};

TEST(Schema, TheGoodOneIsValid) { EXPECT_EQ(Good().Validate().ToString(), "OK"); }

TEST(Schema, AcceptsTheEndsOfEachRange) {
  const std::function<void(CollectionSchema&)> changes[] = {
      [](auto& s) { s.shards = 64; },
      [](auto& s) { s.name = std::string(64, 'z'); },
      [](auto& s) { s.name = "0_-"; },
      [](auto& s) { Field(s).dim = 1; },
      [](auto& s) { Field(s).dim = 8192; },
      [](auto& s) {
        Index(s).hnsw = {2, 4, 1};
      },
      [](auto& s) {
        Index(s).hnsw = {128, 4096, 10000};
      },
      [](auto& s) {
        Index(s).ivf = {65536, 65536};
      },
      [](auto& s) {
        Index(s).ivf = {1, 1};
      },
      [](auto& s) {
        Index(s).pq = {384, 8, 100.0f};
      },
      [](auto& s) { Index(s).graph = {8, 16, 1.0f, 1, 1, 1.0f}; },
      [](auto& s) { Index(s).graph = {128, 4096, 2.0f, 8, 10000, 100.0f}; },
      [](auto& s) {
        Index(s).pq = {1, 4, 1.0f};
      },
      [](auto& s) {
        s.compaction = {64, 1, 1, 1, 1.0f};
      },
      [](auto& s) { s.compaction.seal_rows = 4194304; },
      [](auto& s) {
        s.indexes.push_back({std::string(256, 'k') + ".b", PayloadIndexKind::kBool});
      },
      [](auto& s) {
        s.indexes.push_back({PathOfKeys(32), PayloadIndexKind::kBool});
      },
      [](auto& s) { Field(s).metric = Metric::kCosine, Field(s).storage = Dtype::kBf16; },
      [](auto& s) { Bits(s).dim = 1; },
      [](auto& s) { Bits(s).dim = 65536; },
      [](auto& s) { Bits(s).metric = Metric::kJaccard; },
      [](auto& s) { Bits(s).index.kind = IndexKind::kBinaryFlat; },
      [](auto& s) { Bits(s).index.kind = IndexKind::kBinaryHnsw; },
      [](auto& s) { Bits(s).index.kind = IndexKind::kBinaryIvf; },
  };
  for (const auto& change : changes) {
    CollectionSchema schema = Good();
    change(schema);
    EXPECT_EQ(schema.Validate().ToString(), "OK");
  }
}

const Case kBad[] = {
    {"name", [](auto& s) { s.name = ""; }},
    {"name", [](auto& s) { s.name = std::string(65, 'z'); }},
    {"name", [](auto& s) { s.name = "Upper"; }},
    {"name", [](auto& s) { s.name = "-dash"; }},
    {"name", [](auto& s) { s.name = "../up"; }},
    {"name", [](auto& s) { s.name = std::string("nul\0", 4); }},
    {"shards", [](auto& s) { s.shards = 0; }},
    {"shards", [](auto& s) { s.shards = 65; }},
    {"fields", [](auto& s) { s.fields.clear(); }},
    {"fields", [](auto& s) { s.fields.assign(33, s.fields[0]); }},
    {"fields[1].name", [](auto& s) { s.fields.push_back(s.fields[0]); }},
    {"fields[0].name", [](auto& s) { Field(s).name = "no space"; }},
    {"fields[0].dim", [](auto& s) { Field(s).dim = 0; }},
    {"fields[0].dim", [](auto& s) { Field(s).dim = 8193; }},
    {"fields[0].metric", [](auto& s) { Field(s).metric = static_cast<Metric>(0); }},
    {"fields[0].metric", [](auto& s) { Field(s).metric = static_cast<Metric>(7); }},
    {"fields[0].storage", [](auto& s) { Field(s).storage = static_cast<Dtype>(7); }},
    {"fields[0].storage",
     [](auto& s) { Field(s).metric = Metric::kCosine, Field(s).storage = Dtype::kI8; }},
    {"fields[0].dim", [](auto& s) { Bits(s).dim = 65537; }},
    {"fields[0].metric", [](auto& s) { Bits(s).metric = Metric::kL2; }},
    {"fields[0].metric", [](auto& s) { Bits(s).storage = Dtype::kU8; }},
    {"fields[0].metric", [](auto& s) { Field(s).metric = Metric::kJaccard; }},
    {"fields[0].index.kind", [](auto& s) { Bits(s).index.kind = IndexKind::kFlat; }},
    {"fields[0].index.kind", [](auto& s) { Bits(s).index.kind = IndexKind::kGraph; }},
    {"fields[0].index.kind", [](auto& s) { Bits(s).index.kind = IndexKind::kBinary; }},
    {"fields[0].index.kind", [](auto& s) { Index(s).kind = IndexKind::kBinaryHnsw; }},
    {"fields[0].index.kind", [](auto& s) { Index(s).kind = static_cast<IndexKind>(0); }},
    {"fields[0].index.kind", [](auto& s) { Index(s).kind = IndexKind::kBinary; }},
    {"fields[0].index.graph.degree", [](auto& s) { Index(s).graph.degree = 7; }},
    {"fields[0].index.graph.degree", [](auto& s) { Index(s).graph.degree = 129; }},
    {"fields[0].index.graph.build_width", [](auto& s) { Index(s).graph.build_width = 15; }},
    {"fields[0].index.graph.alpha", [](auto& s) { Index(s).graph.alpha = 0.9f; }},
    {"fields[0].index.graph.alpha", [](auto& s) { Index(s).graph.alpha = 2.1f; }},
    {"fields[0].index.graph.code_bits", [](auto& s) { Index(s).graph.code_bits = 2; }},
    {"fields[0].index.graph.ef_search", [](auto& s) { Index(s).graph.ef_search = 10'001; }},
    {"fields[0].index.graph.oversampling", [](auto& s) { Index(s).graph.oversampling = 0.5f; }},
    {"fields[0].index.codec.model", [](auto& s) { Index(s).codec.kind = CodecKind::kLearned; }},
    {"fields[0].index.codec.model",
     [](auto& s) { Index(s).codec = {.kind = CodecKind::kLearned, .model = "codes"}; }},
    {"fields[0].index.codec.model", [](auto& s) { Index(s).codec.model = "codes@1"; }},
    {"fields[0].index.codec.bits",
     [](auto& s) { Index(s).codec = {.kind = CodecKind::kLearned, .bits = 2, .model = "a@1"}; }},
    {"fields[0].index.codec.kind",
     [](auto& s) { Index(s).codec.kind = static_cast<CodecKind>(0); }},
    {"fields[0].index.codec.bits",
     [](auto& s) { Index(s).codec = {.kind = CodecKind::kScalar, .bits = 9}; }},
    {"fields[0].index.codec.bits",
     [](auto& s) { Index(s).codec = {.kind = CodecKind::kRecurrent, .bits = 5}; }},
    {"fields[0].index.codec.bits",
     [](auto& s) { Index(s).codec = {.kind = CodecKind::kProduct, .bits = 6}; }},
    {"fields[0].index.codec.bits",
     [](auto& s) { Index(s).codec = {.kind = CodecKind::kF16, .bits = 16}; }},
    {"fields[0].index.codec.pieces", [](auto& s) { Index(s).codec.pieces = s.fields[0].dim + 1; }},
    {"fields[0].index.codec.bytes", [](auto& s) { Index(s).codec.bytes = 6; }},
    {"fields[0].index.codec.bytes", [](auto& s) { Index(s).codec.bytes = s.fields[0].dim + 7; }},
    {"fields[0].index.codec.transform",
     [](auto& s) { Index(s).codec.transform = CodecTransform::kPca; }},
    {"fields[0].index.codec.transform",
     [](auto& s) { Index(s).codec.transform = static_cast<CodecTransform>(0); }},
    {"fields[0].index.codec.transform",
     [](auto& s) {
       Index(s).codec = {.kind = CodecKind::kRowScaled, .transform = CodecTransform::kWhitening};
     }},
    {"fields[0].index.codec.width",
     [](auto& s) { Index(s).codec = {.kind = CodecKind::kSign, .width = 4}; }},
    {"fields[0].index.codec.width",
     [](auto& s) {
       Index(s).codec = {.kind = CodecKind::kSign,
                         .transform = CodecTransform::kPca,
                         .width = s.fields[0].dim + 1};
     }},
    {"fields[0].index.codec.width",
     [](auto& s) {
       Index(s).codec = {
           .kind = CodecKind::kSign, .transform = CodecTransform::kSparse, .width = 8193};
     }},
    {"fields[0].index.residency", [](auto& s) { Index(s).residency = static_cast<Residency>(0); }},
    {"fields[0].index.codec.dims", [](auto& s) { Index(s).codec.dims = s.fields[0].dim + 1; }},
    {"fields[0].index.codec.oversampling", [](auto& s) { Index(s).codec.oversampling = 0.5f; }},
    {"fields[0].index.kind",
     [](auto& s) {
       s.fields[0].metric = Metric::kL1;
       Index(s).kind = IndexKind::kFlatCodes;
     }},
    {"fields[0].index.kind", [](auto& s) { Index(s).kind = IndexKind::kBinary; }},
    {"fields[0].index.kind", [](auto& s) { Index(s).kind = IndexKind::kSparse; }},
    {"fields[0].index.kind", [](auto& s) { Index(s).kind = IndexKind::kMultiVector; }},
    {"fields[0].index.hnsw.m", [](auto& s) { Index(s).hnsw.m = 1; }},
    {"fields[0].index.hnsw.m", [](auto& s) { Index(s).hnsw.m = 129; }},
    {"fields[0].index.hnsw.ef_construction", [](auto& s) { Index(s).hnsw.ef_construction = 3; }},
    {"fields[0].index.hnsw.ef_construction", [](auto& s) { Index(s).hnsw.ef_construction = 4097; }},
    {"fields[0].index.hnsw.ef_search", [](auto& s) { Index(s).hnsw.ef_search = 0; }},
    {"fields[0].index.hnsw.ef_search", [](auto& s) { Index(s).hnsw.ef_search = 10001; }},
    {"fields[0].index.ivf.nlist", [](auto& s) { Index(s).ivf.nlist = 65537; }},
    {"fields[0].index.ivf.nprobe", [](auto& s) { Index(s).ivf.nprobe = 65537; }},
    {"fields[0].index.pq.m", [](auto& s) { Index(s).pq.m = 5; }},
    {"fields[0].index.pq.m", [](auto& s) { Index(s).pq.m = 768; }},
    {"fields[0].index.pq.nbits", [](auto& s) { Index(s).pq.nbits = 3; }},
    {"fields[0].index.pq.nbits", [](auto& s) { Index(s).pq.nbits = 9; }},
    {"fields[0].index.pq.oversampling", [](auto& s) { Index(s).pq.oversampling = 0.5f; }},
    {"fields[0].index.pq.oversampling", [](auto& s) { Index(s).pq.oversampling = 101; }},
    {"fields[0].index.pq.oversampling", [](auto& s) { Index(s).pq.oversampling = NAN; }},
    {"indexes", [](auto& s) { s.indexes.resize(65); }},
    {"indexes[0].path",
     [](auto& s) {
       s.indexes.push_back({"", PayloadIndexKind::kBool});
     }},
    {"indexes[0].path",
     [](auto& s) {
       s.indexes.push_back({"a..b", PayloadIndexKind::kBool});
     }},
    {"indexes[0].path",
     [](auto& s) {
       s.indexes.push_back({"a.", PayloadIndexKind::kBool});
     }},
    {"indexes[0].path",
     [](auto& s) {
       s.indexes.push_back({"\xFF", PayloadIndexKind::kBool});
     }},
    {"indexes[0].path",
     [](auto& s) {
       s.indexes.push_back({std::string(257, 'k'), PayloadIndexKind::kBool});
     }},
    {"indexes[0].path",
     [](auto& s) {
       s.indexes.push_back({PathOfKeys(33), PayloadIndexKind::kBool});
     }},
    {"indexes[0].path",
     [](auto& s) {
       s.indexes.push_back({".a", PayloadIndexKind::kBool});
     }},
    {"indexes[0].kind",
     [](auto& s) {
       s.indexes.push_back({"a", static_cast<PayloadIndexKind>(8)});
     }},
    {"indexes[0].text",
     [](auto& s) {
       s.indexes.push_back({"a", PayloadIndexKind::kGeo, {.stemmer = "english"}});
     }},
    {"indexes[0].text.stemmer",
     [](auto& s) {
       s.indexes.push_back({"a", PayloadIndexKind::kText, {.stemmer = "English"}});
     }},
    {"indexes[0].text.max_token_chars",
     [](auto& s) {
       s.indexes.push_back(
           {"a", PayloadIndexKind::kText, {.min_token_chars = 9, .max_token_chars = 8}});
     }},
    {"indexes[1].path",
     [](auto& s) {
       s.indexes = {{"a", PayloadIndexKind::kBool}, {"a", PayloadIndexKind::kInt64}};
     }},
    {"compaction.seal_rows", [](auto& s) { s.compaction.seal_rows = 63; }},
    {"compaction.seal_rows", [](auto& s) { s.compaction.seal_rows = 4194305; }},
    {"compaction.deleted_ratio", [](auto& s) { s.compaction.deleted_ratio = -0.1f; }},
    {"compaction.deleted_ratio", [](auto& s) { s.compaction.deleted_ratio = 1.1f; }},
    {"compaction.deleted_ratio", [](auto& s) { s.compaction.deleted_ratio = NAN; }},
};

TEST(Schema, RefusesAndNamesTheField) {
  for (const Case& bad : kBad) {
    CollectionSchema schema = Good();
    bad.change(schema);
    const Status status = schema.Validate();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << bad.field;
    EXPECT_EQ(status.field(), bad.field) << status.ToString();
    EXPECT_FALSE(status.message().empty());
  }
}

TEST(Schema, SaysWhatFieldsOfBitsTake) {
  CollectionSchema schema = Good();
  Bits(schema).index.kind = IndexKind::kHnsw;
  EXPECT_EQ(schema.Validate().message(),
            "HNSW is no index for vectors of BITS; AUTO, BINARY_FLAT, BINARY_HNSW and BINARY_IVF "
            "are");
  Bits(schema).metric = Metric::kCosine;
  EXPECT_EQ(schema.Validate().message(),
            "COSINE does not compare vectors of BITS; HAMMING and JACCARD do");
}

TEST(Schema, FindField) {
  const CollectionSchema schema = Good();
  EXPECT_EQ(schema.FindField("text"), &schema.fields[0]);
  EXPECT_EQ(schema.FindField("tex"), nullptr);
}

TEST(ValidateName, SaysWhatWasGiven) {
  const Status status = ValidateName("collection", "Bad Name");
  EXPECT_EQ(status.field(), "collection");
  EXPECT_NE(status.message().find("\"Bad Name\""), std::string::npos);
  EXPECT_NE(status.message().find("[a-z0-9][a-z0-9_-]{0,63}"), std::string::npos);
  EXPECT_LT(ValidateName("n", std::string(1 << 20, 'X')).message().size(), 300u);
}

}  // namespace
}  // namespace sagitta
