// Adaptations of the one network: nothing changes at their start, what can be folded says the same as weights, and what
// the original implementations recorded for given weights comes out.
#include <QTest>

#include "engine/parts/adaptation/adaptations.h"
#include "engine/weights/tensors.h"
#include "tests/session/tiny_prompts.h"

using namespace palimpsest;

namespace {

const std::filesystem::path kShared = std::filesystem::path(PALIMPSEST_SOURCE_DIR) / ".." / "shared";

Setting tinySetting(const LoadedBackbone& from) { return settingFor(from.shape); }

// Every tensor of an adaptation gets random values.
class Shake final : public State {
 public:
  explicit Shake(double by) : by_(by) {}
  void tensor(const std::string&, Tensor& tensor, bool) override {
    const torch::NoGradGuard no_graph;
    tensor.add_(noise(tensor.sizes(), ++seed_) * by_);
  }

 private:
  const double by_;
  std::uint64_t seed_ = 100;
};

std::unique_ptr<Adaptation> adaptationOf(const char* text, const Setting& setting) {
  const Value recipe = recipeOf("aper-adapter");
  Value spec{Value::Object{}};
  spec["use"] = text;
  Value changed = recipe;
  changed["adapt"] = Value::Array{spec};
  const Resolved resolved = resolve(changed, catalogue());
  return parts().adaptations.make(*resolved.recipe.at("adapt.0"), setting);
}

Tensor featuresOf(vit::Vit& vit, const Tensor& images, const Adaptation* adaptation, const Tensor& keys = {}) {
  const torch::NoGradGuard no_graph;
  const auto hooks = adaptation ? adaptation->bind(keys) : nullptr;
  return vit->forward(images, hooks ? *hooks : vit::noHooks(), vit::Read::Front).cls();
}

double relative(const Tensor& got, const Tensor& expected) { return (got - expected).abs().max().item<double>() / expected.abs().max().item<double>(); }

// PILOT's names for what it trains, as ours.
std::string ourName(std::string name, const std::string& kind) {
  const auto replace = [&](const std::string& from, const std::string& to) {
    if (const auto at = name.find(from); at != std::string::npos) name.replace(at, from.size(), to);
  };
  if (kind == "ssf") {
    const bool scale = name.find("ssf_scale") != std::string::npos;
    const std::string end = scale ? ".scale" : ".shift", which = name.substr(name.size() - 1);
    const std::string inside = name.starts_with("blocks.") ? name.substr(0, name.find('.', 7)) + "." : "";
    if (name.find(".attn.") != std::string::npos) return inside + (which == "1" ? "qkv" : "proj") + end;
    if (name.find(".mlp.") != std::string::npos) return inside + (which == "1" ? "fc1" : "fc2") + end;
    if (name.starts_with("patch_embed.")) return "patch" + end;
    return inside.empty() ? "norm" + end : inside + (which == "1" ? "norm1" : "norm2") + end;
  }
  replace("cur_adapter.", "blocks.");
  replace("adaptmlp.", "");
  replace("down_proj", "down");
  replace("up_proj", "up");
  return name;
}

}  // namespace

