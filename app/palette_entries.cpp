#include "app/palette_entries.h"

#include <QAction>
#include <QCoreApplication>

#include "app/actions.h"
#include "widgets/style/swatch.h"

namespace palimpsest {

namespace {

QString tr(const char* text) { return QCoreApplication::translate("Palette", text); }

QString plain(QString text) { return text.remove(QLatin1Char('&')).remove(QStringLiteral("...")).remove(QChar(0x2026)); }

PaletteEntry entryOf(QAction* action, const QString& kind) {
  PaletteEntry entry;
  entry.kind = kind;
  entry.text = plain(action->text());
  // An action without a tip of its own repeats its text there.
  if (plain(action->toolTip()) != entry.text) entry.detail = action->toolTip();
  entry.shortcut = action->shortcut().toString(QKeySequence::NativeText);
  entry.icon = action->icon();
  entry.enabled = action->isEnabled();
  entry.choose = [action = QPointer<QAction>(action)] {
    if (action) action->trigger();
  };
  return entry;
}

QString classNames(const RunStarted& start, int dataset_class) {
  if (dataset_class >= 0 && std::size_t(dataset_class) < start.class_names.size())
    return QString::fromStdString(start.class_names[std::size_t(dataset_class)]);
  return tr("class %1").arg(dataset_class);
}

int taskOf(const RunStarted& start, int label) {
  int task = 0, end = 0;
  for (const int size : start.task_sizes) {
    end += size;
    if (label < end) return task;
    ++task;
  }
  return -1;
}

void addRows(const ParamFormModel& form, const QModelIndex& group, const std::function<void(const QString&)>& reveal, std::vector<PaletteEntry>& out) {
  for (int row = 0; row < form.rowCount(group); ++row) {
    const QModelIndex name = form.index(row, ParamFormModel::Name, group), setting = form.index(row, ParamFormModel::Setting, group);
    PaletteEntry entry;
    entry.kind = tr("setting");
    entry.text = name.data().toString();
    const QString where = group.data().toString(), doc = name.data(ParamFormModel::DocRole).toString(), value = setting.data().toString();
    entry.detail = tr("%1: now %2. %3").arg(where, value, doc);
    const QString path = name.data(ParamFormModel::PathRole).toString();
    entry.choose = [reveal, path] { reveal(path); };
    out.push_back(std::move(entry));
  }
}

}  // namespace

PaletteProvider actionEntries(Actions& actions) {
  return [&actions] {
    std::vector<PaletteEntry> out;
    for (const ActionRow& row : Actions::table()) {
      PaletteEntry entry = entryOf(actions[row.act], qstrcmp(row.group, "perspective") == 0 ? tr("perspective") : tr("action"));
      const QString menu = plain(Actions::textOf(row.menu));
      entry.detail = entry.detail.isEmpty() ? menu : tr("%1: %2").arg(menu, entry.detail);
      out.push_back(std::move(entry));
    }
    return out;
  };
}

PaletteProvider actionEntries(std::vector<QAction*> actions, const QString& kind) {
  std::vector<QPointer<QAction>> kept(actions.begin(), actions.end());
  return [kept, kind] {
    std::vector<PaletteEntry> out;
    for (const QPointer<QAction>& action : kept)
      if (action && action->isVisible() && !action->isSeparator()) out.push_back(entryOf(action, kind));
    return out;
  };
}

PaletteProvider runEntries(RunListModel& runs, std::function<void(RunData*)> focus) {
  return [&runs, focus] {
    std::vector<PaletteEntry> out;
    for (int row = 0; row < runs.rowCount(); ++row) {
      QPointer<RunData> run = runs.at(row);
      PaletteEntry entry;
      entry.kind = tr("run");
      entry.text = run->title();
      entry.detail = tr("%1, %2").arg(run->id(), statusText(*run));
      entry.icon = style::swatch(run->colour_slot);
      entry.choose = [run, focus] {
        if (run) focus(run);
      };
      out.push_back(std::move(entry));
    }
    return out;
  };
}

PaletteProvider classEntries(Cursor& cursor, std::function<void(int)> chosen) {
  return [&cursor, chosen] {
    std::vector<PaletteEntry> out;
    if (!cursor.run()) return out;
    const RunStarted& start = cursor.run()->start();
    std::vector<int> order = start.class_order;
    if (order.empty())
      for (std::size_t i = 0; i < start.class_names.size(); ++i) order.push_back(int(i));
    for (std::size_t label = 0; label < order.size(); ++label) {
      const int of = order[label], task = taskOf(start, int(label));
      PaletteEntry entry;
      entry.kind = tr("class");
      entry.text = classNames(start, of);
      entry.detail = task < 0 ? tr("Selects its test images") : tr("Selects its test images; learned in task %1").arg(task + 1);
      entry.choose = [chosen, of] { chosen(of); };
      out.push_back(std::move(entry));
    }
    return out;
  };
}

PaletteProvider settingEntries(ParamFormModel& form, std::function<void(const QString&)> reveal) {
  return [&form, reveal] {
    std::vector<PaletteEntry> out;
    for (int group = 0; group < form.rowCount(); ++group) addRows(form, form.index(group, 0), reveal, out);
    return out;
  };
}

PaletteProvider namedEntries(std::function<std::vector<PaletteChoice>()> choices, const QString& kind, std::function<void(const QString&)> choose) {
  return [choices, kind, choose] {
    std::vector<PaletteEntry> out;
    for (const PaletteChoice& choice : choices()) {
      PaletteEntry entry;
      entry.kind = kind;
      entry.text = choice.title.isEmpty() ? choice.name : choice.title;
      entry.detail = choice.doc.isEmpty() ? choice.name : tr("%1: %2").arg(choice.name, choice.doc);
      entry.choose = [choose, name = choice.name] { choose(name); };
      out.push_back(std::move(entry));
    }
    return out;
  };
}

}  // namespace palimpsest
