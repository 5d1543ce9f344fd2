// The same network under everybody's names: each scheme leads to timm's names, shapes and bytes.
#include <QtTest>
#include <map>

#include "engine/weights/names.h"

using namespace palimpsest;

namespace {

constexpr std::int64_t kWidth = 6, kHeads = 2, kMlp = 12, kTokens = 5, kPatch = 2;

// A table that owns what it shows; every tensor holds numbers of its own.
class Builder {
 public:
  Builder& add(const std::string& name, Sizes shape) {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    std::vector<float> values(count);
    for (float& value : values) value = next_++;
    return add(name, std::move(shape), std::move(values));
  }
  Builder& add(const std::string& name, Sizes shape, std::vector<float> values) {
    const auto& kept = values_->emplace_back(std::move(values));
    table_.tensors.push_back({name, Dtype::F32, std::move(shape), std::as_bytes(std::span(kept))});
    return *this;
  }
  TensorTable table() {
    table_.owner = values_;
    table_.format = "test";
    return table_;
  }

 private:
  float next_ = 0;
  std::shared_ptr<std::deque<std::vector<float>>> values_ = std::make_shared<std::deque<std::vector<float>>>();
  TensorTable table_;
};

std::vector<float> valuesOf(const TensorView& tensor) {
  std::vector<float> out(tensor.data.size() / sizeof(float));
  std::memcpy(out.data(), tensor.data.data(), tensor.data.size());
  return out;
}

TensorTable timmNetwork(int blocks = 2) {
  Builder b;
  b.add("cls_token", {1, 1, kWidth}).add("pos_embed", {1, kTokens, kWidth});
  b.add("patch_embed.proj.weight", {kWidth, 3, kPatch, kPatch}).add("patch_embed.proj.bias", {kWidth});
  for (int i = 0; i < blocks; ++i) {
    const std::string at = "blocks." + std::to_string(i) + ".";
    for (const char* norm : {"norm1", "norm2"}) b.add(at + norm + ".weight", {kWidth}).add(at + norm + ".bias", {kWidth});
    b.add(at + "attn.qkv.weight", {3 * kWidth, kWidth}).add(at + "attn.qkv.bias", {3 * kWidth});
    b.add(at + "attn.proj.weight", {kWidth, kWidth}).add(at + "attn.proj.bias", {kWidth});
    b.add(at + "mlp.fc1.weight", {kMlp, kWidth}).add(at + "mlp.fc1.bias", {kMlp});
    b.add(at + "mlp.fc2.weight", {kWidth, kMlp}).add(at + "mlp.fc2.bias", {kWidth});
  }
  b.add("norm.weight", {kWidth}).add("norm.bias", {kWidth});
  b.add("head.weight", {4, kWidth}).add("head.bias", {4});
  return b.table();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (const auto at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

std::vector<float> third(const TensorView& tensor, std::size_t which) {
  const std::vector<float> all = valuesOf(tensor);
  const auto part = static_cast<std::ptrdiff_t>(all.size() / 3);
  return {all.begin() + part * static_cast<std::ptrdiff_t>(which), all.begin() + part * static_cast<std::ptrdiff_t>(which + 1)};
}

// [rows, columns] -> [columns, rows]
std::vector<float> transposed(const std::vector<float>& values, std::int64_t rows, std::int64_t columns) {
  std::vector<float> out(values.size());
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) out[static_cast<std::size_t>(c * rows + r)] = values[static_cast<std::size_t>(r * columns + c)];
  return out;
}

using Parts = std::vector<std::pair<std::string, std::string>>;

TensorTable huggingFace(const TensorTable& timm, const std::string& prefix) {
  const Parts parts{{"blocks.", "encoder.layer."}, {"norm1", "layernorm_before"}, {"norm2", "layernorm_after"}, {"attn.proj", "attention.output.dense"},
                    {"mlp.fc1", "intermediate.dense"}, {"mlp.fc2", "output.dense"}, {"patch_embed.proj", "embeddings.patch_embeddings.projection"},
                    {"cls_token", "embeddings.cls_token"}, {"pos_embed", "embeddings.position_embeddings"}};
  Builder b;
  for (const TensorView& tensor : timm.tensors) {
    std::string name = tensor.name;
    for (const auto& [from, to] : parts) name = replaced(name, from, to);
    if (name.starts_with("norm.")) name = replaced(name, "norm", "layernorm");
    if (name.starts_with("head.")) {
      b.add(replaced(name, "head", "classifier"), tensor.shape, valuesOf(tensor));
      continue;
    }
    if (name.find("attn.qkv") == std::string::npos) {
      b.add(prefix + name, tensor.shape, valuesOf(tensor));
      continue;
    }
    Sizes shape = tensor.shape;
    shape[0] /= 3;
    const char* const names[] = {"query", "key", "value"};
    for (std::size_t i = 0; i < 3; ++i) b.add(prefix + replaced(name, "attn.qkv", std::string("attention.attention.") + names[i]), shape, third(tensor, i));
  }
  b.add(prefix + "pooler.dense.weight", {kWidth, kWidth});
  return b.table();
}

TensorTable openAi(const TensorTable& timm) {
  const Parts parts{{"blocks.", "transformer.resblocks."}, {"norm1", "ln_1"}, {"norm2", "ln_2"}, {"attn.proj", "attn.out_proj"}, {"mlp.fc1", "mlp.c_fc"},
                    {"mlp.fc2", "mlp.c_proj"}, {"attn.qkv.weight", "attn.in_proj_weight"}, {"attn.qkv.bias", "attn.in_proj_bias"}, {"patch_embed.proj", "conv1"}};
  Builder b;
  b.add("positional_embedding", {7, 8}).add("token_embedding.weight", {9, 8}).add("logit_scale", {});
  for (const TensorView& tensor : timm.tensors) {
    std::string name = tensor.name;
    for (const auto& [from, to] : parts) name = replaced(name, from, to);
    if (name == "head.bias" || name == "conv1.bias") continue;
    if (name.starts_with("norm.")) name = replaced(name, "norm", "ln_post");
    if (name == "cls_token") b.add("visual.class_embedding", {kWidth}, valuesOf(tensor));
    else if (name == "pos_embed") b.add("visual.positional_embedding", {kTokens, kWidth}, valuesOf(tensor));
    else if (name == "head.weight") b.add("visual.proj", {kWidth, 4}, transposed(valuesOf(tensor), 4, kWidth));
    else b.add("visual." + name, tensor.shape, valuesOf(tensor));
  }
  b.add("visual.ln_pre.weight", {kWidth}).add("visual.ln_pre.bias", {kWidth});
  return b.table();
}

// flax: kernels [in, out], heads apart; written from the definition y = x W, with W[in][head][d] the row head * d + d of timm's.
TensorTable jax(const TensorTable& timm) {
  constexpr std::int64_t d = kWidth / kHeads;
  Builder b;
  const auto at = [&](const std::string& name) { return *timm.find(name); };
  std::vector<float> conv(3 * kPatch * kPatch * kWidth);
  const std::vector<float> kernel = valuesOf(at("patch_embed.proj.weight"));
  for (std::int64_t o = 0, i = 0; o < kWidth; ++o)
    for (std::int64_t c = 0; c < 3; ++c)
      for (std::int64_t y = 0; y < kPatch; ++y)
        for (std::int64_t x = 0; x < kPatch; ++x) conv[static_cast<std::size_t>(((y * kPatch + x) * 3 + c) * kWidth + o)] = kernel[static_cast<std::size_t>(i++)];
  b.add("embedding/kernel", {kPatch, kPatch, 3, kWidth}, conv).add("embedding/bias", {kWidth}, valuesOf(at("patch_embed.proj.bias")));
  b.add("cls", {1, 1, kWidth}, valuesOf(at("cls_token"))).add("Transformer/posembed_input/pos_embedding", {1, kTokens, kWidth}, valuesOf(at("pos_embed")));
  for (int i = 0; i < 2; ++i) {
    const std::string from = "blocks." + std::to_string(i) + ".", to = "Transformer/encoderblock_" + std::to_string(i) + "/";
    for (const auto& [a, c] : Parts{{"norm1", "LayerNorm_0"}, {"norm2", "LayerNorm_2"}})
      b.add(to + c + "/scale", {kWidth}, valuesOf(at(from + a + ".weight"))).add(to + c + "/bias", {kWidth}, valuesOf(at(from + a + ".bias")));
    const char* const names[] = {"query", "key", "value"};
    for (std::size_t n = 0; n < 3; ++n) {
      b.add(to + "MultiHeadDotProductAttention_1/" + names[n] + "/kernel", {kWidth, kHeads, d}, transposed(third(at(from + "attn.qkv.weight"), n), kWidth, kWidth));
      b.add(to + "MultiHeadDotProductAttention_1/" + names[n] + "/bias", {kHeads, d}, third(at(from + "attn.qkv.bias"), n));
    }
    b.add(to + "MultiHeadDotProductAttention_1/out/kernel", {kHeads, d, kWidth}, transposed(valuesOf(at(from + "attn.proj.weight")), kWidth, kWidth));
    b.add(to + "MultiHeadDotProductAttention_1/out/bias", {kWidth}, valuesOf(at(from + "attn.proj.bias")));
    b.add(to + "MlpBlock_3/Dense_0/kernel", {kWidth, kMlp}, transposed(valuesOf(at(from + "mlp.fc1.weight")), kMlp, kWidth)).add(to + "MlpBlock_3/Dense_0/bias", {kMlp}, valuesOf(at(from + "mlp.fc1.bias")));
    b.add(to + "MlpBlock_3/Dense_1/kernel", {kMlp, kWidth}, transposed(valuesOf(at(from + "mlp.fc2.weight")), kWidth, kMlp)).add(to + "MlpBlock_3/Dense_1/bias", {kWidth}, valuesOf(at(from + "mlp.fc2.bias")));
  }
  b.add("Transformer/encoder_norm/scale", {kWidth}, valuesOf(at("norm.weight"))).add("Transformer/encoder_norm/bias", {kWidth}, valuesOf(at("norm.bias")));
  b.add("head/kernel", {kWidth, 4}, transposed(valuesOf(at("head.weight")), 4, kWidth)).add("head/bias", {4}, valuesOf(at("head.bias")));
  b.add("pre_logits/kernel", {kWidth, kWidth});
  return b.table();
}

}  // namespace

class TestNames : public QObject {
  Q_OBJECT
 private:
  NameReport report_;
  Issues issues_;
  TensorTable mapped(const TensorTable& table) {
    issues_.clear();
    report_ = {};
    return timmNames(table, "weights.pth", report_, issues_);
  }
  // Every tensor of `expected` but those in `without`, byte for byte; `more` are there besides.
  void compare(const TensorTable& got, const TensorTable& expected, const std::set<std::string>& without = {}, const std::set<std::string>& more = {}) {
    QVERIFY2(!hasErrors(issues_), issues_.empty() ? "" : issues_[0].message.c_str());
    std::set<std::string> seen;
    for (const TensorView& tensor : expected.tensors) {
      if (without.contains(tensor.name)) continue;
      const TensorView* same = got.find(tensor.name);
      QVERIFY2(same, ("missing: " + tensor.name).c_str());
      QVERIFY2(same->shape == tensor.shape, (tensor.name + " " + same->shapeText()).c_str());
      QVERIFY2(valuesOf(*same) == valuesOf(tensor), ("other values: " + tensor.name).c_str());
      seen.insert(tensor.name);
    }
    for (const TensorView& tensor : got.tensors) QVERIFY2(seen.contains(tensor.name) || more.contains(tensor.name), ("unexpected: " + tensor.name).c_str());
  }

