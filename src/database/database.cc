// What is static in sagitta::Database.
#include "sagitta/database.h"

#include "database/build_info.h"
#include "database/data_directory.h"
#include "database/database_impl.h"
#include "database/no_throw.h"
#include "kernels/kernels.h"

namespace sagitta {

Result<std::unique_ptr<Database>> Database::Open(DatabaseOptions options) {
  return database::NoThrow([&] { return database::DatabaseImpl::Open(options); });
}

VersionInfo Database::Version() {
  return {database::kVersion, database::kCommit,
          std::string(kernels::LevelName(kernels::ActiveLevel())),
          database::DataDirectory::kFormatVersion};
}

}  // namespace sagitta
