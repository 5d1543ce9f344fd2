#include "engine/weights/npz.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/weights/archive.h"
#include "engine/weights/mapped_file.h"

namespace palimpsest {
namespace {

constexpr std::string_view kArray = ".npy";
constexpr std::size_t kHighestRank = 8;
constexpr std::array<std::pair<std::string_view, Dtype>, 11> kTypes{{{"<f4", Dtype::F32},
                                                                     {"<f2", Dtype::F16},
                                                                     {"<f8", Dtype::F64},
                                                                     {"|V2", Dtype::BF16},
                                                                     {"<V2", Dtype::BF16},
                                                                     {"<i8", Dtype::I64},
                                                                     {"<i4", Dtype::I32},
                                                                     {"<i2", Dtype::I16},
                                                                     {"|i1", Dtype::I8},
                                                                     {"|u1", Dtype::U8},
                                                                     {"|b1", Dtype::Bool}}};

struct Header {
  Dtype dtype = Dtype::F32;
  bool fortran = false;
  Sizes shape;
  std::size_t data = 0;  // where they begin
};

// The Python dictionary that numpy writes: three known keys with a text, a truth value and a tuple.
class Literal {
 public:
  explicit Literal(std::string_view text) : rest_(text) {}
  bool take(char c) {
    space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view word) {
    space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::optional<std::string> quoted() {
    space();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) return std::nullopt;
    const std::size_t end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string out(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return out;
  }
  std::optional<Sizes> tuple() {
    Sizes out;
    if (!take('(')) return std::nullopt;
    while (!take(')')) {
      space();
      std::int64_t size = 0;
      const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (problem != std::errc() || size < 0 || out.size() >= kHighestRank) return std::nullopt;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      out.push_back(size);
      if (!take(',')) return take(')') ? std::optional(out) : std::nullopt;
    }
    return out;
  }
  bool ended() {
    space();
    return rest_.empty();
  }

 private:
  void space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

// False when the text is no such dictionary; `problem` says more where the type is the matter.
bool readDictionary(std::string_view text, Header& header, std::string& problem) {
  Literal literal(text);
  bool type = false, order = false, shape = false;
  if (!literal.take('{')) return false;
  while (!literal.take('}')) {
    const auto key = literal.quoted();
    if (!key || !literal.take(':')) return false;
    if (*key == "descr") {
      const auto name = literal.quoted();
      const auto known = std::ranges::find(kTypes, std::string_view(name ? *name : ""), &std::pair<std::string_view, Dtype>::first);
      if (known == kTypes.end()) {
        problem = "holds numbers of the type " + (name ? "\"" + *name + "\"" : std::string("of a structure")) + ", which is not read";
        return false;
      }
      header.dtype = known->second;
      type = true;
    } else if (*key == "fortran_order") {
      header.fortran = literal.word("True");
      order = header.fortran || literal.word("False");
    } else if (*key == "shape") {
      const auto sizes = literal.tuple();
      if (!sizes) return false;
      header.shape = *sizes;
      shape = true;
    } else {
      return false;
    }
    if (!literal.take(',') && !literal.take('}')) return false;
    else if (literal.ended()) break;
  }
  return type && order && shape;
}

// Empty when the array can be read.
std::string readHeader(std::span<const std::byte> bytes, Header& header) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("\x93NUMPY") || text.size() < 12) return "is no numpy array";
  const bool wide = text[6] >= 2;
  std::size_t length = static_cast<unsigned char>(text[8]) | static_cast<std::size_t>(static_cast<unsigned char>(text[9])) << 8;
  if (wide) length |= static_cast<std::size_t>(static_cast<unsigned char>(text[10])) << 16 | static_cast<std::size_t>(static_cast<unsigned char>(text[11])) << 24;
  header.data = (wide ? 12 : 10) + length;
  if (text[6] < 1 || text[6] > 3 || header.data > text.size()) return "has a header that is longer than the array";
  std::string problem;
  if (!readDictionary(text.substr(wide ? 12 : 10, length), header, problem)) return problem.empty() ? "has a header that is not numpy's" : problem;
  std::uint64_t count = 0;
  const std::size_t item = dtypeBytes(header.dtype), data = bytes.size() - header.data;
  if (!countOf(header.shape, data / item, count) || count * item != data)
    return "has " + std::to_string(data) + " bytes, which do not fit its shape " + textOf(header.shape);
  return {};
}

}  // namespace

TensorTable readNpz(const std::filesystem::path& file) {
  const Archive archive(file);
  TensorTable table{.format = "numpy archive"};
  const auto owner = std::make_shared<std::vector<std::vector<std::byte>>>();
  Problems problems;
  for (const auto& [member, size] : archive.members()) {
    if (!member.ends_with(kArray)) {
      table.ignored.push_back(member);
      continue;
    }
    std::vector<std::byte> bytes = archive.read(member);
    Header header;
    if (const std::string fault = readHeader(bytes, header); !fault.empty()) {
      problems.push_back("its array \"" + member + "\" " + fault);
      continue;
    }
    TensorView view{member.substr(0, member.size() - kArray.size()), header.dtype, header.shape, {}};
    if (header.fortran && header.shape.size() > 1) {
      Sizes strides;
      std::int64_t step = 1;
      for (const std::int64_t length : header.shape) {
        strides.push_back(step);
        step *= length;
      }
      view.data = owner->emplace_back(contiguousCopy(std::span(bytes).subspan(header.data), dtypeBytes(header.dtype), 0, header.shape, strides));
    } else {
      view.data = std::span<const std::byte>(owner->emplace_back(std::move(bytes))).subspan(header.data);
    }
    table.tensors.push_back(std::move(view));
  }
  if (problems.empty() && table.tensors.empty()) problems.push_back("it holds no arrays");
  refuse(file, problems);
  table.owner = owner;
  return table;
}

}  // namespace palimpsest
