// The Embedding perspective: where the test images that a run kept lie after the task at the cursor, and how class means and keys
// wandered. Reads tensors through the laboratory's store, makes maps on a pool thread. Window's thread.
#pragma once

#include <QPointer>
#include <QThreadPool>
#include <QTimer>
#include <QWidget>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "widgets/models/embedding_map.h"
#include "widgets/models/lab.h"

class QLabel;
class QToolButton;

namespace palimpsest {

class EmbeddingBar;
class EmbeddingView;

class EmbeddingPage : public QWidget {
  Q_OBJECT
 public:
  explicit EmbeddingPage(Lab& lab, QWidget* parent = nullptr);
  ~EmbeddingPage() override;

  EmbeddingView& view() { return *view_; }
  const EmbeddingMap* map() const { return map_.get(); }  // the one shown; nullptr: none
  bool busy() const { return busy_; }                     // a map is being made
  QString status() const;                                 // the line below the map

 Q_SIGNALS:
  void problem(const QString& message);  // for the window to show

 private:
  struct Files {  // of a task, below blobs/; empty: none
    int task = 0;
    std::string features, prototypes, keys;
    bool operator==(const Files&) const = default;
  };
  struct Wanted {  // tells one map from another
    std::string source;
    std::vector<Files> files;
    MapOf of = MapOf::Features;
    MapMethod method = MapMethod::Pca;
    TsneOptions tsne;
    bool operator==(const Wanted&) const = default;
  };
  void connectParts();
  void watch(RunData* run);
  void gather();                             // what the map needs, then make()
  QString missing(const RunData* run) const;  // why there cannot be a map; empty: there can
  Wanted wantedOf(const RunData& run) const;
  std::vector<MapSource> sources(const RunData& run, const Wanted& wanted, int& absent);
  void make(MapRequest request, const Wanted& wanted);
  void made(std::shared_ptr<const EmbeddingMap> map);
  void cancel(bool by_hand);
  void present();                            // the map after the cursor's task, or words
  void look();                               // how it is shown
  void tell();                               // the line below
  void askNeighbours();
  void pick(qint64 sample, Qt::KeyboardModifiers keys);
  void catchImages(const QList<qint64>& samples, Qt::KeyboardModifiers keys);
  std::vector<int> layersOf(const RunData& run) const;

  Lab& lab_;
  EmbeddingBar* bar_;
  EmbeddingView* view_;
  QLabel* status_;
  QToolButton* cancel_;
  QPointer<RunData> run_;
  std::map<std::string, std::shared_ptr<const Blob>> held_;  // while a map is gathered, so that none is let go meanwhile
  std::shared_ptr<const EmbeddingMap> map_;
  Wanted wanted_;             // of the map that is shown or made
  QString words_, progress_;
  bool busy_ = false, given_up_ = false, neighbours_pending_ = false;
  std::uint64_t turn_ = 0;    // of the map being made; older ones come too late
  std::uint64_t asked_ = 0;   // the same for neighbours
  QTimer settle_;
  std::stop_source stop_, stop_neighbours_;
  QThreadPool pool_;
};

}  // namespace palimpsest
