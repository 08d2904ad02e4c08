// Files of the sources that the program carries inside, so that there is one file to install. CARRY_FILE
// stands outside of any namespace, once for each name; its path is a string literal, and CMake must know that
// the object depends on it.
#pragma once

#include <cstddef>
#include <string_view>

#define CARRY_FILE(name, path)                         \
  asm(".section .rodata\n"                             \
      ".balign 16\n"                                   \
      ".global orchestrator_" #name                    \
      "_begin\n"                                       \
      "orchestrator_" #name                            \
      "_begin:\n"                                      \
      ".incbin \"" path                                \
      "\"\n"                                           \
      ".global orchestrator_" #name                    \
      "_end\n"                                         \
      "orchestrator_" #name                            \
      "_end:\n"                                        \
      ".byte 0\n"                                      \
      ".previous\n");                                  \
  extern "C" const char orchestrator_##name##_begin[]; \
  extern "C" const char orchestrator_##name##_end[]

// Its bytes, for as long as the program runs.
#define CARRIED_FILE(name)                      \
  std::string_view(orchestrator_##name##_begin, \
                   static_cast<std::size_t>(orchestrator_##name##_end - orchestrator_##name##_begin))
