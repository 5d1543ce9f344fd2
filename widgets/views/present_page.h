// Teaching scenes, one after another, for a room: large type, thick strokes, one sentence and one question at a time. Space or
// PageDown goes on (first to the answer, then to the next scene), PageUp back, B makes the screen black, Esc leaves.
#pragma once

#include <QPointer>
#include <QThreadPool>
#include <QTimer>
#include <QWidget>
#include <filesystem>
#include <memory>
#include <vector>

#include "widgets/models/lab.h"
#include "widgets/models/scene.h"

class QLabel;
class QStackedWidget;

namespace palimpsest {

class MatrixView;
class PointerHalo;
class SceneCurve;
class ScenePrompts;

class PresentPage : public QWidget {
  Q_OBJECT
 public:
  explicit PresentPage(Lab& lab, QWidget* parent = nullptr);
  ~PresentPage() override;

  // Folders with *.json scenes and with recorded runs. What is wrong with a scene is emitted, once a problem.
  void setFolders(const std::filesystem::path& scenes, const std::filesystem::path& recordings);
  void start(int scene = 0);  // also without scenes: then it says so
  int scenes() const { return int(scenes_.size()); }
  int current() const { return current_; }   // -1: none
  bool revealed() const { return revealed_; }
  bool black() const;
  void next();
  void back();
  void setBlack(bool black);
  RunData* stage() const { return stage_.get(); }  // what the scene shows of its run; nullptr while it is being read

 Q_SIGNALS:
  void left();  // Esc
  void problem(const palimpsest::Issue& issue);
  void sceneChanged(int scene);

 protected:
  bool event(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  struct Told {
    std::vector<Event> events;
    QString problem;
  };
  void build();
  void enlarge();
  void open(int scene);
  void load(const std::filesystem::path& folder);
  void told(int turn, Told told);
  void tell(int tasks);     // events up to the end of so many tasks; 0: all
  void reveal(bool at_once);
  void advance();           // one more task while it is revealed
  void say();
  bool takes(int key) const;
  std::filesystem::path folderOf(const TeachingScene& scene) const;
  Lab& lab_;
  std::filesystem::path scenes_folder_, recordings_;
  std::vector<TeachingScene> scenes_;
  int current_ = -1, turn_ = 0;
  bool revealed_ = false, growing_ = false;
  std::vector<Event> events_;
  std::size_t next_ = 0;  // first event that the stage has not been told
  std::unique_ptr<RunData> stage_;
  QTimer growth_;
  QLabel *title_, *place_, *caption_, *question_, *empty_, *keys_;
  QStackedWidget* views_;
  SceneCurve* curve_;
  MatrixView* matrix_;
  ScenePrompts* prompts_;
  QWidget* curtain_;
  PointerHalo* halo_;
  QThreadPool disk_;
};

}  // namespace palimpsest
