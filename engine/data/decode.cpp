#include "engine/data/decode.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "engine/data/png_reader.h"

namespace palimpsest {
namespace {

constexpr std::int64_t kMostPixels = 178'956'970;  // Pillow's limit against decompression bombs

struct TurboCloser {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, TurboCloser>;

// libjpeg fills what is missing with grey and only warns. Other warnings (stray bytes) leave the image whole.
bool fatal(tjhandle handle) {
  return tjGetErrorCode(handle) != TJERR_WARNING || std::strstr(tjGetErrorStr2(handle), "Premature end of JPEG file");
}

struct JpegHeader {
  int width = 0, height = 0, colours = -1;
  std::string problem;
};

JpegHeader jpegHeader(tjhandle handle, const std::vector<std::uint8_t>& file) {
  JpegHeader header;
  int subsampling = -1;
  // Unusual subsampling is reported as an error although size and colours are there and decoding works.
  const int status = tjDecompressHeader3(handle, file.data(), file.size(), &header.width, &header.height, &subsampling,
                                         &header.colours);
  if (status != 0 && (header.width < 1 || header.height < 1 || header.colours < 0))
    header.problem = tjGetErrorStr2(handle);
  else if (static_cast<std::int64_t>(header.width) * header.height > kMostPixels)
    header.problem = "the image is too large to be decoded safely";
  return header;
}

// Pillow's inversion and conversion in one: what is stored is 255 minus the ink.
Image rgbFromInks(const Image& inks) {
  Image out{inks.width, inks.height, 3,
            std::vector<std::uint8_t>(static_cast<std::size_t>(inks.width) * inks.height * 3)};
  for (std::size_t i = 0, o = 0; i < inks.pixels.size(); i += 4, o += 3) {
    const int light = inks.pixels[i + 3];
    for (int c = 0; c < 3; ++c) {
      const int product = (255 - inks.pixels[i + c]) * light + 128;
      out.pixels[o + c] = static_cast<std::uint8_t>(std::clamp(light - (((product >> 8) + product) >> 8), 0, 255));
    }
  }
  return out;
}

Decoded decodeJpeg(const std::vector<std::uint8_t>& file) {
  const Turbo handle(tjInitDecompress());
  if (!handle) return {{}, "the JPEG decoder cannot start: out of memory"};
  const JpegHeader header = jpegHeader(handle.get(), file);
  if (!header.problem.empty()) return {{}, header.problem};
  const bool inks = header.colours == TJCS_CMYK || header.colours == TJCS_YCCK, grey = header.colours == TJCS_GRAY;
  const int channels = inks ? 4 : grey ? 1 : 3, format = inks ? TJPF_CMYK : grey ? TJPF_GRAY : TJPF_RGB;
  Image image{header.width, header.height, channels,
              std::vector<std::uint8_t>(static_cast<std::size_t>(header.width) * header.height * channels)};
  if (tjDecompress2(handle.get(), file.data(), file.size(), image.pixels.data(), header.width, 0, header.height, format,
                    0) != 0 &&
      fatal(handle.get()))
    return {{}, tjGetErrorStr2(handle.get())};
  return {inks ? rgbFromInks(image) : std::move(image), {}};
}

std::string problemOfJpeg(const std::vector<std::uint8_t>& file) {
  const Turbo handle(tjInitDecompress());
  if (!handle) return "the JPEG decoder cannot start: out of memory";
  const JpegHeader header = jpegHeader(handle.get(), file);
  if (!header.problem.empty()) return header.problem;
  const bool inks = header.colours == TJCS_CMYK || header.colours == TJCS_YCCK;
  const int width = (header.width + 7) / 8, height = (header.height + 7) / 8;
  std::vector<std::uint8_t> small(static_cast<std::size_t>(width) * height * (inks ? 4 : 1));
  const int status = tjDecompress2(handle.get(), file.data(), file.size(), small.data(), width, 0, height,
                                   inks ? TJPF_CMYK : TJPF_GRAY, 0);
  return status != 0 && fatal(handle.get()) ? tjGetErrorStr2(handle.get()) : "";
}

Decoded decodePng(const std::vector<std::uint8_t>& file) {
  PngReader reader(file.data(), file.size());
  if (!reader.readHeader()) return {{}, reader.problem()};
  if (static_cast<std::int64_t>(reader.width()) * reader.height() > kMostPixels)
    return {{}, "the image is too large to be decoded safely"};
  Image image{reader.width(), reader.height(), reader.channels(), {}};
  const std::size_t bytes = static_cast<std::size_t>(image.width) * image.channels;
  image.pixels.resize(bytes * image.height);
  std::vector<std::uint8_t*> rows(image.height);
  for (int y = 0; y < image.height; ++y) rows[y] = &image.pixels[y * bytes];
  if (!reader.readRows(rows.data())) return {{}, reader.problem()};
  return {std::move(image), {}};
}

}  // namespace

ImageKind imageKindOf(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::uint8_t jpeg[] = {0xff, 0xd8, 0xff}, png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (size >= sizeof jpeg && std::equal(jpeg, jpeg + sizeof jpeg, bytes)) return ImageKind::Jpeg;
  if (size >= sizeof png && std::equal(png, png + sizeof png, bytes)) return ImageKind::Png;
  return ImageKind::Unknown;
}

Decoded decodeImage(const std::vector<std::uint8_t>& file) {
  if (file.empty()) return {{}, "the file is empty"};
  switch (imageKindOf(file.data(), file.size())) {
    case ImageKind::Jpeg:
      return decodeJpeg(file);
    case ImageKind::Png:
      return decodePng(file);
    case ImageKind::Unknown:
      break;
  }
  return {{}, "the content is neither JPEG nor PNG"};
}

std::string problemOf(const std::vector<std::uint8_t>& file) {
  return imageKindOf(file.data(), file.size()) == ImageKind::Jpeg ? problemOfJpeg(file) : decodeImage(file).problem;
}

}  // namespace palimpsest
