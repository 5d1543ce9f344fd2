#include "engine/device/device.h"

#include <dlfcn.h>

#include <charconv>
#include <vector>

#include "engine/engine.h"

namespace palimpsest {
namespace {

// From the driver, which a CUDA build of LibTorch has loaded; empty when it does not tell.
std::string cudaName(int index) {
  using GetName = int (*)(char*, int, int);
  void* driver = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  const auto ask = driver ? reinterpret_cast<GetName>(::dlsym(driver, "cuDeviceGetName")) : nullptr;
  char name[256] = {};
  return ask && ask(name, sizeof name - 1, index) == 0 ? name : "";
}

int cudaDevices() { return torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0; }

}  // namespace

std::vector<std::string> devices() {
  std::vector<std::string> all{"cpu"};
  for (int i = 0; i < cudaDevices(); ++i) {
    const std::string name = cudaName(i);
    all.push_back("cuda:" + std::to_string(i) + (name.empty() ? "" : " (" + name + ")"));
  }
  return all;
}

torch::Device resolveDevice(const std::string& text, Issues& issues, const std::string& path) {
  const int count = cudaDevices();
  if (text == "cpu" || (text == "auto" && count == 0)) return torch::kCPU;
  if (text == "auto") return torch::Device(torch::kCUDA, 0);
  int index = 0;
  bool good = text == "cuda";
  if (text.starts_with("cuda:")) {
    const char *begin = text.data() + 5, *end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(begin, end, index);
    good = begin != end && problem == std::errc() && stop == end && index >= 0;
  }
  if (!good) {
    issues.push_back(error(path, "\"" + text + "\" is no device", "Known are auto, cpu, cuda and cuda:N."));
  } else if (count == 0) {
    issues.push_back(error(path, "\"" + text + "\" was asked for, but this LibTorch has no CUDA device",
                           "Use cpu or auto, or build against a LibTorch with CUDA (-DCMAKE_PREFIX_PATH=...)."));
  } else if (index >= count) {
    issues.push_back(
        error(path, "there is no \"" + text + "\": this machine has " + std::to_string(count) + " CUDA device(s)",
              "They are numbered from 0."));
  } else {
    return torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(index));
  }
  return torch::kCPU;
}

}  // namespace palimpsest
