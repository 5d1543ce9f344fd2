// From a plan to a session: everything that can be wrong is found here, before anything is started or written.
#pragma once

#include <filesystem>
#include <memory>

#include "engine/record/run_header.h"
#include "engine/session/session.h"

namespace palimpsest {

// nullptr when `issues` got an error. `folder` empty: nothing will be recorded. `resuming`: the folder holds the run.
std::unique_ptr<Session> prepare(const RunPlan& plan, const std::filesystem::path& folder, bool resuming, Issues& issues);

// Why a session is not the one that a run began with: its images or its weights are others by now.
Issues strayed(const record::RunHeader& then, const Session& session);

// A recorded run's session as it was before the first step, on this device and with this many threads (0: as the run had):
// what is the matter with it, its data or its weights goes to `issues`, and null comes back. Nothing is written.
std::unique_ptr<Session> reopened(const std::filesystem::path& folder, const record::RunHeader& header, const std::string& device,
                                  int threads, Issues& issues);

// run.json of a prepared session.
Value headerOf(const Session& session);

}  // namespace palimpsest
