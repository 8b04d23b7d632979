# SPDX-License-Identifier: GPL-2.0-or-later
# usage: cmake -DOUT=FILE -P embed.cmake NAME FILE [NAME FILE]...
# Writes C in which each NAME is the text of its FILE.
set(code "/* Made by embed.cmake. */\n#include \"report_assets.h\"\n")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 4 ${last} 2)
  math(EXPR next "${i} + 1")
  file(READ ${CMAKE_ARGV${next}} octets HEX)
  string(REGEX REPLACE "(..)" "0x\\1," octets "${octets}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" octets "${octets}")
  string(APPEND code "\nconst char ${CMAKE_ARGV${i}}[] = {\n${octets}0\n};\n")
endforeach()
file(WRITE ${OUT} "${code}")
