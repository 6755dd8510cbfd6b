# OpenVINO_DIR=.../site-packages/openvino/cmake of a wheel, or .../runtime/cmake of a release.
find_package(OpenVINO REQUIRED COMPONENTS Runtime)
target_link_libraries(edgekit_runtime PUBLIC openvino::runtime)
