#include "widgets/models/log.h"

#include <QDateTime>
#include <algorithm>

#include "widgets/models/log_sink.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {
namespace {

constexpr int kFrameMs = 50;

LogLine::Level levelOf(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return LogLine::Level::Trace;
    case spdlog::level::debug:
      return LogLine::Level::Debug;
    case spdlog::level::info:
      return LogLine::Level::Info;
    case spdlog::level::warn:
      return LogLine::Level::Warning;
    default:
      return LogLine::Level::Error;
  }
}

QString text(const spdlog::string_view_t& s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

}  // namespace

// The model is woken once until it has collected; the bound keeps a stalled window from eating the memory.
void LogInbox::post(LogLine line) {
  const std::lock_guard lock(mutex_);
  if (!model_) return;
  const bool wake = lines_.empty();
  if (lines_.size() >= 2 * capacity_) lines_.erase(lines_.begin(), lines_.begin() + std::ptrdiff_t(capacity_));
  lines_.push_back(std::move(line));
  LogModel* const model = model_;
  if (wake)
    QMetaObject::invokeMethod(
        model,
        [model] {
          if (!model->frame_.isActive()) model->frame_.start();
        },
        Qt::QueuedConnection);
}

std::vector<LogLine> LogInbox::takeAll() {
  const std::lock_guard lock(mutex_);
  return std::exchange(lines_, {});
}

LogModel::LogModel(QObject* parent, int capacity)
    : QAbstractTableModel(parent), capacity_(std::max(1, capacity)), inbox_(std::make_shared<LogInbox>()) {
  inbox_->model_ = this;
  inbox_->capacity_ = std::size_t(capacity_);
  frame_.setSingleShot(true);
  frame_.setInterval(kFrameMs);
  connect(&frame_, &QTimer::timeout, this, &LogModel::collect);
}

LogModel::~LogModel() {
  const std::lock_guard lock(inbox_->mutex_);
  inbox_->model_ = nullptr;
}

void LogModel::collect() {
  std::vector<LogLine> fresh = inbox_->takeAll();
  if (fresh.size() > std::size_t(capacity_)) fresh.erase(fresh.begin(), fresh.end() - capacity_);
  if (fresh.empty()) return;
  const int surplus = int(lines_.size() + fresh.size()) - capacity_;
  if (surplus > 0) {
    beginRemoveRows({}, 0, surplus - 1);
    lines_.erase(lines_.begin(), lines_.begin() + surplus);
    endRemoveRows();
  }
  const int row = rowCount();
  beginInsertRows({}, row, row + int(fresh.size()) - 1);
  std::move(fresh.begin(), fresh.end(), std::back_inserter(lines_));
  endInsertRows();
}

void LogModel::clear() {
  beginResetModel();
  inbox_->takeAll();
  lines_.clear();
  endResetModel();
}

int LogModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(lines_.size()); }
int LogModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant LogModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const LogLine& line = this->line(index.row());
  switch (role) {
    case Qt::DisplayRole:
      switch (index.column()) {
        case Time:
          return QDateTime::fromMSecsSinceEpoch(line.at_us / 1000).toString(QStringLiteral("HH:mm:ss.zzz"));
        case LevelName:
          return levelName(line.level);
        case RunName:
          return line.run;
        default:
          return line.text;
      }
    case Qt::ToolTipRole:
      return index.column() == Text ? QVariant(line.text) : QVariant();
    case Qt::FontRole:
      return index.column() == Time ? QVariant(style::tabularFont()) : QVariant();
    case Qt::ForegroundRole:
      if (line.level == LogLine::Level::Error) return style::error();
      if (line.level == LogLine::Level::Warning) return style::warning();
      return index.column() == Text && line.level == LogLine::Level::Info ? QVariant() : QVariant(style::muted());
    case LevelRole:
      return int(line.level);
    case RunRole:
      return line.run;
    case TextRole:
      return line.text;
    case TimeRole:
      return qint64(line.at_us);
    default:
      return {};
  }
}

QVariant LogModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  switch (section) {
    case Time:
      return tr("Time");
    case LevelName:
      return tr("Level");
    case RunName:
      return tr("Run");
    case Text:
      return tr("Message");
    default:
      return {};
  }
}

void LogFilter::setLowestLevel(LogLine::Level level) {
  level_ = level;
  invalidateFilter();
}

void LogFilter::setRun(const QString& run) {
  run_ = run;
  invalidateFilter();
}

void LogFilter::setText(const QString& text) {
  words_ = text.split(QLatin1Char(' '), Qt::SkipEmptyParts);
  invalidateFilter();
}

bool LogFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
  const QModelIndex at = sourceModel()->index(row, LogModel::Text, parent);
  if (at.data(LogModel::LevelRole).toInt() < int(level_)) return false;
  const QString run = at.data(LogModel::RunRole).toString();
  if (!run_.isEmpty() && run != run_) return false;
  const QString text = at.data(LogModel::TextRole).toString();
  return std::all_of(words_.begin(), words_.end(), [&](const QString& word) {
    return text.contains(word, Qt::CaseInsensitive) || run.contains(word, Qt::CaseInsensitive);
  });
}

QString levelName(LogLine::Level level) {
  switch (level) {
    case LogLine::Level::Trace:
      return LogModel::tr("trace");
    case LogLine::Level::Debug:
      return LogModel::tr("debug");
    case LogLine::Level::Info:
      return LogModel::tr("info");
    case LogLine::Level::Warning:
      return LogModel::tr("warning");
    case LogLine::Level::Error:
      return LogModel::tr("error");
  }
  return {};
}

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(message.time.time_since_epoch());
  inbox_->post({since.count(), levelOf(message.level), text(message.logger_name), text(message.payload)});
}

}  // namespace palimpsest
