// Engine → wire: statistics, jobs, snapshots. Pure, thread-safe.
#pragma once

#include "sagitta/admin.h"
#include "sagitta/v1/admin.pb.h"

namespace sagitta::server {

void ToProto(const SpaceUse& in, v1::SpaceUse* out);
void ToProto(const MemoryUse& in, v1::MemoryUse* out);
void ToProto(const CollectionStats& in, v1::CollectionStats* out);
void ToProto(const CompactionStatus& in, v1::GetCompactionResponse* out);
void ToProto(const SnapshotInfo& in, v1::Snapshot* out);
void ToProto(const VersionInfo& in, v1::GetVersionResponse* out);

}  // namespace sagitta::server
