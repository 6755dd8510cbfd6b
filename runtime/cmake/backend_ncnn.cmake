find_package(ncnn REQUIRED)
target_link_libraries(edgekit_runtime PUBLIC ncnn)