 private Q_SLOTS:
  void timmsNamesStay() {
    compare(mapped(timmNetwork()), timmNetwork());
    QCOMPARE(report_.scheme, std::string("timm"));
    QVERIFY(report_.renamed.empty() && report_.dropped.empty());
  }

  void aWrappedNetworkIsFoundInside() {
    Builder b;
    for (const TensorView& tensor : timmNetwork().tensors) b.add("student.backbone." + tensor.name, tensor.shape);
    for (const TensorView& tensor : timmNetwork().tensors) b.add("teacher.backbone." + tensor.name, tensor.shape, valuesOf(tensor));
    b.add("teacher.head.mlp.0.weight", {3, kWidth});
    compare(mapped(b.table()), timmNetwork());
    QVERIFY(std::ranges::find(report_.dropped, "teacher.head.mlp.0.weight") != report_.dropped.end());
  }

  void huggingFacesVitBecomesTimms() {
    for (const char* prefix : {"", "vit."}) {
      compare(mapped(huggingFace(timmNetwork(), prefix)), timmNetwork());
      QCOMPARE(report_.scheme, std::string("Hugging Face ViTModel"));
      QCOMPARE(report_.dropped, std::vector<std::string>{std::string(prefix) + "pooler.dense.weight"});
    }
  }

