#include <png.h>
#include <turbojpeg.h>

#include <QtTest>
#include <functional>

#include "engine/data/decode.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes jpegOf(const Bytes& pixels, int width, int height, int format, int sampling, int flags = 0) {
  tjhandle handle = tjInitCompress();
  unsigned char* out = nullptr;
  unsigned long size = 0;
  tjCompress2(handle, pixels.data(), width, 0, height, format, &out, &size, sampling, 95, flags);
  Bytes bytes(out, out + size);
  tjFree(out);
  tjDestroy(handle);
  return bytes;
}

struct PngOptions {
  int colour = PNG_COLOR_TYPE_RGB, depth = 8, interlace = PNG_INTERLACE_NONE;
  std::vector<png_color> palette;
  Bytes transparency;  // of the palette
};

// `rows`: packed as PNG wants them.
Bytes pngOf(int width, int height, std::vector<Bytes> rows, const PngOptions& options) {
  Bytes out;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &out,
      [](png_structp p, png_bytep data, std::size_t n) {
        auto* to = static_cast<Bytes*>(png_get_io_ptr(p));
        to->insert(to->end(), data, data + n);
      },
      nullptr);
  png_set_IHDR(png, info, png_uint_32(width), png_uint_32(height), options.depth, options.colour, options.interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!options.palette.empty()) png_set_PLTE(png, info, options.palette.data(), int(options.palette.size()));
  if (!options.transparency.empty())
    png_set_tRNS(png, info, options.transparency.data(), int(options.transparency.size()), nullptr);
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  for (Bytes& row : rows) pointers.push_back(row.data());
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return out;
}

Bytes noise(std::size_t count, std::uint64_t seed) {
  Bytes bytes(count);
  Rng rng(seed);
  for (auto& byte : bytes) byte = std::uint8_t(rng.below(256));
  return bytes;
}

std::vector<Bytes> rowsOf(const Bytes& pixels, int height) {
  std::vector<Bytes> rows;
  const std::size_t step = pixels.size() / std::size_t(height);
  for (int y = 0; y < height; ++y)
    rows.emplace_back(pixels.begin() + std::ptrdiff_t(step) * y, pixels.begin() + std::ptrdiff_t(step) * (y + 1));
  return rows;
}

Bytes smooth(int width, int height, int channels) {
  Bytes pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) pixels.push_back(std::uint8_t(40 + 3 * x + 2 * y + 20 * c));
  return pixels;
}

int furthest(const Bytes& a, const Bytes& b) {
  int most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(int(a[i]) - int(b[i])));
  return most;
}

}  // namespace

class DecodeTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void jpegImagesComeBackCloseToWhatTheyWere() {
    const Bytes rgb = smooth(40, 24, 3), grey = smooth(40, 24, 1);
    for (const int sampling : {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_411}) {
      const Decoded decoded = decodeImage(jpegOf(rgb, 40, 24, TJPF_RGB, sampling));
      QCOMPARE(decoded.problem, std::string());
      QCOMPARE(decoded.image.channels, 3);
      QVERIFY(furthest(decoded.image.pixels, rgb) <= 12);
    }
    const Decoded decoded = decodeImage(jpegOf(grey, 40, 24, TJPF_GRAY, TJSAMP_GRAY, TJFLAG_PROGRESSIVE));
    QCOMPARE(decoded.image.channels, 1);
    QVERIFY(furthest(decoded.image.pixels, grey) <= 3);
  }

  void fourInksBecomeThreeLights() {
    struct Row {
      Bytes stored, rgb;
    };  // stored: 255 minus the ink
    const Row rows[] = {{{255, 255, 255, 255}, {255, 255, 255}}, {{0, 255, 255, 255}, {0, 255, 255}},
                        {{255, 0, 255, 255}, {255, 0, 255}},     {{255, 255, 255, 0}, {0, 0, 0}},
                        {{128, 128, 128, 255}, {128, 128, 128}}, {{255, 255, 255, 100}, {100, 100, 100}}};
    for (const Row& row : rows) {
      Bytes pixels;
      for (int i = 0; i < 16 * 16; ++i) pixels.insert(pixels.end(), row.stored.begin(), row.stored.end());
      const Decoded decoded = decodeImage(jpegOf(pixels, 16, 16, TJPF_CMYK, TJSAMP_444));
      QCOMPARE(decoded.problem, std::string());
      QCOMPARE(decoded.image.channels, 3);
      QVERIFY(furthest({decoded.image.pixels[0], decoded.image.pixels[1], decoded.image.pixels[2]}, row.rgb) <= 3);
    }
  }

  void pngImagesComeBackExactly() {
    for (const int interlace : {PNG_INTERLACE_NONE, PNG_INTERLACE_ADAM7}) {
      const Bytes rgb = noise(21 * 13 * 3, 1), grey = noise(21 * 13, 2);
      QCOMPARE(decodeImage(pngOf(21, 13, rowsOf(rgb, 13), {.interlace = interlace})).image.pixels, rgb);
      const Decoded decoded =
          decodeImage(pngOf(21, 13, rowsOf(grey, 13), {.colour = PNG_COLOR_TYPE_GRAY, .interlace = interlace}));
      QCOMPARE(decoded.image.channels, 1);
      QCOMPARE(decoded.image.pixels, grey);
    }
  }

  void transparencyIsDroppedAndSixteenBitsAreCut() {
    const Bytes rgba = noise(8 * 4 * 4, 3);
    Bytes rgb;
    for (std::size_t i = 0; i < rgba.size(); i += 4)
      rgb.insert(rgb.end(), rgba.begin() + std::ptrdiff_t(i), rgba.begin() + std::ptrdiff_t(i) + 3);
    QCOMPARE(decodeImage(pngOf(8, 4, rowsOf(rgba, 4), {.colour = PNG_COLOR_TYPE_RGB_ALPHA})).image.pixels, rgb);
    const Bytes deep = noise(8 * 4 * 2, 4);
    Bytes upper;
    for (std::size_t i = 0; i < deep.size(); i += 2) upper.push_back(deep[i]);
    const Decoded decoded = decodeImage(pngOf(8, 4, rowsOf(deep, 4), {.colour = PNG_COLOR_TYPE_GRAY, .depth = 16}));
    QCOMPARE(decoded.image.channels, 1);
    QCOMPARE(decoded.image.pixels, upper);
    const Decoded shaded =
        decodeImage(pngOf(4, 4, rowsOf(deep, 4), {.colour = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 16}));
    QCOMPARE(shaded.image.channels, 1);
  }

  void palettesAndBitsAreExpanded() {
    const PngOptions options{.colour = PNG_COLOR_TYPE_PALETTE,
                             .depth = 4,
                             .palette = {{1, 2, 3}, {40, 50, 60}, {255, 0, 9}},
                             .transparency = {0, 128}};
    const Decoded decoded = decodeImage(pngOf(4, 1, {{0x01, 0x20}}, options));
    QCOMPARE(decoded.image.pixels, (Bytes{1, 2, 3, 40, 50, 60, 255, 0, 9, 1, 2, 3}));
    const Decoded bits = decodeImage(pngOf(8, 1, {{0xa1}}, {.colour = PNG_COLOR_TYPE_GRAY, .depth = 1}));
    QCOMPARE(bits.image.pixels, (Bytes{255, 0, 255, 0, 0, 0, 0, 255}));
  }

  void truncatedFilesAreRecognised() {
    const Bytes jpeg = jpegOf(noise(64 * 64 * 3, 5), 64, 64, TJPF_RGB, TJSAMP_420);
    const Bytes progressive = jpegOf(noise(64 * 64 * 3, 5), 64, 64, TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE);
    const Bytes png = pngOf(64, 64, rowsOf(noise(64 * 64 * 3, 6), 64), {});
    for (const Bytes& whole : {jpeg, progressive, png}) {
      QCOMPARE(problemOf(whole), std::string());
      for (const std::size_t kept : {std::size_t{0}, std::size_t{2}, std::size_t{9}, std::size_t{40}, whole.size() / 3,
                                     whole.size() / 2, whole.size() - 200}) {
        const Bytes part(whole.begin(), whole.begin() + std::ptrdiff_t(kept));
        QVERIFY2(!problemOf(part).empty(), qPrintable(QString::number(kept)));
        QVERIFY2(!decodeImage(part).problem.empty(), qPrintable(QString::number(kept)));
      }
    }
    QVERIFY(!problemOf(Bytes{'G', 'I', 'F', '8', '9', 'a'}).empty());
  }

  void damagedBytesNeverCrash() {
    const Bytes files[] = {jpegOf(noise(32 * 32 * 3, 7), 32, 32, TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE),
                           pngOf(32, 32, rowsOf(noise(32 * 32 * 3, 8), 32), {.interlace = PNG_INTERLACE_ADAM7})};
    Rng rng(9);
    int noticed = 0;
    for (int round = 0; round < 400; ++round) {
      Bytes file = files[round % 2];
      for (int i = 0; i < 8; ++i) file[rng.below(round % 4 < 2 ? 200 : file.size())] = std::uint8_t(rng.below(256));
      const Decoded decoded = decodeImage(file);
      noticed += !decoded.problem.empty();
      if (decoded.problem.empty())
        QCOMPARE(decoded.image.pixels.size(), std::size_t(decoded.image.width) * std::size_t(decoded.image.height) *
                                                  std::size_t(decoded.image.channels));
    }
    QVERIFY(noticed > 100);
  }
};

QTEST_APPLESS_MAIN(DecodeTest)
#include "tst_decode.moc"
