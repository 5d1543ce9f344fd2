// Work that may wait for a disk leaves the window's thread: `work` runs on a pool's thread, `done` gets its result
// back on the thread of `context`, unless that object has gone by then.
#pragma once

#include <QMetaObject>
#include <QPointer>
#include <QThreadPool>
#include <memory>
#include <type_traits>
#include <utility>

namespace palimpsest {

template <typename Work, typename Done>
void inBackground(QThreadPool& pool, QObject* context, Work work, Done done) {
  pool.start([work = std::move(work), done = std::move(done), context = QPointer<QObject>(context)]() mutable {
    using Result = std::invoke_result_t<Work>;
    auto result = std::make_shared<Result>(work());
    // The owner of `context` waits for its pool before it goes, so the pointer is good here.
    if (!context) return;
    QMetaObject::invokeMethod(
        context, [result, done = std::move(done)]() mutable { done(std::move(*result)); }, Qt::QueuedConnection);
  });
}

}  // namespace palimpsest
