// A worker that reports from JavaScript (Node 18 or later).
//
//     HEADWAY_URL=http://farm:8329 HEADWAY_TOKEN=… node examples/progress_report.mjs
//
// A web page may not post: keep the token on the server that serves it.

import { randomUUID } from "node:crypto";

const { HEADWAY_URL, HEADWAY_TOKEN } = process.env;
const key = "render-07~shot-0144~";

// Sends a batch until it is stored. The same key makes that harmless.
async function report(events) {
  const once = randomUUID();
  for (let pause = 200; ; pause = Math.min(pause * 2, 5000)) {
    const answer = await fetch(`${HEADWAY_URL}/api/v1/events`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${HEADWAY_TOKEN}`,
        "Content-Type": "application/json",
        "Idempotency-Key": once,
      },
      body: JSON.stringify({ events }),
      signal: AbortSignal.timeout(30_000),
    }).catch(() => null);
    if (answer?.ok) return await answer.json();
    if (answer && ![408, 409, 429].includes(answer.status) && answer.status < 500) {
      throw new Error(await answer.text()); // ours to mend: trying again cannot help
    }
    const asked = Number(answer?.headers.get("Retry-After") ?? 0) * 1000;
    await new Promise((go) => setTimeout(go, Math.max(asked, pause)));
  }
}

const at = Date.now() / 1000;
await report([
  { kind: "registered", key, at, meta: { title: "shot 144" } },
  { kind: "started", key, at },
  { kind: "progress", key, at, done: 12, total: 240, unit: "frame" },
  { kind: "ended", key, at, outcome: "succeeded" },
]);
console.log("stored");
