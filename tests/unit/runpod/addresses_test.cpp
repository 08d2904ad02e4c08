// What is read from RunPod's environment, and the URLs that are made of it.
#include "orchestrator/runpod/addresses.h"

#include <gtest/gtest.h>

#include <map>

#include "orchestrator/runpod/upload.h"

namespace orchestrator::runpod {
namespace {

using Variables = std::map<std::string, std::string>;

Environment read(const Variables& variables) {
  return read_environment([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
}

const Variables kLive = {
    {"RUNPOD_WEBHOOK_GET_JOB", "https://api.example/v2/ep/job-take/$ID?gpu=NVIDIA+4090"},
    {"RUNPOD_WEBHOOK_POST_OUTPUT", "https://api.example/v2/ep/job-done/$RUNPOD_POD_ID/$ID?gpu=x"},
    {"RUNPOD_WEBHOOK_POST_STREAM", "https://api.example/v2/ep/job-stream/$RUNPOD_POD_ID/$ID?gpu=x"},
    {"RUNPOD_WEBHOOK_PING", "https://api.example/v2/ep/ping/$RUNPOD_POD_ID"},
    {"RUNPOD_AI_API_KEY", "key"},
    {"RUNPOD_POD_ID", "pod1"}};

Variables with(const std::string& name, const std::string& value) {
  Variables all = kLive;
  all[name] = value;
  return all;
}

TEST(RunpodAddresses, ReadTheIdAsTheWorkerWhereJobsAreTakenAndAsTheJobWhereTheyEnd) {
  const Addresses addresses(read(kLive));
  EXPECT_EQ(addresses.take(1, false),
            "https://api.example/v2/ep/job-take/pod1?gpu=NVIDIA+4090&job_in_progress=0");
  EXPECT_EQ(addresses.done("j-u1", false),
            "https://api.example/v2/ep/job-done/pod1/j-u1?gpu=x&isStream=false");
  EXPECT_EQ(addresses.done("j-u1", true), "https://api.example/v2/ep/job-done/pod1/j-u1?gpu=x&isStream=true");
  EXPECT_EQ(addresses.stream("j-u1"), "https://api.example/v2/ep/job-stream/pod1/j-u1?gpu=x&isStream=false");
  EXPECT_EQ(addresses.ping("", "o/1"), "https://api.example/v2/ep/ping/pod1?runpod_version=o%2F1");
  EXPECT_EQ(addresses.ping("a,b", "o/1"),
            "https://api.example/v2/ep/ping/pod1?job_id=a%2Cb&runpod_version=o%2F1");
}

TEST(RunpodAddresses, AskForABatchWhereMoreThanOneIsWanted) {
  EXPECT_EQ(Addresses(read(kLive)).take(3, true),
            "https://api.example/v2/ep/job-take-batch/pod1?gpu=NVIDIA+4090&batch_size=3&job_in_progress=1");
}

TEST(RunpodAddresses, AddAQueryToATemplateWithoutOne) {
  EXPECT_EQ(with_query("http://h/p", "a=1"), "http://h/p?a=1");
  EXPECT_EQ(with_query("http://h/p?", "a=1"), "http://h/p?a=1");
  EXPECT_EQ(with_query("http://h/p?b=2", "a=1"), "http://h/p?b=2&a=1");
  EXPECT_EQ(with_query("http://h/p?b=2&", "a=1"), "http://h/p?b=2&a=1");
}

TEST(RunpodAddresses, HaveAStopChannelOnlyBesideJobTake) {
  EXPECT_EQ(Addresses(read(kLive)).stop(), "https://api.example/v2/ep/job-stop/pod1?gpu=NVIDIA+4090");
  EXPECT_EQ(Addresses(read(with("RUNPOD_WEBHOOK_GET_JOB", "http://h/take/$ID"))).stop(), std::nullopt);
}

TEST(RunpodAddresses, EncodeAJobsIdAsOneSegment) {
  EXPECT_EQ(Addresses(read(kLive)).done("a/../b?c", false),
            "https://api.example/v2/ep/job-done/pod1/a%2F..%2Fb%3Fc?gpu=x&isStream=false");
}

TEST(RunpodAddresses, CutAListOfIdsAtAWholeOne) {
  const std::vector<std::string> ids(10'000, "0123456789");
  const std::string joined = joined_ids(ids);
  EXPECT_LE(joined.size(), 64u * 1024);
  EXPECT_GT(joined.size(), 64u * 1024 - 11);
  EXPECT_EQ(joined.size() % 11, 10u);
}

TEST(RunpodEnvironment, NeverPingsMoreOftenThanOnceASecond) {
  EXPECT_EQ(read(with("RUNPOD_PING_INTERVAL", "4000")).ping_interval, std::chrono::seconds(4));
  EXPECT_EQ(read(with("RUNPOD_PING_INTERVAL", "500")).ping_interval, std::chrono::seconds(1));
  EXPECT_EQ(read(with("RUNPOD_PING_INTERVAL", "0")).ping_interval, std::chrono::seconds(1));
  EXPECT_EQ(read(with("RUNPOD_PING_INTERVAL", "often")).ping_interval, std::chrono::seconds(10));
}

TEST(RunpodEnvironment, PingsOnlyWithAllThatAPingNeeds) {
  EXPECT_TRUE(read(kLive).pings);
  for (const char* name : {"RUNPOD_WEBHOOK_PING", "RUNPOD_AI_API_KEY", "RUNPOD_POD_ID"})
    EXPECT_FALSE(read(with(name, "")).pings) << name;
  EXPECT_NE(read(with("RUNPOD_POD_ID", "")).worker, "");
}

TEST(RunpodEnvironment, TakesNoJobWhoseResultWouldGoNowhere) {
  EXPECT_EQ(obstacle_to_jobs(read(kLive)), "");
  EXPECT_EQ(obstacle_to_jobs(read(with("RUNPOD_WEBHOOK_POST_STREAM", ""))), "") << "a job needs no stream";
  const std::string obstacle = obstacle_to_jobs(read(with("RUNPOD_WEBHOOK_POST_OUTPUT", "")));
  EXPECT_NE(obstacle.find("RUNPOD_WEBHOOK_POST_OUTPUT is not set"), std::string::npos) << obstacle;
}

TEST(RunpodEnvironment, TakesTheOtherNameOfTheStream) {
  Variables all = with("RUNPOD_WEBHOOK_POST_STREAM", "");
  all["RUNPOD_WEBHOOK_JOB_STREAM"] = "http://other/$ID";
  EXPECT_EQ(Addresses(read(all)).stream("j"), "http://other/j?isStream=false");
}

TEST(RunpodBucket, IsFoundWithAndWithoutItsNameInTheEndpoint) {
  const auto url = [](const char* endpoint, const char* name) {
    return object_url(make_bucket(endpoint, name, "/some where/", "id", "secret"), "job 1/report.json");
  };
  EXPECT_EQ(url("https://s3.us-west-2.amazonaws.com/", "box"),
            "https://s3.us-west-2.amazonaws.com/box/some%20where/job%201/report.json");
  EXPECT_EQ(url("https://box.s3.us-west-2.amazonaws.com", "box"),
            "https://box.s3.us-west-2.amazonaws.com/some%20where/job%201/report.json");
  EXPECT_EQ(url("https://box.s3.us-west-2.amazonaws.com", ""),
            "https://box.s3.us-west-2.amazonaws.com/some%20where/job%201/report.json");
}

TEST(RunpodBucket, TellsItsRegionByItsHost) {
  EXPECT_EQ(region_of("https://box.s3.eu-central-1.amazonaws.com"), "eu-central-1");
  EXPECT_EQ(region_of("https://s3-ap-south-1.amazonaws.com"), "ap-south-1");
  EXPECT_EQ(region_of("https://s3.amazonaws.com"), "us-east-1");
  EXPECT_EQ(region_of("https://s3.us-west-004.backblazeb2.com"), "us-west-004");
  EXPECT_EQ(region_of("https://box.ams3.digitaloceanspaces.com"), "ams3");
  EXPECT_EQ(region_of("https://0a1b.r2.cloudflarestorage.com"), "auto");
  EXPECT_EQ(region_of("http://127.0.0.1:9000"), "us-east-1");
}

}  // namespace
}  // namespace orchestrator::runpod
