#include "decisions.h"

#include <algorithm>
#include <cmath>

namespace edgekit {
namespace {

void decide_class(const Compared& compared, std::size_t sample, double noise, Decisions* decisions) {
  const double *ours = compared.ours[sample], *truth = compared.truth[sample];
  const std::size_t count = compared.truth.values;
  const std::size_t chosen = static_cast<std::size_t>(std::max_element(ours, ours + count) - ours);
  const std::size_t wanted = static_cast<std::size_t>(std::max_element(truth, truth + count) - truth);
  ++decisions->made;
  if (chosen == wanted) return;
  ++decisions->other;
  if (truth[wanted] - truth[chosen] < 2 * noise * compared.scales[sample]) ++decisions->excused;
}

void decide_labels(const Compared& compared, std::size_t sample, double noise, Decisions* decisions) {
  for (std::size_t i = 0; i < compared.truth.values; ++i) {
    const double threshold = compared.thresholds[compared.thresholds.size() == 1 ? 0 : i];
    const double truth = compared.truth[sample][i];
    ++decisions->made;
    if ((compared.ours[sample][i] > threshold) == (truth > threshold)) continue;
    ++decisions->other;
    if (std::abs(truth - threshold) < 2 * noise * compared.scales[sample]) ++decisions->excused;
  }
}

}  // namespace

Decisions decide(const Compared& compared, OutputKind kind, double noise) {
  Decisions decisions;
  if (kind == OutputKind::kFeatures) return decisions;
  const bool labels = kind == OutputKind::kSigmoid || (kind == OutputKind::kLogits && compared.truth.values == 1);
  for (std::size_t sample = 0; sample < compared.truth.samples; ++sample) {
    if (labels) {
      decide_labels(compared, sample, noise, &decisions);
    } else {
      decide_class(compared, sample, noise, &decisions);
    }
  }
  return decisions;
}

}  // namespace edgekit
