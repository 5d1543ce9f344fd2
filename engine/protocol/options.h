// Options of a run that belong to no recipe: which data, which stream, which network, which machine. Declared once;
// the command line and the window's form are derived from here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "engine/protocol/param.h"

namespace palimpsest {

struct RunOptions {
  std::string data = "fashion-mnist";
  int limit_train = 0, limit_test = 0;
  int held_out = 0;
  std::string scenario = "cil:init=2,increment=2,order=1993";
  std::string backbone = "micro";
  int image_size = 0;
  std::string position_resize = "timm06";
  std::string input_range = "default";
  std::string train_transform = "plain", test_transform = "plain";
  int epochs = 0;
  std::int64_t seed = 1;
  std::string device = "auto";
  std::string precision = "fp32";
  int threads = 0;
  int eval_batch = 64;
  int probe_images = 0, probe_every = 25;
  int probe_dense = 0;
  int map_images = 10;
  int prompt_every = 50;
  double checkpoint_seconds = 60;

  static auto fields() {
    using O = RunOptions;
    return std::tuple{
        Field{"data", &O::data, {.doc = "Data set: fashion-mnist[:DIR], idx:DIR, cifar10:DIR, cifar100:DIR, folder:DIR, domains:DIR, or drawn by the program: shapes[:classes=N,relations=yes,domains=photo+sketch,...], world[:classes=N,...]. \"list datasets\" says more.", .level = Level::Learn}},
        Field{"limit_train", &O::limit_train, {.min = 0, .max = 1e9, .unit = "images per class", .zero = "all", .doc = "First N training images of each class, in data set order; 0 takes all.", .level = Level::Learn}},
        Field{"limit_test", &O::limit_test, {.min = 0, .max = 1e9, .unit = "images per class", .zero = "all", .doc = "First N test images of each class, in data set order; 0 takes all."}},
        Field{"held_out", &O::held_out, {.min = 0, .max = 1e9, .unit = "images per class", .zero = "none", .doc = "Last N training images of each class in its task, in data set order, from which nothing is learned. After each task one temperature is fitted on those of the task, and calibration is told with it too; 0 holds none back.", .source = "Guo et al., ICML 2017", .level = Level::Expert}},
        Field{"scenario", &O::scenario, {.doc = "Stream of tasks. cil:init=A,increment=B,order=SEED|natural adds classes, in PILOT's order for the same seed; til: is the same with the task known at test; dil: has one task for each domain of the data; "
                                          "blurry:tasks=T,disjoint=N,blurry=M and drift:tasks=T are streams without borders (N and M in percent).", .level = Level::Learn}},
        Field{"backbone", &O::backbone, {.doc = "micro (bundled), a name that \"list backbones\" shows, or a weights file: safetensors, PyTorch (.pth, .pt, .bin), TorchScript or JAX (.npz).", .level = Level::Learn}},
        Field{"image_size", &O::image_size, {.min = 0, .max = 2048, .unit = "pixels", .zero = "as the weights", .doc = "Input side; 0 takes the weights' own. Position embeddings are interpolated when it differs."}},
        Field{"position_resize", &O::position_resize, {.choices = "timm06|timm1", .doc = "How position embeddings are interpolated: timm06 bicubic without antialiasing, as PILOT's timm 0.6 does; timm1 bicubic with it, as timm 1.x does. They differ even when the grid grows.", .level = Level::Expert}},
        Field{"input_range", &O::input_range, {.choices = "default|0..1|-1..1|imagenet|clip", .doc = "Range of the pixel values fed to the network; default: what the weights were trained with."}},
        Field{"train_transform", &O::train_transform, {.choices = "plain|pilot|pilot-coda", .doc = "Transform of training images: plain resizes to the input side; pilot is a random resized crop (scale 0.05 to 1) and a flip; pilot-coda crops from 0.08."}},
        Field{"test_transform", &O::test_transform, {.choices = "plain|pilot|pilot-coda", .doc = "Transform of test images: plain resizes to the input side; pilot resizes to 256/224 of it (bicubic) and crops the centre; pilot-coda resizes (bilinear)."}},
        Field{"epochs", &O::epochs, {.min = 0, .max = 100000, .unit = "epochs", .zero = "as the recipe", .doc = "Epochs of every training phase, so that a comparison is fair; 0 takes each recipe's own.", .level = Level::Learn}},
        Field{"seed", &O::seed, {.min = 0, .max = 4294967295.0, .doc = "Seed of data order, augmentation and initialisation, each a stream of its own. The class order has its own seed in the scenario.", .level = Level::Learn}},
        Field{"device", &O::device, {.doc = "auto, cpu or cuda:N. auto takes CUDA where LibTorch has it."}},
        Field{"precision", &O::precision, {.choices = "fp32|bf16", .doc = "bf16 runs matrix products under autocast (CUDA); selection and losses stay in fp32.", .level = Level::Expert}},
        Field{"threads", &O::threads, {.min = 0, .max = 1024, .unit = "threads", .zero = "one for each core", .doc = "Threads of the engine; 0 takes one for each core. On CPU a result is reproducible for the same number."}},
        Field{"eval_batch", &O::eval_batch, {.min = 1, .max = 65536, .unit = "images", .doc = "Batch of evaluation. Predictions are instance-wise: they do not depend on it.", .level = Level::Expert}},
        Field{"probe_images", &O::probe_images, {.min = 0, .max = 1e6, .unit = "images per class", .zero = "none", .doc = "Test images of each seen class that are evaluated inside a task, for live curves only; 0 turns it off."}},
        Field{"probe_every", &O::probe_every, {.min = 1, .max = 1e9, .unit = "steps", .doc = "Steps between two such evaluations."}},
        Field{"probe_dense", &O::probe_dense, {.min = 0, .max = 1e6, .unit = "steps", .zero = "none", .doc = "First steps of each later task's first epoch after which such an evaluation is made every time, to see accuracy dip and recover (the stability gap); 0: none.", .level = Level::Expert}},
        Field{"map_images", &O::map_images, {.min = 0, .max = 1e6, .unit = "images per class", .zero = "none", .doc = "Test images of each seen class whose features, queries and prompts are kept after each task, for maps; 0 keeps none."}},
        Field{"prompt_every", &O::prompt_every, {.min = 0, .max = 1e9, .unit = "steps", .zero = "at the end of epochs", .doc = "Training steps between two reports on which prompts are chosen, and two looks for a collapse; 0: only at the end of epochs."}},
        Field{"checkpoint_seconds", &O::checkpoint_seconds, {.min = 0.1, .max = 1e6, .unit = "s", .doc = "Time between two checkpoints inside a task; there is always one at each task's end.", .level = Level::Expert}}};
  }
};

}  // namespace palimpsest
