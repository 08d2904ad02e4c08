// The checkout of a job starts its own binary as a child, so this one must know the child's mode too.
#include <gtest/gtest.h>

#include <string_view>

#include "images/checkout/checkout.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == images::kCheckoutChild) return images::checkout_child_main();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
