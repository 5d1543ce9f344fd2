// What the views of one window share: the runs, the one cursor, the one selection, and where tensors and images come from.
// All borrowed; a view keeps a reference and lives shorter.
#pragma once

#include <filesystem>
#include <functional>

#include "engine/protocol/inspect.h"
#include "engine/protocol/value.h"
#include "widgets/feed/blob_store.h"
#include "widgets/feed/image_store.h"
#include "widgets/models/cursor.h"
#include "widgets/models/run_list.h"
#include "widgets/models/selection.h"

namespace palimpsest {

class FrameClock;

// As in engine/inspect.h: they block for seconds, read a run's folder and throw BadInput. Never on the window's thread.
// Unset where there is no engine: views then say that it cannot be asked.
struct Inspectors {
  std::function<Value(const std::filesystem::path& run, const InspectOptions&)> diagnose, invariance;
  std::function<Value(const std::filesystem::path& run, const WhatIf&, const InspectOptions&)> whatIf;
};

struct Lab {
  RunListModel& runs;
  Cursor& cursor;
  Selection& selection;
  BlobStore& blobs;
  ImageStore& images;
  FrameClock& frames;
  Inspectors inspectors;
};

}  // namespace palimpsest
