// One line over everything that can be asked for (Ctrl+K): type a few letters, Return does the first, Esc leaves. Keyboard only;
// the pointer works too. What it lists comes from providers (palette_entries.h), so whoever owns the window adds its own.
#pragma once

#include <QDialog>
#include <vector>

#include "app/palette_model.h"

class QLabel;
class QLineEdit;
class QListView;

namespace palimpsest {

class CommandPalette : public QDialog {
  Q_OBJECT
 public:
  explicit CommandPalette(QWidget* window);
  void add(PaletteProvider provider) { providers_.push_back(std::move(provider)); }  // listed in the order of adding
  void popUp();  // over the upper middle of the window, empty; again while it is open: starts anew
  PaletteModel& model() { return model_; }
  void choose();  // the current row, and closes; nothing happens where it is not available

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void narrow(const QString& pattern);
  void tell();  // how many there are
  std::vector<PaletteProvider> providers_;
  PaletteModel model_;
  QLineEdit* line_;
  QListView* list_;
  QLabel* count_;
};

}  // namespace palimpsest
