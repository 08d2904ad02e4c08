#include "sandbox/capabilities.h"

namespace sandbox {

std::string to_string(Enforcement value) {
  switch (value) {
    case Enforcement::enforced:
      return "enforced";
    case Enforcement::sampled:
      return "sampled";
    case Enforcement::not_enforced:
      return "not enforced";
  }
  return "not enforced";
}

}  // namespace sandbox
