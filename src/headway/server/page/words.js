/* Facts to words, for people.
 *
 * Rule 1: pure: `now` is an argument; times and durations are seconds, as on the wire.
 * Rule 2: what is not known is said to be not known, never shown as 0, "" or idle.
 * Rule 3: how a fact is known is mentioned only where it is not observed and fresh.
 */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const QUIET = 30; // seconds of silence about a running job before the page mentions it
const LONGEST_TITLE = 300; // characters of a title that are put on the page

const format = (options) => new Intl.DateTimeFormat("en-GB", { hourCycle: "h23", ...options });
const TO_THE_MINUTE = format({ hour: "2-digit", minute: "2-digit" });
const TO_THE_SECOND = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY_OF = format({ weekday: "short", day: "numeric", month: "short" });

/** Every outcome and phase: its word, its shape (a symbol of index.html). */
export const PHASES = {
  succeeded: { word: "succeeded", shape: "succeeded" },
  failed: { word: "failed", shape: "failed" },
  cancelled: { word: "cancelled", shape: "cancelled" },
  lost: { word: "lost", shape: "lost" },
  unknown: { word: "outcome not known", shape: "unknown" },
  running: { word: "running", shape: "running" },
  finishing: { word: "finishing: waiting for its outputs", shape: "running" },
  pending: { word: "heard of, not yet queued", shape: "waiting" },
  queued: { word: "queued", shape: "waiting" },
  retrying: { word: "will be tried again", shape: "waiting" },
};

/** Bases that are worth a word beside the fact. */
export const BASES = {
  derived: "derived: read from text, such as a log",
  inferred: "inferred: a guess from something else",
  estimated: "estimated: computed from history",
};

export const clock = (at) => TO_THE_MINUTE.format(at * 1000);
export const exact = (at) => TO_THE_SECOND.format(at * 1000);

/** A time of day, with its date unless that is today's. */
export function when(at, now) {
  const day = DAY_OF.format(at * 1000);
  return day === DAY_OF.format(now * 1000) ? clock(at) : `${day}, ${clock(at)}`;
}

/** A time to the second, with its date unless that is today's. */
export const fully = (at, now) => when(at, now).replace(clock(at), exact(at));

