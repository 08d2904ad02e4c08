#include "orchestrator/report/html/assets.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

// ASSETS is the folder of this file. The script's files are one module: what one declares the others see.
asm(R"(
  .section .rodata
  .global orchestrator_page_style_begin
orchestrator_page_style_begin:
  .incbin ")" ASSETS R"(/page.css"
  .global orchestrator_page_style_end
orchestrator_page_style_end:
  .byte 0
  .global orchestrator_page_script_begin
orchestrator_page_script_begin:
  .incbin ")" ASSETS R"(/page.js"
  .incbin ")" ASSETS R"(/details.js"
  .incbin ")" ASSETS R"(/grid_model.js"
  .incbin ")" ASSETS R"(/grid_view.js"
  .incbin ")" ASSETS R"(/start.js"
  .global orchestrator_page_script_end
orchestrator_page_script_end:
  .byte 0
  .previous
)");

extern "C" const char orchestrator_page_style_begin[], orchestrator_page_style_end[];
extern "C" const char orchestrator_page_script_begin[], orchestrator_page_script_end[];

namespace orchestrator::html {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::string_view style() { return between(orchestrator_page_style_begin, orchestrator_page_style_end); }
std::string_view script() { return between(orchestrator_page_script_begin, orchestrator_page_script_end); }

std::string policy_hash(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("no sha256");
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
  const int written = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
  return "sha256-" + std::string(base64.begin(), base64.begin() + written);
}

}  // namespace orchestrator::html
