// Lets QCOMPARE say what it found.
#pragma once

#include <QTest>
#include <string>

#include "engine/protocol/error.h"
#include "engine/protocol/issue.h"
#include "engine/protocol/value.h"

namespace QTest {
template <>
inline char* toString(const std::string& text) {
  return qstrdup(text.c_str());
}
template <>
inline char* toString(const palimpsest::Value& value) {
  return qstrdup((std::string(value.typeName()) + " " + value.text()).c_str());
}
template <>
inline char* toString(const palimpsest::Issue& issue) {
  return qstrdup(palimpsest::lineOf(issue).c_str());
}
}  // namespace QTest

namespace palimpsest::tests {

// The issue at this path; an empty one when there is none.
inline Issue issueAt(const Issues& issues, const std::string& path) {
  for (const Issue& issue : issues)
    if (issue.path == path) return issue;
  return {};
}
inline std::string linesOf(const Issues& issues) {
  std::string out;
  for (const Issue& issue : issues) out += lineOf(issue) + "\n";
  return out;
}

}  // namespace palimpsest::tests