/** A duration that ticks: 0:42, 12:05, 1:02:03. */
export function ticking(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  const rest = two(whole % MINUTE);
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** A duration that is over: 0.8 s, 42 s, 2 min 5 s, 1 h 4 min. */
export function took(seconds) {
  if (seconds < 0.05) return "< 0.1 s";
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return joined(whole, MINUTE, "min", 1, "s");
  return whole < DAY ? joined(whole, HOUR, "h", MINUTE, "min") : joined(whole, DAY, "d", HOUR, "h");
}

function joined(seconds, large, largeWord, small, smallWord) {
  const parts = Math.floor(seconds / small);
  const [high, low] = [Math.floor(parts / (large / small)), parts % (large / small)];
  return low ? `${high} ${largeWord} ${low} ${smallWord}` : `${high} ${largeWord}`;
}

/** A duration to come, as roughly as it is known: [number, unit]. */
function rough(seconds, unit) {
  if (unit === "s") return seconds < 15 ? Math.max(1, Math.round(seconds)) : Math.round(seconds / 5) * 5;
  return unit === "min" ? Math.max(1, Math.round(seconds / MINUTE)) : Math.round((seconds / HOUR) * 10) / 10;
}

const unitOf = (seconds) => (seconds < 88 ? "s" : seconds < 90 * MINUTE ? "min" : "h");

export function about(seconds) {
  const unit = unitOf(seconds);
  return `${rough(seconds, unit)} ${unit}`;
}

/** "1–3 min", in the unit of its upper end; "" where both ends read the same. */
export function spread(low, high) {
  const unit = unitOf(high);
  const from = low < 1 ? 0 : rough(low, unit);
  const to = rough(high, unit);
  return from >= to ? "" : `${from}–${to} ${unit}`;
}

const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
const number = (n) => (Number.isInteger(n) ? String(n) : n.toFixed(1));
export { plural };

/** How a job is called; always something. Cut to a length that fits a page. */
export function titleOf(job) {
  const model = typeof job.meta?.model === "string" ? job.meta.model : "";
  const given = job.title || [job.job_kind, model].filter(Boolean).join(" · ");
  const title = given || `job ${job.native.slice(0, 8)}`;
  return title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE)}…` : title;
}

export const isSimulated = (view) => view.meta?.simulated === true;

/** What a running job's estimate says: {lead, rest}. */
export function estimateWords(job, now) {
  const estimate = job.estimate;
  if (!estimate) return { lead: "no estimate yet", rest: "" };
  const from = `from ${fromWhat(estimate)}`;
  if (now > estimate.high_at) return { lead: "overdue", rest: `expected by ${when(estimate.high_at, now)}, ${from}` };
  if (now > estimate.end_at) return { lead: "any moment now", rest: `by ${when(estimate.high_at, now)}, ${from}` };
  const range = spread(Math.max(0, estimate.low_at - now), estimate.high_at - now);
  const rest = `${range && `(${range}), `}at ${when(estimate.end_at, now)}, ${from}`;
  return { lead: `≈ ${about(estimate.end_at - now)}`, rest };
}

function fromWhat(estimate) {
  return estimate.samples ? plural(estimate.samples, "run") : "this run’s own rate";
}

/** When a waiting job should start: of its estimate, or alone where its end is not known. */
export const startAt = (job) => (job.estimate ? job.estimate.start_at : job.readings?.start_at);

/** The same in words. */
export function startWords(job, now) {
  const at = startAt(job);
  if (at === undefined || at === null) return "start not known yet";
  return at > now ? `starts in ≈ ${about(at - now)}, at ${when(at, now)}` : "should start any moment";
}

export function positionWords(job) {
  if (!job.position) return "";
  return job.position_of ? `${job.position} of ${job.position_of}` : `number ${job.position}`;
}

/** The measured k/n of one bar; "" where it counts nothing worth saying. */
export function barWords(bar) {
  if (!bar) return "";
  const unit = bar.unit ? ` ${bar.unit}` : "";
  if (bar.total === undefined || bar.total === null) return bar.done > 0 ? `${number(bar.done)}${unit}, of how many is not known` : "";
  return bar.total > 1 ? `${number(bar.done)} of ${number(bar.total)}${unit}` : "";
}

/** What a job is doing, in a line: its activity, its steps that run; "" if nobody says. */
export function doingWords(job, running) {
  const measured = (job.bars ?? []).map((bar) => bar.name || (bar.step && `step ${bar.step}`)).filter(Boolean);
  const names = measured.length ? measured : running;
  const [first, ...others] = names;
  const steps = first && others.length ? `${first} and ${plural(others.length, "other")}` : first;
  return [job.activity, steps].filter(Boolean).join(" · ");
}

export function stepsWords(job) {
  if (!job.steps_needed) return "";
  const cached = job.steps_cached ? `, ${job.steps_cached} cached` : "";
  return `${job.steps_done ?? 0} of ${plural(job.steps_needed, "step")} done${cached}`;
}

/** Everything about a running or waiting job that a reader must not miss: [[name, shape, text], …]. */
export function notesOf(job, source, now) {
  const notes = [];
  const name = source?.title || job.source;
  const stale = source?.seen === false;
  const stalled = !stale && job.stalled_at && now > job.stalled_at;
  if (stale) notes.push(["stale", "unreachable", `${name} is not reachable since ${when(source.since, now)}: shown as of ${exact(job.updated_at)}`]);
  if (stalled) notes.push(["stalled", "warning", `stalled: nothing was heard for ${about(now - job.updated_at)}`]);
  if (job.missing_since) notes.push(["missing", "unknown", `missing: ${name} has not listed it since ${when(job.missing_since, now)}, which proves nothing yet`]);
  if (job.attempt > 1) notes.push(["attempt", "info", `attempt ${job.attempt}${job.why ? `, before it: ${job.why}` : ""}`]);
  return [...notes, ...basisNotes(job), ...quietNote(job, now, stale || stalled)];
}

function basisNotes(job) {
  const said = [];
  if (BASES[job.basis]) said.push(["basis", "info", `that it is ${job.phase} is ${BASES[job.basis]}`]);
  const bar = job.bars?.[0];
  if (bar && BASES[bar.basis]) said.push(["progress", "info", `progress is ${BASES[bar.basis]}`]);
  return said;
}

function quietNote(job, now, alreadySaid) {
  const silent = now - job.updated_at;
  if (alreadySaid || job.phase !== "running" || !job.updated_at || silent < QUIET) return [];
  return [["quiet", "info", `last heard of ${about(silent)} ago, at ${exact(job.updated_at)}`]];
}

/** What a source is like just now: {shape, word}. The first row that fits counts. */
export function sourceState(source, now) {
  const readings = source.readings ?? {};
  const rows = [
    [readings.watched === false, "unwatched", "seen, not watched yet"],
    [source.seen === false, "unreachable", `not reachable since ${source.since ? when(source.since, now) : "some time"}`],
    [Boolean(readings.trouble), "warning", troubleWords(readings.trouble)],
    [source.seen === true, "reachable", "reachable"],
    [source.meta?.source_kind === "program", "reachable", "reports by itself"],
  ];
  const [, shape, word] = rows.find(([fits]) => fits) ?? [true, "unknown", "not heard of yet"];
  return { shape, word };
}

function troubleWords(trouble) {
  const text = String(trouble ?? "");
  return text.startsWith("wedged") ? text : `wedged: ${text}`;
}
