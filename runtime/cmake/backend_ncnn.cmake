if(EDGEKIT_STATIC)
  # ncnn asks for OpenMP's library, of which the shared one would be found first.
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
endif()
find_package(ncnn REQUIRED)
target_link_libraries(edgekit_runtime PUBLIC ncnn)
# ncnn's releases for Android have neither exceptions nor type information, and ask for the same of all that link them. The
# runtime catches exceptions (of its own, and the standard library's): only what derives from ncnn's classes goes without types.
get_target_property(ncnn_asks ncnn INTERFACE_COMPILE_OPTIONS)
if(ncnn_asks MATCHES "-fno-rtti")
  set_source_files_properties(backends/ncnn.cpp PROPERTIES COMPILE_OPTIONS -fno-rtti)
endif()
if(ncnn_asks)
  list(REMOVE_ITEM ncnn_asks -fno-rtti -fno-exceptions)
  set_target_properties(ncnn PROPERTIES INTERFACE_COMPILE_OPTIONS "${ncnn_asks}")
endif()
