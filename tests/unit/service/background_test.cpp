#include "orchestrator/service/background.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <vector>

#include "tests/support/skipping_loop.h"

namespace orchestrator {
namespace {

TEST(Background, DoesInOrderAllThatWasPostedBeforeItEnds) {
  std::vector<int> done;
  {
    Background background;
    for (int i = 0; i < 100; ++i) background.post([&done, i] { done.push_back(i); });
  }
  ASSERT_EQ(done.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(Background, DoesWhatIsPostedByWhatItDoes) {
  bool done = false;
  {
    Background background;
    background.post([&] { background.post([&] { done = true; }); });
  }
  EXPECT_TRUE(done);
}

TEST(Background, GoesOnAfterSomethingThatThrows) {
  bool done = false;
  {
    Background background;
    background.post([] { throw std::runtime_error("no"); });
    background.post([&] { done = true; });
  }
  EXPECT_TRUE(done);
}

TEST(Background, WorksOnAThreadOfItsOwn) {
  std::thread::id there;
  {
    Background background;
    background.post([&] { there = std::this_thread::get_id(); });
  }
  EXPECT_NE(there, std::this_thread::get_id());
}

// Somebody who asks.
class Ask : public testing::Test {
 protected:
  template <class Question>
  void ask(Question question) {
    orchestrator::ask(background_, loop_, self_, "no answer", question, [](Ask& self, int answer) {
      self.answer_ = answer;
      self.thread_ = std::this_thread::get_id();
    });
  }

  testing_support::SkippingLoop loop_;
  Background background_;
  std::optional<int> answer_;
  std::thread::id thread_;
  std::shared_ptr<Ask*> self_ = std::make_shared<Ask*>(this);
};

TEST_F(Ask, IsAnsweredOnTheLoopsThread) {
  std::thread::id there;
  ask([&] { return there = std::this_thread::get_id(), 3; });
  loop_.until([&] { return answer_.has_value(); });
  EXPECT_EQ(answer_, 3);
  EXPECT_EQ(thread_, std::this_thread::get_id());
  EXPECT_NE(there, thread_);
}

TEST_F(Ask, IsAnsweredAlsoWhenTheQuestionThrows) {
  ask([]() -> int { throw std::runtime_error("no"); });
  loop_.until([&] { return answer_.has_value(); });
  EXPECT_EQ(answer_, 0);
}

TEST_F(Ask, AnswersNobodyWhoIsGone) {
  ask([] { return 3; });
  *self_ = nullptr;
  bool over = false;
  background_.post([&] { loop_.post([&] { over = true; }); });
  loop_.until([&] { return over; });
  EXPECT_FALSE(answer_);
}

}  // namespace
}  // namespace orchestrator
