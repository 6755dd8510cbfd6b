// See the kernel's documentation of V4L2: "Streaming I/O (Memory Mapping)".
#include "camera.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pixels.h"

namespace {

constexpr int kBuffers = 4;
constexpr int kPatienceMs = 5000;
constexpr unsigned kLargestSide = 8192;

// As ioctl, but a signal in between does not end it.
int control(int file, unsigned long request, void* argument) {
  int answer;
  do {
    answer = ::ioctl(file, request, argument);
  } while (answer < 0 && errno == EINTR);
  return answer;
}

class Camera : public Frames {
 public:
  explicit Camera(std::string device) : device_(std::move(device)) {}
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  ~Camera() override {
    int kind = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (streams_) control(file_, VIDIOC_STREAMOFF, &kind);
    for (const Mapped& one : mapped_) ::munmap(one.start, one.length);
    if (file_ >= 0) ::close(file_);
  }

  std::string open(int width, int height) {
    file_ = ::open(device_.c_str(), O_RDWR | O_CLOEXEC);
    if (file_ < 0) return failed("cannot be opened");
    v4l2_capability capability{};
    if (control(file_, VIDIOC_QUERYCAP, &capability) < 0) return device_ + " is no camera";
    const unsigned has = capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps : capability.capabilities;
    if (!(has & V4L2_CAP_VIDEO_CAPTURE) || !(has & V4L2_CAP_STREAMING)) return device_ + " takes no pictures";
    if (std::string problem = choose(width, height); !problem.empty()) return problem;
    if (std::string problem = map(); !problem.empty()) return problem;
    int kind = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (control(file_, VIDIOC_STREAMON, &kind) < 0) return failed("does not start");
    streams_ = true;
    return "";
  }

  std::string next(Frame* frame, bool* ended) override {
    *ended = false;
    *frame = Frame();
    frame->name = std::to_string(number_++);
    v4l2_buffer buffer = empty_buffer();
    if (std::string problem = newest(&buffer); !problem.empty()) return problem;
    const Mapped& mapped = mapped_[buffer.index];
    std::string problem = take(mapped, buffer.bytesused < mapped.length ? buffer.bytesused : mapped.length, frame);
    if (control(file_, VIDIOC_QBUF, &buffer) < 0 && problem.empty()) problem = failed("gives no frames any more");
    return problem;
  }

  bool goes_on() const override { return false; }

 private:
  struct Mapped {
    void* start;
    std::size_t length;
  };

  std::string failed(const char* what) const { return device_ + " " + what + ": " + std::strerror(errno); }

  static v4l2_buffer empty_buffer() {
    v4l2_buffer buffer{};
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    return buffer;
  }

  // JPEG, which USB cameras give in all sizes, else YUYV.
  std::string choose(int width, int height) {
    for (const unsigned kind : {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV}) {
      format_ = {};
      format_.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
      format_.fmt.pix.width = static_cast<unsigned>(width);
      format_.fmt.pix.height = static_cast<unsigned>(height);
      format_.fmt.pix.pixelformat = kind;
      if (control(file_, VIDIOC_S_FMT, &format_) < 0 || format_.fmt.pix.pixelformat != kind) continue;
      const v4l2_pix_format& given = format_.fmt.pix;
      const bool fits = given.width > 0 && given.height > 0 && given.width <= kLargestSide && given.height <= kLargestSide;
      if (fits && (kind == V4L2_PIX_FMT_MJPEG || (given.width % 2 == 0 && given.bytesperline >= 2 * given.width))) return "";
    }
    return device_ + " gives neither JPEG nor YUYV";
  }

  std::string map() {
    v4l2_requestbuffers request{};
    request.count = kBuffers;
    request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    request.memory = V4L2_MEMORY_MMAP;
    if (control(file_, VIDIOC_REQBUFS, &request) < 0 || request.count == 0) return failed("gives no memory for frames");
    for (unsigned i = 0; i < request.count; ++i) {
      v4l2_buffer buffer = empty_buffer();
      buffer.index = i;
      if (control(file_, VIDIOC_QUERYBUF, &buffer) < 0) return failed("gives no memory for frames");
      void* start = ::mmap(nullptr, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, file_, buffer.m.offset);
      if (start == MAP_FAILED) return failed("gives no memory for frames");
      mapped_.push_back({start, buffer.length});
      if (control(file_, VIDIOC_QBUF, &buffer) < 0) return failed("takes no memory for frames");
    }
    return "";
  }

  // The newest frame that is there: those that came while the last one was computed are let go.
  std::string newest(v4l2_buffer* buffer) {
    pollfd waits{file_, POLLIN, 0};
    const int ready = ::poll(&waits, 1, kPatienceMs);
    if (ready == 0) return device_ + " has given no frame for " + std::to_string(kPatienceMs / 1000) + " s";
    if (ready < 0 && errno != EINTR) return failed("gives no frames any more");
    if (control(file_, VIDIOC_DQBUF, buffer) < 0) return failed("gives no frames any more");
    while (::poll(&waits, 1, 0) == 1 && (waits.revents & POLLIN)) {
      v4l2_buffer later = empty_buffer();
      if (control(file_, VIDIOC_DQBUF, &later) < 0) break;
      if (control(file_, VIDIOC_QBUF, buffer) < 0) return failed("takes no memory for frames");
      *buffer = later;
    }
    return buffer->index < mapped_.size() ? "" : device_ + " gave a frame that it does not have";
  }

  std::string take(const Mapped& mapped, std::size_t used, Frame* frame) const {
    const auto* start = static_cast<const std::uint8_t*>(mapped.start);
    const v4l2_pix_format& given = format_.fmt.pix;
    if (given.pixelformat == V4L2_PIX_FMT_MJPEG) {
      frame->bytes.assign(start, start + used);
      return "";
    }
    if (used < static_cast<std::size_t>(given.bytesperline) * given.height) return device_ + " gave half a frame";
    frame->width = static_cast<int>(given.width);
    frame->height = static_cast<int>(given.height);
    frame->bytes = rgb_of_yuyv(start, frame->width, frame->height, given.bytesperline);
    return "";
  }

  std::string device_;
  int file_ = -1;
  bool streams_ = false;
  long number_ = 0;
  v4l2_format format_{};
  std::vector<Mapped> mapped_;
};

}  // namespace

std::string open_camera(const std::string& device, int width, int height, std::unique_ptr<Frames>* frames) {
  auto made = std::make_unique<Camera>(device);
  if (std::string problem = made->open(width, height); !problem.empty()) return problem;
  *frames = std::move(made);
  return "";
}
