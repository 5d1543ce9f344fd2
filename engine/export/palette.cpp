#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "engine/export/charts.h"

namespace palimpsest::report {
namespace {

// Petroff (2021), a subset with at least 3.3:1 on white, and its counterpart for dark pages; then the colours that
// need a dash or marker beside them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kSlots{{{"#3f90da", "#96b7e7"},
                                                                                {"#bd1f01", "#e35644"},
                                                                                {"#832db6", "#b85be1"},
                                                                                {"#e76300", "#ff9626"},
                                                                                {"#717581", "#e2e3e5"},
                                                                                {"#a96b59", "#c8ac96"},
                                                                                {"#ffa90e", "#ffa90e"},
                                                                                {"#94a4a2", "#94a4a2"},
                                                                                {"#b9ac70", "#b9ac70"},
                                                                                {"#92dadd", "#92dadd"}}};

// Cividis (Nunez et al., 2018) at even steps.
constexpr std::array<unsigned, 10> kCividis{0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173,
                                            0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838};
// Viridis (Smith & van der Walt, 2015): its hue moves, so that lines over one another stay apart.
constexpr std::array<unsigned, 10> kViridis{0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e,
                                            0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725};

std::string between(const std::array<unsigned, 10>& map, double at) {
  const double place = std::clamp(std::isfinite(at) ? at : 0.0, 0.0, 1.0) * static_cast<double>(map.size() - 1);
  const auto low = std::min(static_cast<std::size_t>(place), map.size() - 2);
  const double share = place - static_cast<double>(low);
  unsigned rgb = 0;
  for (const int shift : {16, 8, 0}) {
    const double a = (map[low] >> shift) & 0xff, b = (map[low + 1] >> shift) & 0xff;
    rgb |= static_cast<unsigned>(std::lround(a + share * (b - a))) << shift;
  }
  char text[8];
  std::snprintf(text, sizeof text, "#%06x", rgb);
  return text;
}

}  // namespace

Colour slotColour(int slot) {
  const auto& [light, dark] = kSlots[static_cast<std::size_t>(std::max(slot, 0)) % kSlots.size()];
  return {std::string(light), std::string(dark)};
}

// The ends that vanish on either page are left out.
Colour taskColour(double at) { return {between(kViridis, 0.68 * at), between(kViridis, 0.35 + 0.65 * at)}; }

std::string heatColour(double at) { return between(kCividis, at); }

// WCAG's relative luminance; black and white have equal contrast at 0.179.
std::string inkOn(const std::string& background) {
  const auto rgb = std::strtoul(background.c_str() + 1, nullptr, 16);
  double luminance = 0;
  for (const auto& [shift, weight] : {std::pair{16, 0.2126}, std::pair{8, 0.7152}, std::pair{0, 0.0722}}) {
    const double c = static_cast<double>((rgb >> shift) & 0xff) / 255.0;
    luminance += weight * (c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return luminance > 0.179 ? "#000000" : "#ffffff";
}

}  // namespace palimpsest::report
