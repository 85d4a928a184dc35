// Decides the cases of policy_simulator.py by a published simulator: a case a line in, a decision a line out.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../.tools/", import.meta.url));
const { runSimulation } = require("@cloud-copilot/iam-simulate");

const none = { serviceControlPolicies: [], resourceControlPolicies: [] };
for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation({ ...none, ...JSON.parse(line) }, {});
  const ignored = answer.result?.ignoredContextKeys ?? [];
  if (ignored.length > 0) throw new Error(`not known to the simulator: ${ignored}`);
  console.log(JSON.stringify({ decision: answer.overallResult, errors: answer.errors }));
}
