#include "orchestrator/store/event_store.h"

#include "tests/unit/store/store_fixture.h"

namespace orchestrator {
namespace {

class EventStoreTest : public StoreTest {
 protected:
  EventStoreTest() : events_(*database_) {
    submit("a");
    submit("b");
  }
  StoredEvent event(const std::string& job, const std::string& type) const {
    return {0, job, now_, type, R"({"x":1})"};
  }
  static Ids types(const std::vector<StoredEvent>& events) {
    Ids all;
    for (const auto& each : events) all.push_back(each.type);
    return all;
  }
  EventStore events_;
};

TEST_F(EventStoreTest, NumbersEventsOverAllJobs) {
  EXPECT_EQ(events_.last(), 0);
  events_.append({event("a", "1"), event("b", "2")});
  events_.append({event("a", "3")});
  EXPECT_EQ(events_.last(), 3);
  const auto all = events_.read(0, "", 10);
  EXPECT_EQ(types(all), (Ids{"1", "2", "3"}));
  EXPECT_EQ(all[2].sequence, 3);
  EXPECT_EQ(all[1].job, "b");
  EXPECT_EQ(all[0].time, now_);
  EXPECT_EQ(all[0].data, R"({"x":1})");
}

TEST_F(EventStoreTest, ReadsOnBehindWhatWasSeen) {
  events_.append({event("a", "1"), event("b", "2"), event("a", "3")});
  EXPECT_EQ(types(events_.read(1, "", 10)), (Ids{"2", "3"}));
  EXPECT_EQ(types(events_.read(3, "", 10)), Ids{});
}

TEST_F(EventStoreTest, ReadsThoseOfOneJob) {
  events_.append({event("a", "1"), event("b", "2"), event("a", "3")});
  EXPECT_EQ(types(events_.read(0, "a", 10)), (Ids{"1", "3"}));
  EXPECT_EQ(types(events_.read(0, "unknown", 10)), Ids{});
}

TEST_F(EventStoreTest, ReadsNoMoreAtOnceThanAsked) {
  events_.append({event("a", "1"), event("a", "2"), event("a", "3")});
  EXPECT_EQ(types(events_.read(0, "", 2)), (Ids{"1", "2"}));
}

TEST_F(EventStoreTest, KeepsNoEventOfAJobThatIsForgotten) {
  events_.append({event("unknown", "1"), event("a", "2")});
  EXPECT_EQ(types(events_.read(0, "", 10)), Ids{"2"});
}

TEST_F(EventStoreTest, GivesNoNumberTwice) {
  events_.append({event("a", "1"), event("b", "2")});
  finish(take());
  finish(take());
  const std::int64_t seen = events_.last();
  EXPECT_EQ(seen, 4) << "with the ends of both";
  Retention nothing;
  nothing.age = 0;
  now_ += kLeastKept;
  queue().expire(nothing);
  open();
  submit("c");
  EventStore again(*database_);
  again.append({event("c", "3")});
  EXPECT_EQ(again.last(), seen + 1) << "a reader who has seen those must see this";
}

TEST_F(EventStoreTest, TellsOfAnAppendOnceAllOfItCanBeRead) {
  int told = 0;
  events_.on_append([&](const std::vector<StoredEvent>& appended) {
    EXPECT_EQ(appended.size(), 2u);
    ++told;
    EXPECT_EQ(events_.last(), 2);
  });
  events_.append({event("a", "1"), event("a", "2")});
  EXPECT_EQ(told, 1);
  events_.append({});
  EXPECT_EQ(told, 1) << "nothing was appended";
}

}  // namespace
}  // namespace orchestrator
