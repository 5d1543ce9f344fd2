// The transport's signs, painted in the present theme at every size: no icon theme is needed.
#pragma once

#include <QIcon>

namespace palimpsest {

enum class Sign { Run, Pause, Resume, Step, Stop };
QIcon transportIcon(Sign sign);

}  // namespace palimpsest
