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

// run.json of a prepared session.
Value headerOf(const Session& session);

}  // namespace palimpsest
