/* Jobs that are not over: a card for each that runs, a row for each that waits.
 *
 * Rule 1: a bar is filled from measured values only; without one it is striped and still.
 * Rule 2: every line that comes and goes with a step keeps its place, so that nothing jumps.
 */

import { inside } from "./inside.js";
import { foreign, keyed, make, put, reshape, say, shape, show } from "./patch.js";
import { PHASES, barWords, doingWords, estimateWords, isSimulated, notesOf, positionWords, startWords, stepsWords, ticking, titleOf } from "./words.js";

const MOST_BARS = 4; // bars of one job that are spelled out

export const simulatedTag = () => make("span", "tag simulated", shape("simulated"), "simulated");

/** A job's title, as an element of that name. */
export function heading(tag) {
  const title = foreign("title");
  const update = (job) => say(title, titleOf(job));
  return { node: make(tag, "heading", title), update };
}

/** One bar: `measure` is {value: 0..1 or null, words}. */
function bar(className) {
  const fill = make("span", "fill");
  const node = make("div", `bar ${className}`, fill);
  node.setAttribute("role", "progressbar");
  node.setAttribute("aria-valuemin", "0");
  node.setAttribute("aria-valuemax", "100");
  const update = ({ value, words, label }) => {
    const known = value !== null;
    node.classList.toggle("unmeasured", !known);
    put(node, "aria-label", label);
    put(node, "aria-valuenow", known ? Math.floor(value * 100) : null);
    put(node, "aria-valuetext", words);
    const scale = `scaleX(${known ? Math.min(1, Math.max(0, value)).toFixed(4) : 0})`;
    if (fill.style.transform !== scale) fill.style.transform = scale;
  };
  return { node, update };
}

const shareOf = (one) => (one?.total > 1 ? one.done / one.total : null);

/** What the large bar shows: the share of all steps, else of the one bar that is measured. */
function measureOf(job, title) {
  const first = job.bars?.[0];
  const whole = job.fraction ?? null;
  const value = whole ?? shareOf(first);
  const counted = [stepsWords(job), first && [first.name, barWords(first)].filter(Boolean).join(" ")];
  const percent = value === null ? "not measured" : `${Math.floor(value * 100)} percent`;
  return { value, words: [percent, ...counted].filter(Boolean).join(", "), label: `Progress of ${title}` };
}

function stepLine() {
  const doing = foreign("doing");
  const count = make("span", "k-of-n");
  const thin = bar("thin");
  thin.node.setAttribute("aria-hidden", "true"); // the large bar's text says the same
  const node = make("div", "stepline", make("div", "between", doing, count), thin.node);
  const update = (job, { world }) => {
    const first = job.bars?.[0];
    const value = job.fraction === undefined || job.fraction === null ? null : shareOf(first);
    say(doing, doingWords(job, world.stepsNow(job)) || (job.phase === "running" ? "step not known" : "steps done"));
    say(count, barWords(first) || stepsWords(job));
    put(thin.node, "data-idle", value === null ? "" : null);
    thin.update({ value, words: "", label: "" });
  };
  return { node, update };
}

/** The further bars of work that runs in parallel. */
function otherBars() {
  const node = make("ul", "others");
  const create = () => {
    const name = foreign("doing");
    const count = make("span", "k-of-n");
    const update = (one) => (say(name, one.name || one.step || "bar"), say(count, barWords(one)));
    return { node: make("li", "between", name, count), update };
  };
  const list = keyed(node, (one) => `${one.step} ${one.name}`, create);
  const update = (job) => {
    const others = (job.bars ?? []).slice(1, MOST_BARS);
    show(node, others.length > 0);
    list(others);
  };
  return { node, update };
}

function notes() {
  const node = make("ul", "notes");
  const create = () => {
    const [sign, words] = [shape("info"), make("span")];
    const line = make("li", "", sign, words);
    const update = ([, name, text]) => (reshape(sign, name), say(words, text), put(line, "data-shape", name));
    return { node: line, update };
  };
  const list = keyed(node, ([name]) => name, create);
  const update = (job, { now, world }) => {
    const said = notesOf(job, world.source(job.source), now);
    show(node, said.length > 0);
    list(said);
  };
  return { node, update };
}

/** The line under a title: phase or outcome as shape and word, the source, marks. */
export function standing(...more) {
  const [sign, word] = [shape("waiting"), make("span", "word")];
  const [source, mark] = [foreign("source"), simulatedTag()];
  const node = make("span", "standing", make("span", "phase", sign, word), source, ...more, mark);
  const update = (job, { world }) => {
    const phase = PHASES[job.phase];
    const unseen = !job.outcome && world.isStale(job);
    reshape(sign, phase.shape);
    say(word, unseen ? `last seen ${phase.word}` : phase.word);
    say(source, world.source(job.source)?.title || job.source);
    show(mark, isSimulated(job));
  };
  return { node, update };
}

function etaLine() {
  const [lead, rest, elapsed] = [make("strong", "lead"), make("span", "rest"), make("span", "elapsed")];
  const node = make("p", "eta between", make("span", "", lead, " ", rest), elapsed);
  const update = (job, { now }) => {
    const said = estimateWords(job, now);
    say(lead, said.lead);
    say(rest, said.rest);
    put(lead, "data-known", job.estimate ? "" : null);
    say(elapsed, job.started_at ? `${ticking(now - job.started_at)} so far` : "start not known");
  };
  return { node, update };
}

/** A card for a job that runs. */
export function card(job) {
  const percent = make("span", "percent");
  percent.setAttribute("aria-hidden", "true"); // the bar says it
  const [title, where, large] = [heading("h3"), standing(), bar("large")];
  const [step, others, eta, notable] = [stepLine(), otherBars(), etaLine(), notes()];
  const summary = make("summary", "", shape("open"), "Steps and facts");
  const within = inside(job.key, summary);
  const top = make("div", "between top-line", make("div", "names", title.node, where.node), percent);
  const parts = [title, where, step, others, eta, notable, within];
  const node = make("li", "card", top, large.node, step.node, others.node, eta.node, notable.node, within.node);
  node.dataset.key = job.key;
  const update = (newest, context) => {
    const measure = measureOf(newest, titleOf(newest));
    large.update(measure);
    say(percent, measure.value === null ? "–" : `${Math.floor(measure.value * 100)} %`);
    put(summary, "aria-label", `Steps and facts of ${titleOf(newest)}`);
    node.classList.toggle("stale", context.world.isStale(newest));
    for (const part of parts) part.update(newest, context);
  };
  return { node, update };
}

/** A row for a job that waits. */
export function waitingRow(job) {
  const [digits, spoken, starts] = [make("span"), make("span", "unseen"), make("span", "starts")];
  digits.setAttribute("aria-hidden", "true");
  const [title, where, notable] = [heading("h3"), standing(starts), notes()];
  const names = make("div", "names", title.node, where.node, notable.node);
  const node = make("li", "row waiting", make("span", "place", digits, spoken), names);
  node.dataset.key = job.key;
  const update = (newest, context) => {
    say(digits, newest.position ? String(newest.position) : "–");
    say(spoken, positionWords(newest) || "place not known");
    say(starts, startWords(newest, context.now));
    node.classList.toggle("stale", context.world.isStale(newest));
    for (const part of [title, where, notable]) part.update(newest, context);
  };
  return { node, update };
}
