// Uses a server through RunPod's JavaScript SDK: runpod_client.mjs FOLDER BASE_URL JOB ENDLESS_JOB
// FOLDER is where tests/support/runpod_sdks has put it. What is wrong is an assertion, and exit 1.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [folder, baseUrl, job, endless] = process.argv.slice(2);
const { default: runpodSdk } = await import(
  pathToFileURL(`${folder}/node_modules/runpod-sdk/dist/src/index.js`).href
);
const endpoint = runpodSdk("some-key", { baseUrl }).endpoint("flaky");
const input = JSON.parse(job);

async function until(condition) {
  const end = Date.now() + 120_000;
  while (!(await condition())) {
    assert(Date.now() < end, "it did not come about");
    await new Promise((resume) => setTimeout(resume, 200));
  }
}

function expectReport(answer) {
  assert.equal(answer.status, "COMPLETED", JSON.stringify(answer));
  assert.equal(answer.completed && answer.succeeded, true);
  assert.equal(answer.output.total_runs, 3);
  assert.equal(answer.output.failures, 1);
}

expectReport(await endpoint.runSync({ input }, 120_000));

const running = await endpoint.run({ input });
assert.equal(running.status, "IN_QUEUE");
const attempts = [];
for await (const chunk of endpoint.stream(running.id)) attempts.push(chunk.output.attempt);
assert.deepEqual(attempts.sort(), [0, 1, 2]);
expectReport(await endpoint.status(running.id));

const failed = await endpoint.runSync({ input: { runs: 0 } }, 20_000);
assert.equal(failed.status, "FAILED");
assert.match(failed.error, /Repository URL is required/);

const unwanted = await endpoint.run({ input: JSON.parse(endless) });
await until(async () => (await endpoint.status(unwanted.id)).status === "IN_PROGRESS");
const waiting = await endpoint.run({ input: JSON.parse(endless) }); // one is worked on at a time
assert.deepEqual(await endpoint.purgeQueue(), { removed: 1, status: "completed" });
assert.equal((await endpoint.status(waiting.id)).status, "CANCELLED");
const cancelled = await endpoint.cancel(unwanted.id);
assert.equal(cancelled.status, "CANCELLED");
assert.equal(typeof cancelled.executionTime, "number");
assert.equal(typeof cancelled.delayTime, "number");
assert.equal((await endpoint.status(unwanted.id)).status, "CANCELLED");
for await (const chunk of endpoint.stream(unwanted.id)) assert(chunk); // it must end

const health = await endpoint.health();
assert.equal(health.jobs.completed, 2);
assert.equal(health.jobs.inQueue, 0);
console.log("done");
