#include "store/rocks_crc32c.h"

#include <gtest/gtest.h>
#include <rocksdb/file_checksum.h>

#include <memory>
#include <string>

#include "base/checksum.h"

namespace sagitta::store {
namespace {

// The stock generator stores the checksum big-endian.
TEST(RocksCrc32cTest, IsTheValueThatRocksDbStores) {
  for (size_t bytes : {0u, 1u, 7u, 8u, 63u, 64u, 1000u, 70'001u}) {
    std::string data(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) data[i] = static_cast<char>(i * 131 + bytes);
    std::unique_ptr<rocksdb::FileChecksumGenerator> generator =
        rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
    generator->Update(data.data(), bytes / 3);
    generator->Update(data.data() + bytes / 3, bytes - bytes / 3);
    generator->Finalize();
    const uint32_t crc = base::Crc32c(data);
    const std::string expected = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                                  static_cast<char>(crc >> 8), static_cast<char>(crc)};
    EXPECT_EQ(generator->GetChecksum(), expected) << bytes;
  }
}

#if defined(SAGITTA_INTERPOSE_ROCKSDB_CRC32C)
TEST(RocksCrc32cTest, RocksDbIsBoundToOurs) { EXPECT_TRUE(RocksUsesOurCrc32c()); }
#endif

}  // namespace
}  // namespace sagitta::store
