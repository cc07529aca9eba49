/* Jobs that are over, newest first: how each ended as a shape, a word and a colour. */

import { inside } from "./inside.js";
import { heading, standing } from "./job.js";
import { tile } from "./outputs.js";
import { foreign, make, put, say, shape, show } from "./patch.js";
import { BASES, PHASES, plural, took, titleOf, when } from "./words.js";

const lasted = (job) => (job.started_at && job.ended_at ? took(Math.max(0, job.ended_at - job.started_at)) : "");

/** A row for a job that is over; opening it shows what is inside. */
export function endedRow(job) {
  const [title, image] = [heading("span"), tile()];
  const [why, basis] = [foreign("why"), make("span", "tag")];
  const outcome = standing(basis);
  const [duration, at] = [make("span", "took"), make("time", "at")];
  const names = make("span", "names", title.node, outcome.node, why);
  const summary = make("summary", "row", image.node, names, make("span", "side", duration, at), shape("open"));
  const within = inside(job.key, summary);
  const node = make("li", "over", within.node);
  node.dataset.key = job.key;
  const update = (newest, context) => {
    title.update(newest);
    outcome.update(newest, context);
    image.update(newest, PHASES[newest.phase].shape);
    put(node, "data-outcome", newest.outcome);
    say(basis, newest.revised ? "corrected" : newest.basis && BASES[newest.basis] ? newest.basis : "");
    show(basis, basis.textContent !== "");
    say(why, newest.why ?? "");
    show(why, Boolean(newest.why));
    say(duration, lasted(newest));
    say(at, newest.ended_at ? when(newest.ended_at, context.now) : "");
    within.update(newest);
  };
  return { node, update };
}

/** What is told aloud about jobs that have just ended. */
export function newsOf(over) {
  if (over.length <= 2) return over.map((job) => `${titleOf(job)}: ${PHASES[job.outcome].word}`).join(". ");
  const counts = Map.groupBy(over, (job) => job.outcome);
  return `${plural(over.length, "job")} ended: ${[...counts].map(([outcome, jobs]) => `${jobs.length} ${PHASES[outcome].word}`).join(", ")}`;
}
