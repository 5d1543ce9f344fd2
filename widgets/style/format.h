// Numbers for people, in the language of the desktop. Fixed decimals, so that columns and status bars do not jitter.
#pragma once

#include <QFont>
#include <QString>
#include <cstdint>

namespace palimpsest::style {

QString percent(double percent);      // "84.2 %"; a dash when it is not a number
QString points(double points);        // percentage points without a sign for the unit: "7.9"
QString number(double value);         // four significant digits at most: "0.001875", "0.1"
QString integer(std::int64_t value);  // thin spaces between thousands: "60 000"
QString duration(double seconds);     // "0:41", "6:10", "1:02:03"; a dash when negative or not finite
QString left(double seconds);         // "6:10 left"; empty when unknown
QString bytes(std::int64_t bytes);    // "1.9 GB"
QString rate(double per_second);      // "612 img/s"; empty when not positive
// The application's font when its digits are equally wide, otherwise the fixed-width font in the same size.
QFont tabularFont();

}  // namespace palimpsest::style
