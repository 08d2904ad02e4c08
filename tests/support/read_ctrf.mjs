// Validates a report by the format's own package: node read_ctrf.mjs FOLDER_OF_NODE_MODULES FILE
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, file] = process.argv.slice(2);
const require = createRequire(folder + "/");
const { validate } = require("ctrf");
const document = JSON.parse(readFileSync(file, "utf8"));
const result = validate(document);
if (!result.valid) {
  console.error(JSON.stringify(result.errors, null, 1));
  process.exit(1);
}
console.log(document.results.summary.tests);
