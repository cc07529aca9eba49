/* What is inside a job: its reason, files, steps as a waterfall, and the facts about it.
 *
 * Rule 1: nothing is fetched before somebody opens it; while it stays open it follows the
 * job, with at most one look in `PACE` seconds.
 * Rule 2: what was open stays open when the job moves to another section.
 */

import { detailOf, now, stepsOf } from "./api.js";
import { gallery } from "./outputs.js";
import { foreign, make, say } from "./patch.js";
import { BASES, fully, plural, positionWords, stepsWords, took } from "./words.js";

const PACE = 2; // seconds between two looks at the steps of a job that goes on
const MOST_STEPS = 80; // rows of one waterfall
const opened = new Set();

/** A <details> for one job. `summary` holds what is always seen. */
export function inside(key, summary) {
  const body = make("div", "inside");
  const node = make("details", "", summary, body);
  const follow = follower(key, body);
  let job = null;
  node.open = opened.has(key);
  node.addEventListener("toggle", () => {
    if (node.open) opened.add(key);
    else if (node.isConnected) opened.delete(key);
    if (node.open) follow(job);
  });
  const update = (newest) => {
    const changed = job !== newest;
    job = newest;
    if (node.open && changed) follow(job);
  };
  return { node, update };
}

function follower(key, body) {
  let shown = null;
  let wanted = null;
  let timer = 0;
  const look = async () => {
    shown = wanted;
    const parts = await contents(key, shown);
    if (parts) body.replaceChildren(...parts);
    timer = setTimeout(() => ((timer = 0), wanted !== shown && look()), PACE * 1000);
  };
  return (job) => {
    if (!body.firstChild) body.replaceChildren(make("p", "hint", "reading …"));
    wanted = job;
    if (timer || shown === wanted) return;
    timer = -1;
    look();
  };
}

async function contents(key, job) {
  const broke = job.outcome === "failed" || job.outcome === "lost";
  const [steps, detail] = await Promise.allSettled([stepsOf(key), broke ? detailOf(key) : ""]);
  return [
    ...(job.why ? [text("p", "why", job.why)] : []),
    ...(detail.value ? [text("pre", "traceback", detail.value)] : []),
    ...(job.outputs?.length ? [gallery(job)] : []),
    ...(steps.status === "fulfilled" ? waterfall(steps.value, job) : [make("p", "hint", `The steps could not be read: ${steps.reason.message}`)]),
    facts(job),
  ];
}

function text(tag, className, words) {
  const node = make(tag, className);
  node.dir = "auto";
  say(node, words);
  if (tag === "pre") node.tabIndex = 0; // so that the keyboard can scroll it
  return node;
}

function waterfall(steps, job) {
  const ran = steps.filter((step) => step.started_at && !step.cached);
  const cached = steps.filter((step) => step.cached).length;
  const until = job.ended_at ?? now();
  const from = Math.min(...ran.map((step) => step.started_at));
  const span = Math.max(0.001, ...ran.map((step) => (step.ended_at ?? until) - from));
  const rows = ran.slice(0, MOST_STEPS).map((step) => stepRow(step, { from, span, until, over: Boolean(job.outcome) }));
  const said = [cached && `${plural(cached, "step")} cached: did not have to run`, ran.length > MOST_STEPS && `${ran.length - MOST_STEPS} more steps`, !steps.length && "No steps are known."];
  const list = make("ol", "waterfall", ...rows);
  list.setAttribute("aria-label", "Steps, in order of their start");
  return [...(rows.length ? [list] : []), ...said.filter(Boolean).map((words) => make("p", "hint", words))];
}

function stepRow(step, { from, span, until, over }) {
  const name = foreign("step-name");
  say(name, step.name || `step ${step.step}`);
  const end = step.ended_at ?? until;
  const bar = make("span", `step-bar ${step.ended_at ? "" : "open"}`);
  const share = (seconds) => `${Math.min(100, Math.max(0, (100 * seconds) / span))}%`;
  bar.style.insetInlineStart = share(step.started_at - from);
  bar.style.inlineSize = share(end - step.started_at);
  const lasted = step.ended_at ? took(end - step.started_at) : over ? "not finished" : "running";
  const row = make("li", "step", name, make("span", "step-track", bar), make("span", "step-took", lasted));
  row.title = [name.textContent, BASES[step.basis]].filter(Boolean).join("\n");
  return row;
}

/** A list of [name, value]; rows without a value are left out. */
function facts(job) {
  const meta = job.meta ?? {};
  const size = meta.width && meta.height ? `${meta.width} × ${meta.height}${meta.batch > 1 ? `, ${meta.batch} at once` : ""}` : "";
  const at = (time) => time && fully(time, now());
  const rows = [
    ["Source", job.source],
    ["Id", job.native],
    ["Model", meta.model],
    ["Size", size],
    ["Sampling steps", meta.sampling_steps],
    ["Steps", stepsWords(job)],
    ["Place", positionWords(job)],
    ["Queued", at(job.queued_at)],
    ["Started", at(job.started_at)],
    ["Waited", job.queued_at && job.started_at && took(Math.max(0, job.started_at - job.queued_at))],
    ["Ended", at(job.ended_at)],
    ["Attempt", job.attempt > 1 && job.attempt],
    ["How it is known", BASES[job.basis]],
    ["Evidence", job.evidence],
  ];
  const known = rows.filter(([, value]) => value);
  return make("dl", "facts", ...known.flatMap(([name, value]) => [make("dt", "", name), text("dd", "", String(value))]));
}
