// What all views of one window share, and who owns it: the cursor, the selection, and the stores of tensors and images.
#pragma once

#include "app/workspace.h"
#include "widgets/models/lab.h"

namespace palimpsest {

class Laboratory {
 public:
  explicit Laboratory(Workspace& workspace, FrameClock& frames);  // both borrowed; the cursor and the workspace agree on the focus
  Laboratory(const Laboratory&) = delete;

  Cursor cursor;
  Selection selection;
  BlobStore blobs;
  ImageStore images;
  Lab lab;
};

}  // namespace palimpsest