  void clipsVisionTowerBecomesTimms() {
    const TensorTable got = mapped(openAi(timmNetwork()));
    compare(got, timmNetwork(), {"head.bias", "patch_embed.proj.bias"}, {"norm_pre.weight", "norm_pre.bias"});
    QCOMPARE(got.metadata.at("eps"), std::string("1e-5"));
    QCOMPARE(issues_.size(), std::size_t(1));  // GELU or QuickGELU
    QVERIFY(issues_[0].severity == Severity::Warning && issues_[0].message.find("QuickGELU") != std::string::npos);
    TensorTable scripted = openAi(timmNetwork());
    scripted.format = "TorchScript archive";
    QCOMPARE(mapped(scripted).metadata.at("activation"), std::string("quick_gelu"));
    QVERIFY(issues_.empty());
  }

  void jaxBecomesTimms() {
    const TensorTable got = mapped(jax(timmNetwork()));
    compare(got, timmNetwork());
    QCOMPARE(got.metadata.at("heads"), std::to_string(kHeads));
    QCOMPARE(report_.dropped, std::vector<std::string>{"pre_logits/kernel"});
  }

  void registersGetPositionsOfZero() {
    Builder b;
    for (const TensorView& tensor : timmNetwork().tensors) b.add(tensor.name, tensor.shape, valuesOf(tensor));
    b.add("register_tokens", {1, 2, kWidth}).add("mask_token", {1, kWidth});
    const TensorTable got = mapped(b.table());
    const std::vector<float> before = valuesOf(*timmNetwork().find("pos_embed")), after = valuesOf(*got.find("pos_embed"));
    QVERIFY((got.find("pos_embed")->shape == Sizes{1, kTokens + 2, kWidth}));
    QVERIFY(std::equal(before.begin(), before.begin() + kWidth, after.begin()));
    QVERIFY(std::all_of(after.begin() + kWidth, after.begin() + 3 * kWidth, [](float v) { return v == 0; }));
    QVERIFY(std::equal(before.begin() + kWidth, before.end(), after.begin() + 3 * kWidth));
    QCOMPARE(got.metadata.at("input_range"), std::string("imagenet"));
    QVERIFY(got.find("reg_token") && !got.find("mask_token"));
  }

