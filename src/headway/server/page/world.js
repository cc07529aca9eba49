/* What is known: the newest view of every entity, as the stream and the API told it.
 *
 * Rule 1: a view replaces the one before it whole; nothing is merged by hand.
 * Rule 2: after `recovered: false` everything from before is forgotten.
 * Rule 3: a job that does the work of another known job is not shown beside it.
 * Rule 4: bounded: of the ended jobs only the newest `KEPT` stay.
 */

import { isSimulated } from "./words.js";

const KEPT = 300; // ended jobs held in memory; the page shows fewer
const WAITING = new Set(["pending", "queued", "retrying"]);
const RUNNING = new Set(["running", "finishing"]);
const LAST = Number.MAX_SAFE_INTEGER; // the place of a waiting job whose place is not known

const byStart = (a, b) => (a.started_at ?? LAST) - (b.started_at ?? LAST) || order(a, b);
const byPlace = (a, b) => (a.position ?? LAST) - (b.position ?? LAST) || (a.queued_at ?? LAST) - (b.queued_at ?? LAST) || order(a, b);
const byEnd = (a, b) => (b.ended_at ?? 0) - (a.ended_at ?? 0) || order(a, b);
const byName = (a, b) => isUnwatched(a) - isUnwatched(b) || order(a, b);
const order = (a, b) => (a.key < b.key ? -1 : 1);

export const isUnwatched = (source) => source.readings?.watched === false;
const isRunning = (job) => RUNNING.has(job.phase);
const isWaiting = (job) => WAITING.has(job.phase);

export class World {
  #jobs = new Map();
  #sources = new Map();
  #steps = new Map(); // job → step → view, of the jobs that are followed
  #lists = null;

  forget() {
    this.#jobs.clear();
    this.#sources.clear();
    this.#steps.clear();
    this.#lists = null;
  }

  /** Takes whole entities; returns the jobs that were unfinished before and are over now. */
  take(entities, gone = []) {
    const over = [];
    for (const view of entities) {
      const before = this.#jobs.get(view.key);
      if (view.kind === "source") this.#sources.set(view.key, view);
      if (view.kind === "step") this.#takeStep(view);
      if (view.kind !== "job") continue;
      this.#jobs.set(view.key, view);
      if (view.outcome) this.#steps.delete(view.key);
      if (before && !before.outcome && view.outcome) over.push(view);
    }
    for (const key of gone) this.#jobs.delete(key) || this.#sources.delete(key);
    this.#lists = null;
    return over;
  }

  #takeStep(view) {
    const ofJob = this.#steps.get(view.job) ?? new Map();
    this.#steps.set(view.job, ofJob.set(view.key, view));
  }

  /** The names of the steps that run now, the newest first. */
  stepsNow(job) {
    const running = [...(this.#steps.get(job.key)?.values() ?? [])].filter((step) => step.phase === "running");
    return running.sort((a, b) => (b.started_at ?? 0) - (a.started_at ?? 0)).map((step) => step.name || `step ${step.step}`);
  }

  /** Takes what the API listed. What the stream already told is newer and stays. */
  add(jobs) {
    for (const job of jobs) if (!this.#jobs.has(job.key)) this.#jobs.set(job.key, job);
    this.#lists = null;
  }

  job(key) {
    return this.#jobs.get(key);
  }

  source(name) {
    return this.#sources.get(name);
  }

  /** True if the source of the job cannot be reached: the job is then only "last seen". */
  isStale(job) {
    return this.#sources.get(job.source)?.seen === false;
  }

  /** {running, waiting, ended, sources, simulated, lastSeen}, each in the order of the page. */
  get lists() {
    return (this.#lists ??= this.#sorted());
  }

  #sorted() {
    const jobs = [...this.#jobs.values()].filter((job) => !this.#jobs.has(job.meta?.runs_as));
    const byReach = (a, b) => this.isStale(a) - this.isStale(b);
    const unfinished = jobs.filter((job) => !job.outcome);
    const ended = jobs.filter((job) => job.outcome).sort(byEnd);
    for (const old of ended.splice(KEPT)) this.#jobs.delete(old.key);
    const sources = [...this.#sources.values()].sort(byName);
    return {
      running: unfinished.filter(isRunning).sort((a, b) => byReach(a, b) || byStart(a, b)),
      waiting: unfinished.filter(isWaiting).sort((a, b) => byReach(a, b) || byPlace(a, b)),
      lastSeen: unfinished.filter((job) => this.isStale(job)).length,
      ended,
      sources,
      simulated: jobs.some(isSimulated) || sources.some(isSimulated),
    };
  }
}
