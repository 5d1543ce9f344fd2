// What the palette lists by default. Everything is borrowed and must live as long as the palette.
#pragma once

#include <QPointer>

#include "app/palette_model.h"
#include "widgets/models/cursor.h"
#include "widgets/models/param_form.h"
#include "widgets/models/run_list.h"

class QAction;

namespace palimpsest {

class Actions;

// All of the table of actions, also those without a key; perspectives are called so.
PaletteProvider actionEntries(Actions& actions);
// Anything else that is an action: docks' own, a page's own. Hidden ones are left out.
PaletteProvider actionEntries(std::vector<QAction*> actions, const QString& kind);
PaletteProvider runEntries(RunListModel& runs, std::function<void(RunData*)> focus);
// Classes of the run that the cursor is on, in the order in which it learns them; `chosen` gets the class of the data set.
PaletteProvider classEntries(Cursor& cursor, std::function<void(int dataset_class)> chosen);
// Every row of the form, whatever depth is shown; `reveal` gets "phases.0.epochs".
PaletteProvider settingEntries(ParamFormModel& form, std::function<void(const QString& path)> reveal);
struct PaletteChoice {
  QString name, title, doc;  // what is handed on; for people
};
// Recipes, or anything else that is chosen by a name.
PaletteProvider namedEntries(std::function<std::vector<PaletteChoice>()> choices, const QString& kind, std::function<void(const QString& name)> choose);

}  // namespace palimpsest
