#include "errors.h"

#include <algorithm>
#include <cmath>

namespace edgekit {
namespace {

// Where a format has no digits left, near 0 and near 1 (edgekit.parity.values: SMALLEST_PROBABILITY, SATURATION).
struct Digits {
  double smallest;
  double cut_below, cut_above, slack_below, slack_above;

  static Digits of(const std::string& precision) {
    const bool full = precision == "fp32";
    const double below = full ? std::exp(-64.0) : precision == "fp16" ? std::ldexp(1.0, -14) : 1.0 / 256;
    const double above = full ? std::ldexp(1.0, -22) : precision == "fp16" ? std::ldexp(1.0, -11) : 1.0 / 256;
    return {below, below, above, full ? 0.0 : below, above};
  }
};

double sigmoid_logit(double value, double truth, const Digits& digits) {
  const double off = value - truth;
  const double slack = truth < 0.5 ? digits.slack_below : digits.slack_above;
  const double told = std::copysign(std::max(std::abs(off) - slack, 0.0), off);
  const double within = std::min(std::max(truth + told, digits.cut_below), 1 - digits.cut_above);
  return std::log(within) - std::log1p(-within);
}

std::vector<double> scales_of(const Rows& truth, OutputKind kind) {
  std::vector<double> scales(truth.samples);
  for (std::size_t s = 0; s < truth.samples; ++s) {
    for (std::size_t i = 0; i < truth.values; ++i) scales[s] = std::max(scales[s], std::abs(truth[s][i]));
  }
  if (truth.values == 1) {
    // A single value is no scale: it may be near zero.
    std::vector<double> ordered = scales;
    std::sort(ordered.begin(), ordered.end());
    const std::size_t half = ordered.size() / 2;
    const double median = ordered.size() % 2 ? ordered[half] : (ordered[half - 1] + ordered[half]) / 2;
    for (double& scale : scales) scale = std::max(scale, median);
  }
  for (double& scale : scales) {
    if (!(scale > 0)) scale = 1;
    if (kind == OutputKind::kSigmoid) scale = std::max(scale, 1.0);
  }
  return scales;
}

// Whether a sample's values can be of that kind; 1 % lets FP16 round.
std::string unfit(const Rows& rows, OutputKind kind, bool whole) {
  for (std::size_t s = 0; s < rows.samples; ++s) {
    double sum = 0, least = INFINITY, most = -INFINITY;
    for (std::size_t i = 0; i < rows.values; ++i) {
      const double value = rows[s][i];
      if (!std::isfinite(value)) return "has values that are infinite or none (NaN)";
      sum += value;
      least = std::min(least, value);
      most = std::max(most, value);
    }
    if (kind == OutputKind::kProbabilities && (least < 0 || (whole && std::abs(sum - 1) > 0.01))) {
      return "is not made of probabilities";
    }
    const double beyond = whole ? std::ldexp(1.0, -11) : 1.0 / 256;
    if (kind == OutputKind::kSigmoid && (least < -beyond || most > 1 + beyond)) return "is not a sigmoid's";
  }
  return "";
}

}  // namespace

Rows rows_of(const Tensor& tensor) {
  Rows rows;
  rows.samples = static_cast<std::size_t>(tensor.samples());
  rows.values = rows.samples ? tensor.count() / rows.samples : 0;
  rows.data.assign(tensor.floats(), tensor.floats() + tensor.count());
  return rows;
}

double Compared::max_relative() const {
  double largest = 0;
  for (std::size_t s = 0; s < truth.samples; ++s) {
    for (std::size_t i = 0; i < truth.values; ++i) {
      largest = std::max(largest, std::abs(ours[s][i] - truth[s][i]) / scales[s]);
    }
  }
  return largest;
}

std::string compare(const Tensor& ours, const Tensor& truth, const TensorSpec& spec, const std::string& precision,
                    Compared* compared) {
  if (ours.shape != truth.shape || truth.count() == 0) {
    return "has the shape " + shown(ours.shape) + ", and the oracle's is " + shown(truth.shape);
  }
  compared->ours = rows_of(ours);
  compared->truth = rows_of(truth);
  if (std::string problem = unfit(compared->ours, spec.kind, precision != "int8"); !problem.empty()) return problem;
  if (std::string problem = unfit(compared->truth, spec.kind, true); !problem.empty()) return "has an oracle that " + problem;
  const Digits digits = Digits::of(precision);
  for (std::size_t i = 0; i < compared->truth.data.size(); ++i) {
    double &value = compared->ours.data[i], &wanted = compared->truth.data[i];
    if (spec.kind == OutputKind::kProbabilities) {
      value = std::log(std::max(value, digits.smallest));
      wanted = std::log(std::max(wanted, digits.smallest));
    } else if (spec.kind == OutputKind::kSigmoid) {
      value = sigmoid_logit(value, wanted, digits);
      wanted = sigmoid_logit(wanted, wanted, digits);
    }
  }
  compared->scales = scales_of(compared->truth, spec.kind);
  compared->thresholds = {0.0};  // one logit stands for two classes: it decides by its sign
  if (spec.kind == OutputKind::kSigmoid) {
    compared->thresholds = spec.thresholds.empty() ? std::vector<double>{0.5} : spec.thresholds;
    for (double& one : compared->thresholds) one = sigmoid_logit(one, one, digits);
  }
  return "";
}

}  // namespace edgekit
