#include "app/shared_folder.h"

#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "app/run_scan.h"
#include "engine/record/run_folder.h"

namespace palimpsest {

bool lockCanTell(const std::filesystem::path& folder) {
  // NFS, SMB, CIFS, SMB2, FUSE (sshfs and others), 9P, Ceph, AFS: the numbers of statfs(2).
  constexpr std::array<std::uint32_t, 8> over_network = {0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x00c36400, 0x5346414f};
  struct statfs status {};
  if (::statfs(folder.c_str(), &status) != 0) return false;
  const auto kind = static_cast<std::uint32_t>(status.f_type);
  return std::find(over_network.begin(), over_network.end(), kind) == over_network.end();
}

SharedLook lookInto(const std::filesystem::path& folder, std::set<std::string> known, bool first) {
  SharedLook look;
  look.known = std::move(known);
  std::error_code trouble;
  std::filesystem::directory_iterator entries(folder, trouble);
  look.readable = !trouble;
  for (; !trouble && entries != std::filesystem::directory_iterator(); entries.increment(trouble)) {
    const std::filesystem::path path = entries->path();
    const std::string name = path.filename().string();
    if (look.known.contains(name) || !record::isRun(path)) continue;
    look.known.insert(name);
    const auto found = first ? scanRun(path) : std::nullopt;
    const bool ended = found && found->state != FoundRun::State::Interrupted && found->state != FoundRun::State::BeingWritten;
    if (!ended) look.fresh.push_back(path);
  }
  std::sort(look.fresh.begin(), look.fresh.end());
  return look;
}

}  // namespace palimpsest
