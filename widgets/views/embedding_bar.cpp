#include "widgets/views/embedding_bar.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

namespace palimpsest {

namespace {

QHBoxLayout* rowOn(QWidget* parent) {
  auto* row = new QHBoxLayout(parent);
  row->setContentsMargins(0, 0, 0, 0);
  return row;
}

QSpinBox* number(QWidget* parent, const QString& name, int low, int high, int value, const QString& tip) {
  auto* box = new QSpinBox(parent);
  box->setObjectName(name);
  box->setRange(low, high);
  box->setValue(value);
  box->setToolTip(tip);
  return box;
}

void addLabelled(QHBoxLayout* row, const QString& text, QWidget* field) {
  auto* label = new QLabel(text);
  label->setBuddy(field);
  field->setAccessibleName(QString(text).remove(QLatin1Char('&')));
  row->addWidget(label);
  row->addWidget(field);
}

}  // namespace

EmbeddingBar::EmbeddingBar(QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(makeChoices());
  column->addWidget(makeTools());
  tsne_row_ = makeTsne();
  column->addWidget(tsne_row_);
  setLayers({});
  tsne_row_->hide();
}

QComboBox* EmbeddingBar::choice(const QString& name, const QStringList& words, const QString& tip) {
  auto* box = new QComboBox(this);
  box->setObjectName(name);
  box->addItems(words);
  box->setToolTip(tip);
  return box;
}

QToolButton* EmbeddingBar::button(const QString& name, const QString& text, const QString& tip) {
  auto* made = new QToolButton(this);
  made->setObjectName(name);
  made->setText(text);
  made->setToolTip(tip);
  made->setAccessibleName(QString(text).remove(QLatin1Char('&')));
  return made;
}

QWidget* EmbeddingBar::makeChoices() {
  auto* row = new QWidget(this);
  auto* layout = rowOn(row);
  of_ = choice(QStringLiteral("mapOf"), {tr("Features"), tr("Queries and keys"), tr("Prototypes")},
               tr("Features: what the head sees of each kept test image, with the class means.\nQueries and keys: what images look like to the frozen network, and what prompts are chosen by, both at unit length because the cosine decides.\nPrototypes: class means alone."));
  method_ = choice(QStringLiteral("mapMethod"), {tr("PCA"), tr("t-SNE")},
                   tr("PCA: a straight view along the directions of largest variance, the same for all tasks.\nt-SNE: keeps neighbours together; distances between groups mean little. Each task is turned to the one before."));
  dimensions_ = choice(QStringLiteral("mapDimensions"), {tr("2D"), tr("3D")}, tr("3D has no perspective. Turn it with Shift and the left button, or with the right one."));
  colour_ = choice(QStringLiteral("mapColour"), {tr("Class"), tr("Task"), tr("Right or wrong")}, tr("What the colour of a point tells."));
  layer_ = choice(QStringLiteral("mapLayer"), {}, tr("This method chooses prompts more than once. Keys of which choice?"));
  layer_label_ = new QLabel(tr("of choice"), this);
  addLabelled(layout, tr("&Map"), of_);
  layout->addWidget(layer_label_);
  layout->addWidget(layer_);
  addLabelled(layout, tr("b&y"), method_);
  addLabelled(layout, tr("&in"), dimensions_);
  addLabelled(layout, tr("&Colour"), colour_);
  layout->addStretch();
  connect(of_, &QComboBox::currentIndexChanged, this, &EmbeddingBar::settle);
  connect(method_, &QComboBox::currentIndexChanged, this, &EmbeddingBar::settle);
  connect(dimensions_, &QComboBox::currentIndexChanged, this, &EmbeddingBar::settle);
  connect(layer_, &QComboBox::currentIndexChanged, this, &EmbeddingBar::settle);
  connect(colour_, &QComboBox::currentIndexChanged, this, &EmbeddingBar::lookChanged);
  return row;
}

QWidget* EmbeddingBar::makeTools() {
  auto* row = new QWidget(this);
  auto* layout = rowOn(row);
  density_ = new QCheckBox(tr("&Density"), row);
  density_->setObjectName(QStringLiteral("mapDensity"));
  density_->setToolTip(tr("How many points lie where, behind them."));
  density_->setChecked(true);
  trails_ = new QCheckBox(tr("T&rails"), row);
  trails_->setObjectName(QStringLiteral("mapTrails"));
  trails_->setToolTip(tr("How prototypes and keys wandered from task to task. Hover one for its true way: a map shortens some ways more than others."));
  trails_->setChecked(true);
  spread_ = new QCheckBox(tr("Spr&ead"), row);
  spread_->setObjectName(QStringLiteral("mapSpread"));
  spread_->setToolTip(tr("Two standard deviations of each class around its mean, by the covariance that the method itself keeps, as far as its eight longest axes tell."));
  spread_->setChecked(true);
  spread_->hide();
  lasso_ = button(QStringLiteral("mapLasso"), tr("Lasso"), tr("Drag around images to select them (L). Shift adds, Ctrl takes away, both keep what is in both."));
  lasso_->setCheckable(true);
  neighbours_ = number(row, QStringLiteral("mapNeighbours"), 1, 100, 5, tr("How many neighbours are asked for."));
  ask_ = button(QStringLiteral("mapAsk"), tr("Nearest"), tr("Select the current image and those nearest to it in the original space, not on the map (N)."));
  auto* whole = button(QStringLiteral("mapFit"), tr("Whole map"), tr("Show everything (F, or a double click)."));
  for (QWidget* each : std::initializer_list<QWidget*>{density_, trails_, spread_, lasso_, ask_}) layout->addWidget(each);
  addLabelled(layout, tr("&k"), neighbours_);
  layout->addWidget(whole);
  layout->addStretch();
  connect(density_, &QCheckBox::toggled, this, &EmbeddingBar::lookChanged);
  connect(trails_, &QCheckBox::toggled, this, &EmbeddingBar::lookChanged);
  connect(spread_, &QCheckBox::toggled, this, &EmbeddingBar::lookChanged);
  connect(lasso_, &QToolButton::toggled, this, &EmbeddingBar::lassoToggled);
  connect(ask_, &QToolButton::clicked, this, &EmbeddingBar::neighboursWanted);
  connect(whole, &QToolButton::clicked, this, &EmbeddingBar::fitWanted);
  return row;
}

QWidget* EmbeddingBar::makeTsne() {
  auto* row = new QWidget(this);
  auto* layout = rowOn(row);
  seed_ = number(row, QStringLiteral("tsneSeed"), 0, 999'999, int(applied_.seed), tr("The same seed gives the same map."));
  perplexity_ = number(row, QStringLiteral("tsnePerplexity"), 2, 200, int(applied_.perplexity), tr("About how many neighbours a point has. At most a third of the other points."));
  iterations_ = number(row, QStringLiteral("tsneIterations"), 50, 5000, applied_.iterations, tr("Steps of the descent; the first quarter exaggerates attraction by 12."));
  iterations_->setSingleStep(50);
  apply_ = button(QStringLiteral("tsneApply"), tr("Apply"), tr("Make the map again with these values."));
  apply_->setEnabled(false);
  addLabelled(layout, tr("t-SNE: &seed"), seed_);
  addLabelled(layout, tr("&perplexity"), perplexity_);
  addLabelled(layout, tr("i&terations"), iterations_);
  layout->addWidget(apply_);
  layout->addStretch();
  for (QSpinBox* box : {seed_, perplexity_, iterations_}) connect(box, &QSpinBox::valueChanged, this, &EmbeddingBar::judgeTyped);
  connect(apply_, &QToolButton::clicked, this, [this] {
    applied_ = {std::uint64_t(seed_->value()), double(perplexity_->value()), iterations_->value(), applied_.dimensions};
    settle();
  });
  return row;
}

void EmbeddingBar::judgeTyped() {
  apply_->setEnabled(std::uint64_t(seed_->value()) != applied_.seed || perplexity_->value() != int(applied_.perplexity) || iterations_->value() != applied_.iterations);
}

void EmbeddingBar::settle() {
  tsne_row_->setVisible(method() == MapMethod::Tsne);
  const bool keys = of() == MapOf::Queries && layer_->count() > 1;
  layer_->setVisible(keys);
  layer_label_->setVisible(keys);
  judgeTyped();
  Q_EMIT mapChanged();
}

MapOf EmbeddingBar::of() const { return MapOf(of_->currentIndex()); }
MapMethod EmbeddingBar::method() const { return MapMethod(method_->currentIndex()); }
bool EmbeddingBar::solid() const { return dimensions_->currentIndex() == 1; }
int EmbeddingBar::layer() const { return layer_->currentIndex() < 0 ? 0 : layer_->currentData().toInt(); }
int EmbeddingBar::neighbours() const { return neighbours_->value(); }
EmbeddingView::ColourBy EmbeddingBar::colourBy() const { return EmbeddingView::ColourBy(colour_->currentIndex()); }
bool EmbeddingBar::density() const { return density_->isChecked(); }
bool EmbeddingBar::trails() const { return trails_->isChecked(); }
bool EmbeddingBar::spread() const { return spread_->isChecked(); }
void EmbeddingBar::setSpreads(bool known) { spread_->setVisible(known); }

TsneOptions EmbeddingBar::tsne() const {
  TsneOptions options = applied_;
  options.dimensions = solid() ? 3 : 2;
  return options;
}

void EmbeddingBar::setLayers(const std::vector<int>& layers) {
  std::vector<int> known;
  for (int i = 0; i < layer_->count(); ++i) known.push_back(layer_->itemData(i).toInt());
  if (known != layers) {
    const QSignalBlocker quiet(layer_);
    layer_->clear();
    for (const int layer : layers) layer_->addItem(QString::number(layer), layer);
  }
  const bool shown = of() == MapOf::Queries && layers.size() > 1;
  layer_->setVisible(shown);
  layer_label_->setVisible(shown);
}

void EmbeddingBar::setLasso(bool on) { lasso_->setChecked(on); }
void EmbeddingBar::setCanAskNeighbours(bool can) { ask_->setEnabled(can); }

}  // namespace palimpsest
