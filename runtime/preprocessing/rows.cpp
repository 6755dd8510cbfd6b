#include "rows.h"

#include "specification.h"

namespace edgekit {
namespace {

// ITU-R BT.601's 0.299, 0.587, 0.114 in fixed point: cvtColor's since OpenCV 4, and Pillow's convert("L").
std::uint8_t grey(const std::uint8_t* rgb, ResizeBackend backend) {
  if (backend == ResizeBackend::kPillow) {
    return static_cast<std::uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + (1 << 15)) >> 16);
  }
  return static_cast<std::uint8_t>((rgb[0] * 9798 + rgb[1] * 19235 + rgb[2] * 3735 + (1 << 14)) >> 15);
}

bool is_blue_first(ChannelOrder order) {
  return order == ChannelOrder::kBgr || order == ChannelOrder::kBgra || order == ChannelOrder::kBgr0;
}

}  // namespace

Rows::Rows(const Image& photo, const Window& cut, const Preprocessing& spec)
    : photo_(photo),
      cut_(cut),
      order_(spec.channel_order),
      backend_(spec.resize_backend),
      channels_(photo_channels(spec)),
      as_is_(!is_blue_first(order_) && order_ != ChannelOrder::kGray && photo.channels == channels_) {
  if (!as_is_) converted_ = allocate<std::uint8_t>(static_cast<std::size_t>(cut.size.width) * channels_);
}

const std::uint8_t* Rows::operator[](int y) const {
  const std::uint8_t* pixel = photo_.rgb + static_cast<std::size_t>(cut_.top + y) * photo_.row_bytes +
                              static_cast<std::size_t>(cut_.left) * photo_.channels;
  if (as_is_) return pixel;
  std::uint8_t* out = converted_.get();
  const int red = is_blue_first(order_) ? 2 : 0;
  for (int x = 0; x < cut_.size.width; ++x, pixel += photo_.channels, out += channels_) {
    if (channels_ == 1) {
      out[0] = grey(pixel, backend_);
      continue;
    }
    out[red] = pixel[0];
    out[1] = pixel[1];
    out[2 - red] = pixel[2];
    // A photo without an alpha channel is opaque.
    if (channels_ == 4) out[3] = photo_.channels == 4 ? pixel[3] : 255;
  }
  return converted_.get();
}

}  // namespace edgekit
