# pinion_optional_library(NAME MODULE BRINGS what [IF condition] [WITH regex] [WITHOUT regex])
#
# A library that Pinion has a use for and can do without. NAME is ours, MODULE is pkg-config's. Where the option PINION_NAME
# (or the condition) is on and the module is there, have_NAME (in lower case) is true, PINION_HAVE_NAME is defined for all
# that is compiled with pinion_flags, and PkgConfig::NAME is one of PINION_LIBRARIES. Sources that are built only WITH it, or
# only WITHOUT it, are taken out of PINION_SOURCES where they have no place. What is left out is told.
function(pinion_optional_library name module)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "BRINGS;IF;WITH;WITHOUT" "")
  if(NOT arg_IF)
    set(arg_IF PINION_${name})
  endif()
  set(have FALSE)
  if(${arg_IF})
    pkg_check_modules(${name} IMPORTED_TARGET GLOBAL ${module})
    set(have ${${name}_FOUND})
  endif()

  if(have)
    list(APPEND PINION_LIBRARIES PkgConfig::${name})
    target_compile_definitions(pinion_flags INTERFACE PINION_HAVE_${name})
    set(no_place "${arg_WITHOUT}")
  else()
    string(REGEX REPLACE "[<>=].*" "" library ${module})
    message(STATUS "${arg_BRINGS}: left out, ${library} brings it")
    set(no_place "${arg_WITH}")
  endif()
  if(no_place)
    list(FILTER PINION_SOURCES EXCLUDE REGEX "${no_place}")
  endif()

  string(TOLOWER have_${name} have_name)
  set(${have_name} ${have} PARENT_SCOPE)
  set(PINION_LIBRARIES ${PINION_LIBRARIES} PARENT_SCOPE)
  set(PINION_SOURCES ${PINION_SOURCES} PARENT_SCOPE)
endfunction()
