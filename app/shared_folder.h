// Folders that other machines write runs into. Blocking, for a thread of its own: a network answers when it likes.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace palimpsest {

// False on file systems over a network, where a lock that nobody seems to hold may well be held on another machine.
bool lockCanTell(const std::filesystem::path& folder);

struct SharedLook {
  bool readable = false;
  std::vector<std::filesystem::path> fresh;  // runs to show
  std::set<std::string> known;               // names that need no second look
};
// What has come since the last look. At the first one, runs that have ended are known and not shown: a shared folder may
// hold hundreds. One directory listing, and a stat() for each name that is no run yet.
SharedLook lookInto(const std::filesystem::path& folder, std::set<std::string> known, bool first);

}  // namespace palimpsest
