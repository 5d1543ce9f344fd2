// What views read from the disk through their stores: tensors of runs, and test images of their data. Any thread; nothing is
// thrown: what cannot be read says why.
#pragma once

#include "widgets/feed/blob_store.h"
#include "widgets/feed/image_store.h"

namespace palimpsest {

Blob readBlob(const std::filesystem::path& file);
Picture readPicture(const std::filesystem::path& source, std::int64_t sample);  // data sets stay open once used

}  // namespace palimpsest
