#include "orchestrator/analysis/top_frame.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

TEST(TopFrame, IsTheInnermostThatIsOfNoLibrary) {
  const std::vector<std::tuple<std::string, std::string, std::string>> traces = {
      {"java.lang.AssertionError\n\tat org.junit.Assert.fail(Assert.java:86)\n\tat "
       "shop.Cart.total(Cart.java:9)\n"
       "\tat shop.CartTest.total(CartTest.java:42)",
       "Cart.java:9", "shop.Cart.total"},
      {"Error: x\n    at check (/work/node_modules/jest/a.js:1:2)\n    at total "
       "(file:///work/src/cart.mjs:7:3)",
       "src/cart.mjs:7", "total"},
      {"Traceback (most recent call last):\n  File \"/work/test_a.py\", line 3, in test_total\n    total()\n"
       "  File \"/work/shop/cart.py\", line 14, in total\n    raise E\n  File "
       "\"/usr/lib/python3.11/json.py\", line 5, in x",
       "shop/cart.py:14", "total"},
      {"    cart_test.go:17: got 1\n    other_test.go:3: x", "cart_test.go:17", ""},
      {"Failed asserting.\n\n/work/vendor/phpunit/A.php:3\n/work/tests/CartTest.php:24",
       "tests/CartTest.php:24", ""},
      {"Failure/Error: expect\n     # ./spec/cart_spec.rb:5:in `block'", "spec/cart_spec.rb:5", ""},
      {"thread 'total' panicked at src/lib.rs:12:5:\nassertion failed", "src/lib.rs:12", ""},
      {"connect to localhost:8080 at 10:20:30, see example.org:443", "", ""},
      {"", "", ""},
      {":1:2:3 .py:4 a.py: a.py:x", "", ""},
  };
  for (const auto& [trace, location, function] : traces) {
    const TopFrame frame = top_frame(trace);
    EXPECT_EQ(frame.location, location) << trace;
    EXPECT_EQ(frame.function, function) << trace;
  }
}

}  // namespace
}  // namespace orchestrator
