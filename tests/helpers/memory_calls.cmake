# wrap_memory(TARGET): its allocations are asked about (memory_calls.h).
set(memory_calls ${CMAKE_CURRENT_LIST_DIR}/memory_calls.c)
function(wrap_memory target)
  target_sources(${target} PRIVATE ${memory_calls})
  target_link_libraries(${target} PRIVATE PkgConfig::JANSSON)
  foreach(function malloc calloc realloc posix_memalign strdup)
    target_link_options(${target} PRIVATE -Wl,--wrap=${function})
  endforeach()
endfunction()
