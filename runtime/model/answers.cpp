#include "answers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace edgekit {
namespace {

Ranked named(int index, const std::vector<double>& values, const std::vector<std::string>& names) {
  const std::size_t at = static_cast<std::size_t>(index);
  return {index, at < names.size() ? names[at] : std::string(), values[at]};
}

}  // namespace

std::vector<double> probabilities(const float* values, std::size_t count, OutputKind kind) {
  std::vector<double> row(values, values + count);
  if (kind != OutputKind::kLogits || row.empty()) return row;
  if (count == 1) {
    // 1 / (1 + exp(-x)), without an exponential that is infinite.
    const double x = row[0];
    row[0] = x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
    return row;
  }
  const double largest = *std::max_element(row.begin(), row.end());
  for (double& value : row) value = std::exp(value - largest);
  const double sum = std::accumulate(row.begin(), row.end(), 0.0);
  for (double& value : row) value /= sum;
  return row;
}

std::vector<Ranked> ranked(const std::vector<double>& probabilities, const std::vector<std::string>& names, int top) {
  std::vector<int> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t kept = std::min(order.size(), static_cast<std::size_t>(std::max(top, 0)));
  const auto better = [&](int a, int b) {
    const double one = probabilities[static_cast<std::size_t>(a)], other = probabilities[static_cast<std::size_t>(b)];
    return one > other || (one == other && a < b);
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(), better);
  std::vector<Ranked> found;
  for (std::size_t i = 0; i < kept; ++i) found.push_back(named(order[i], probabilities, names));
  return found;
}

std::vector<Ranked> above(const std::vector<double>& probabilities, const std::vector<std::string>& names,
                          const std::vector<double>& thresholds) {
  std::vector<Ranked> found;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double threshold = thresholds.empty() ? 0.5 : thresholds.size() == 1 ? thresholds[0] : thresholds[i];
    if (probabilities[i] > threshold) found.push_back(named(static_cast<int>(i), probabilities, names));
  }
  return found;
}

}  // namespace edgekit
