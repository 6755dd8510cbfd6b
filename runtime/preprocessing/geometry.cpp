#include "geometry.h"

#include <algorithm>
#include <cmath>

namespace edgekit {
namespace {

// An exact half goes to the even neighbour, as with Python's `round`: nearbyint does so in the default rounding mode.
int rounded(double value) { return static_cast<int>(std::nearbyint(value)); }

Size resized_by_short(Size photo, const Preprocessing& spec) {
  const int shorter = std::min(photo.height, photo.width);
  const auto side = [&](int length) {
    if (spec.size_rounding == SizeRounding::kFloor) {
      return static_cast<int>(static_cast<double>(static_cast<std::int64_t>(spec.resize_short) * length) / shorter);
    }
    return rounded(length * (static_cast<double>(spec.resize_short) / shorter));
  };
  return {side(photo.height), side(photo.width)};
}

Size fitted(Size photo, const Preprocessing& spec) {
  const Size crop = spec.crop;
  if (spec.size_rounding == SizeRounding::kFloor) {
    const bool by_height = static_cast<std::int64_t>(crop.height) * photo.width <=
                           static_cast<std::int64_t>(crop.width) * photo.height;
    const std::int64_t side = by_height ? photo.height : photo.width, target = by_height ? crop.height : crop.width;
    const auto scaled = [&](int length) { return static_cast<int>(std::max<std::int64_t>(1, length * target / side)); };
    return {scaled(photo.height), scaled(photo.width)};
  }
  const double ratio =
      std::min(static_cast<double>(crop.height) / photo.height, static_cast<double>(crop.width) / photo.width);
  return {std::max(1, rounded(photo.height * ratio)), std::max(1, rounded(photo.width * ratio))};
}

Size resized_size(Size photo, const Preprocessing& spec) {
  switch (spec.resize) {
    case Resize::kShort: return resized_by_short(photo, spec);
    case Resize::kStretch: return spec.resize_to;
    case Resize::kLetterbox: return fitted(photo, spec);
    case Resize::kNone: break;
  }
  return photo;
}

bool contains(Size outer, Size inner) { return outer.height >= inner.height && outer.width >= inner.width; }

int corner(int resized, int kept, CropOrigin origin) {
  if (origin == CropOrigin::kTopLeft) return 0;
  return origin == CropOrigin::kCentreRound ? rounded((resized - kept) / 2.0) : (resized - kept) / 2;
}

}  // namespace

Status place(Size photo, const Preprocessing& spec, Placement* placement) {
  Size source = photo;
  if (spec.crop_first == CropFirst::kSquare) source.height = source.width = std::min(photo.height, photo.width);
  if (spec.crop_first == CropFirst::kSize) source = spec.crop_first_size;
  if (!contains(photo, source)) return Status::kTooSmall;
  placement->cut = {(photo.height - source.height) / 2, (photo.width - source.width) / 2, source};
  const Size resized = resized_size(source, spec), crop = spec.crop;
  placement->resized = resized;
  if (spec.resize == Resize::kLetterbox) {
    const bool middle = spec.pad_position == PadPosition::kCentre;
    placement->kept = {0, 0, resized};
    placement->top = middle ? (crop.height - resized.height) / 2 : 0;
    placement->left = middle ? (crop.width - resized.width) / 2 : 0;
    return Status::kOk;
  }
  if (!contains(resized, crop)) return Status::kTooSmall;
  placement->kept = {corner(resized.height, crop.height, spec.crop_origin),
                     corner(resized.width, crop.width, spec.crop_origin), crop};
  placement->top = placement->left = 0;
  return Status::kOk;
}

}  // namespace edgekit
