// A double of Paddle Lite's published header: the names that edgekit's runner uses, with the numbers they have there.
#pragma once

namespace paddle {
namespace lite_api {

enum class TargetType : int { kUnk = 0, kHost = 1, kX86 = 2, kARM = 4 };
enum class PrecisionType : int { kUnk = 0, kFloat = 1, kInt8 = 2, kInt32 = 3 };
enum PowerMode { LITE_POWER_HIGH = 0, LITE_POWER_LOW = 1, LITE_POWER_FULL = 2, LITE_POWER_NO_BIND = 3 };
enum PrecisionMode { LITE_PRECISION_NORMAL = 0, LITE_PRECISION_LOW = 1 };

}  // namespace lite_api
}  // namespace paddle
