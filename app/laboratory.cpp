#include "app/laboratory.h"

#include "app/readers.h"

namespace palimpsest {

Laboratory::Laboratory(Workspace& workspace, FrameClock& frames)
    : blobs(readBlob), images(readPicture), lab{workspace.runs(), cursor, selection, blobs, images, frames, workspace.api().inspectors} {
  QObject::connect(&workspace, &Workspace::focusChanged, &cursor, &Cursor::setRun);
  QObject::connect(&cursor, &Cursor::runChanged, &workspace, [&workspace](RunData* run) {
    if (run && run != workspace.focus()) workspace.setFocus(run);
  });
  // Images are counted in the data of the run in focus: of other data they are other images.
  QObject::connect(&cursor, &Cursor::runChanged, &selection, [this, data = std::string()](RunData* run) mutable {
    if (!run || !run->started() || run->start().data == data) return;
    if (!data.empty()) selection.clear();
    data = run->start().data;
  });
}

}  // namespace palimpsest