  void chunkedBlocksGetTheirNumbers() {
    Builder b;
    for (const TensorView& tensor : timmNetwork().tensors) b.add(replaced(replaced(tensor.name, "blocks.0.", "blocks.0.0."), "blocks.1.", "blocks.1.1."), tensor.shape, valuesOf(tensor));
    compare(mapped(b.table()), timmNetwork());
  }

  void otherNetworksAreRefusedWithTheReason_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("reason");
    QTest::newRow("ResNet") << "layer1.0.conv1.weight" << "convolutional";
    QTest::newRow("BERT") << "bert.encoder.layer.0.attention.output.LayerNorm.weight" << "post-norm";
    QTest::newRow("Swin") << "layers.0.blocks.0.attn.relative_position_bias_table" << "Swin";
    QTest::newRow("torch.nn.Transformer") << "layers.0.self_attn.in_proj_weight" << "post-norm unless";
    QTest::newRow("something") << "a" << "no network that is known";
  }
  void otherNetworksAreRefusedWithTheReason() {
    QFETCH(QString, name);
    QFETCH(QString, reason);
    mapped(Builder().add("conv1.weight", {4, 3, 2, 2}).add(name.toStdString(), {2, 2}).table());
    QVERIFY(hasErrors(issues_));
    QVERIFY2(issues_[0].message.find(reason.toStdString()) != std::string::npos, issues_[0].message.c_str());
  }

  void misshapenTensorsArePassedOnToWhoeverChecksShapes() {
    Builder b;
    for (const TensorView& tensor : jax(timmNetwork()).tensors)
      if (tensor.name.ends_with("query/kernel")) b.add(tensor.name, {2, 2});
      else if (tensor.name.ends_with("encoder_norm/scale")) b.add(tensor.name, {});
      else b.add(tensor.name, tensor.shape);
    const TensorTable got = mapped(b.table());
    for (const TensorView& tensor : got.tensors) {  // whatever came out, shapes and bytes agree
      std::uint64_t count = 0;
      QVERIFY(countOf(tensor.shape, UINT64_MAX, count) && count * sizeof(float) == tensor.data.size());
    }
    QVERIFY(!got.find("blocks.0.attn.qkv.weight"));
  }
};

QTEST_GUILESS_MAIN(TestNames)
#include "tst_names.moc"
