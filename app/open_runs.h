// Which runs were open, ticked and looked at, and where the cursor stood: kept by folder, and put back as far as the folders are
// still there. A run comes in slices, so its part of the view is put back when it has been read that far.
#pragma once

#include <QObject>
#include <QVariantMap>
#include <filesystem>
#include <functional>
#include <vector>

#include "widgets/models/cursor.h"
#include "widgets/models/run_list.h"

namespace palimpsest {

class OpenRuns : public QObject {
  Q_OBJECT
 public:
  using Open = std::function<void(const std::filesystem::path& folder)>;  // may put the run into the list now or later
  using Focus = std::function<void(RunData* run)>;
  // All borrowed. `focus` is how the window puts a run under the cursor.
  OpenRuns(RunListModel& runs, Cursor& cursor, Open open, Focus focus, QObject* parent = nullptr);

  QVariantMap save() const;  // recordings and runs without a folder are left out
  void restore(const QVariantMap& kept);
  bool waiting() const;      // something is still to be put back
  void giveUp();             // a person went elsewhere: what is not there yet is left as it comes

 private:
  struct Kept {
    std::filesystem::path folder;
    bool ticked = true, found = false;
  };
  struct Place {  // of the cursor; step NaN: now
    std::filesystem::path run, other;
    double step = 0;
    std::int64_t sample = -1;
    bool focused = false, other_set = false, moved = true;
  };
  RunData* at(const std::filesystem::path& folder) const;
  void look();
  RunListModel& runs_;
  Cursor& cursor_;
  Open open_;
  Focus focus_;
  std::vector<Kept> kept_;
  Place place_;
  bool looking_ = false;
};

}  // namespace palimpsest