class TestAdaptations : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(2); }

  void whatStartsAsNothingChangesNothing_data() {
    QTest::addColumn<QString>("kind");
    for (const char* kind : {"adapter", "lora"}) QTest::newRow(kind) << kind;
  }

  void whatStartsAsNothingChangesNothing() {
    QFETCH(QString, kind);
    LoadedBackbone tiny = loadBackbone(kTiny, 0, "");
    vit::setTrainable(tiny.vit, false);
    const auto adaptation = adaptationOf(kind.toUtf8().constData(), tinySetting(tiny));
    const Tensor images = noise({3, 3, 16, 16});
    const Tensor plain = featuresOf(tiny.vit, images, nullptr);
    QVERIFY(apart(featuresOf(tiny.vit, images, adaptation.get()), plain) < 1e-5);
    Shake shake(0.1);
    adaptation->visit(shake);
    QVERIFY(apart(featuresOf(tiny.vit, images, adaptation.get()), plain) > 1e-3);
  }

  void scalesAndShiftsOfNoDeviationChangeNothing() {
    LoadedBackbone tiny = loadBackbone(kTiny, 0, "");
    const ScaleShiftAdaptation ssf({.deviation = 0}, tinySetting(tiny));
    const Tensor images = noise({3, 3, 16, 16});
    QVERIFY(apart(featuresOf(tiny.vit, images, &ssf), featuresOf(tiny.vit, images, nullptr)) < 1e-5);
  }

  void whatIsFoldedSaysTheSame_data() {
    QTest::addColumn<QString>("kind");
    for (const char* kind : {"ssf", "lora"}) QTest::newRow(kind) << kind;
  }

  void whatIsFoldedSaysTheSame() {
    QFETCH(QString, kind);
    LoadedBackbone tiny = loadBackbone(kTiny, 0, "");
    vit::setTrainable(tiny.vit, false);
    const auto adaptation = adaptationOf(kind.toUtf8().constData(), tinySetting(tiny));
    Shake shake(0.2);
    adaptation->visit(shake);
    const Tensor images = noise({3, 3, 16, 16});
    const Tensor through = featuresOf(tiny.vit, images, adaptation.get()), before = featuresOf(tiny.vit, images, nullptr);
    QVERIFY(adaptation->fold(tiny.vit));
    const Tensor folded = featuresOf(tiny.vit, images, nullptr);
    QVERIFY2(relative(folded, through) < 1e-4, qPrintable(QString::number(relative(folded, through))));
    QVERIFY(relative(folded, before) > 1e-2);
  }

  // CLIP's patches have no bias that could take up a shift.
  void whatCannotBeFoldedWhollyIsNotFoldedAtAll() {
    LoadedBackbone tiny = loadBackbone(kTiny, 0, "");
    Setting setting = tinySetting(tiny);
    setting.shape.patch_bias = false;
    vit::Vit clip(setting.shape);
    const ScaleShiftAdaptation ssf({.deviation = 0.1}, setting);
    std::map<std::string, Tensor> before;
    for (auto& item : clip->named_parameters()) before[item.key()] = item.value().detach().clone();
    QVERIFY(!ssf.fold(clip));
    for (auto& item : clip->named_parameters()) QVERIFY2(torch::equal(item.value(), before.at(item.key())), item.key().c_str());
  }

  void anAdapterCannotBeFoldedAndLeavesTheNetworkAlone() {
    LoadedBackbone tiny = loadBackbone(kTiny, 0, "");
    const auto adapter = adaptationOf("adapter", tinySetting(tiny));
    const Tensor before = tiny.vit->block(0)->fc1->weight.clone();
    QVERIFY(!adapter->fold(tiny.vit));
    QVERIFY(torch::equal(before, tiny.vit->block(0)->fc1->weight));
  }

  // By its key alone: neither the batch that an image is in nor its place in it.
  void dropoutIsDrawnByTheImage() {
    LoadedBackbone tiny = loadBackbone(kTiny, 0, "");
    vit::setTrainable(tiny.vit, false);
    const auto adapter = adaptationOf("adapter", tinySetting(tiny));
    Shake shake(0.3);
    adapter->visit(shake);
    const Tensor images = noise({4, 3, 16, 16}), keys = torch::tensor({5, 6, 7, 8}, torch::kLong);
    const Tensor all = featuresOf(tiny.vit, images, adapter.get(), keys);
    QVERIFY(apart(featuresOf(tiny.vit, images.flip(0), adapter.get(), keys.flip(0)).flip(0), all) < 1e-5);
    QVERIFY(apart(featuresOf(tiny.vit, images.slice(0, 2), adapter.get(), keys.slice(0, 2)), all.slice(0, 2)) < 1e-5);
    QVERIFY(apart(featuresOf(tiny.vit, images, adapter.get(), keys + 1), all) > 1e-4);
    QVERIFY(apart(featuresOf(tiny.vit, images, adapter.get()), all) > 1e-4);
  }

  // Parts of a batch on several threads, or all of it at once: the same gradients.
  void gradientsAreSummedOverTheParts_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"aper-adapter", "aper-ssf", "aper-finetune", "aper-adapter.lora", "aper-adapter.prefix", "aper-vpt-deep"}) QTest::newRow(name) << name;
  }

  void gradientsAreSummedOverTheParts() {
    QFETCH(QString, recipe);
    std::map<std::string, Tensor> found[2];
    for (const int threads : {1, 2}) {
      at::set_num_threads(threads);
      const Made model = modelOf(recipeOf(recipe.toStdString()));
      begin(*model.model, kFirst);
      Inputs in = inputsOf(noise({6, 3, 16, 16}, 9), 0);
      in.drops = false;
      const Forward pass = model->forward(in, true);
      QCOMPARE(pass.logits.size(1), std::int64_t{2});
      torch::cross_entropy_loss(pass.logits, torch::arange(6, torch::kLong).remainder(2)).backward();
      for (const auto& [name, tensor] : Collect(*model.model).trained)
        if (tensor.grad().defined()) found[threads - 1][name] = tensor.grad().clone();
    }
    at::set_num_threads(2);
    QVERIFY(found[0].size() > 2);
    for (const auto& [name, one] : found[0]) {
      const Tensor two = found[1].at(name);
      QVERIFY2((one - two).abs().max().item<double>() <= 1e-4 * std::max(1e-3, one.abs().max().item<double>()), name.c_str());
    }
  }

  void theFrozenNetworkStaysAsItIsToTheBit() {
    const Made model = modelOf(recipeOf("aper-adapter"));
    std::map<std::string, Tensor> before;
    for (auto& item : model->backbone()->named_parameters()) before[item.key()] = item.value().detach().clone();
    begin(*model.model, kFirst);
    const auto started = copyOf(Collect(*model.model).trained);
    train(*model.model, kFirst, 3);
    for (auto& item : model->backbone()->named_parameters()) QVERIFY2(torch::equal(item.value(), before.at(item.key())), item.key().c_str());
    int moved = 0;
    for (const auto& [name, tensor] : Collect(*model.model).trained) moved += apart(tensor, started.at(name)) > 0;
    QVERIFY(moved > 10);
    model->settle();
    for (const auto& [name, tensor] : Collect(*model.model).all) QVERIFY2(!tensor.requires_grad(), name.c_str());
  }

  // Zero epochs of an adapter: both halves are the same, and so are predictions to those of plain class means.
  void withoutTrainingAperIsSimpleCil() {
    const Made aper = modelOf(recipeOf("aper-adapter")), plain = modelOf(recipeOf("simplecil"));
    for (const Made* model : {&aper, &plain}) {
      begin(*model->model, kFirst);
      solveHead(*model->model, kFirst);
      (*model)->solve();
    }
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({8, 3, 16, 16}, 61), 0);
    const Forward both = aper->forward(in, false), one = plain->forward(in, false);
    QVERIFY(apart(both.feature.slice(1, 0, 32), both.feature.slice(1, 32)) < 1e-4);
    QVERIFY(apart(both.logits, one.logits) < 1e-4);
  }

  // A trained network beside the one it came from.
  void fineTuningLeavesTheOriginalBeside() {
    const Made model = modelOf(recipeOf("aper-finetune"));
    begin(*model.model, kFirst);
    const Tensor images = noise({4, 3, 16, 16});
    const Tensor before = model->frozenFeatures(images);
    train(*model.model, kFirst, 3);
    QVERIFY(torch::equal(model->frozenFeatures(images), before));
    const torch::NoGradGuard no_graph;
    const Forward pass = model->forward(inputsOf(images, 0), false);
    QVERIFY(torch::equal(pass.feature.slice(1, 0, 32), before));
    QVERIFY(apart(pass.feature.slice(1, 32), before) > 1e-4);
  }

  void recordedFeaturesComeOut_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("kind");
    QTest::newRow("adapter") << "f_adapter" << "adapter";
    QTest::newRow("ssf") << "f_ssf" << "ssf";
    QTest::newRow("ease") << "f_ease" << "adapter";
  }

  void recordedFeaturesComeOut() {
    QFETCH(QString, file);
    QFETCH(QString, kind);
    const auto path = kShared / "fixtures" / (file.toStdString() + ".safetensors");
    if (!std::filesystem::exists(path)) QSKIP("The recorded reference tensors are not on this machine");
    TensorMap recorded = readTensorFile(path).tensors;
    LoadedBackbone vit = loadBackbone((kShared / "data/vit-tiny/vit_tiny_patch16_112.safetensors").string(), 112, "");
    vit::setTrainable(vit.vit, false);
    Setting setting;
    setting.shape = vit.shape;
    const auto adaptation = adaptationOf(kind.toUtf8().constData(), setting);
    std::map<std::string, Tensor> given;
    for (auto& [name, tensor] : recorded)
      if (name.starts_with("peft.") && (kind != QLatin1String("ssf") || name.find("ssf_") != std::string::npos)) given[ourName(name.substr(5), kind.toStdString())] = tensor;
    class Set final : public State {
     public:
      explicit Set(std::map<std::string, Tensor>& from) : from_(from) {}
      void tensor(const std::string& name, Tensor& tensor, bool) override {
        if (!from_.contains(name)) return;
        tensor = from_.at(name).reshape(tensor.sizes()).to(torch::kFloat).clone();
        from_.erase(name);
        ++set;
      }
      int set = 0;

     private:
      std::map<std::string, Tensor>& from_;
    } set(given);
    adaptation->visit(set);
    QVERIFY(set.set >= 48);
    QVERIFY2(given.empty(), given.empty() ? "" : given.begin()->first.c_str());
    const double off = relative(featuresOf(vit.vit, recorded.at("input"), adaptation.get()), recorded.at("features"));
    QVERIFY2(off < 1e-4, qPrintable(QString::number(off)));
  }
};

QTEST_GUILESS_MAIN(TestAdaptations)
#include "tst_adaptations.moc"
