if(EDGEKIT_STATIC)
  # ncnn asks for OpenMP's library, of which the shared one would be found first.
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
endif()
find_package(ncnn REQUIRED)
target_link_libraries(edgekit_runtime PUBLIC ncnn)
