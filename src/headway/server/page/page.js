/* The page: what is known, shown; live by the stream, counting down alone.
 *
 * Rule 1: one timer, and only while something on the page counts: an idle plane costs nothing.
 * Rule 2: changes are gathered and shown once per frame; nodes are patched, not rebuilt.
 * Rule 3: without a connection time stands still here: everything stays, greyed, and the
 * page says as of when it is true.
 * Rule 4: bounded: at most `MOST` jobs are on the page, and it says how many more there are.
 */

import { Refusal, endedJobs, now, refuses, seesLittle, statusOf } from "./api.js";
import { endedRow, newsOf } from "./ended.js";
import { idleState } from "./idle.js";
import { card, waitingRow } from "./job.js";
import { live } from "./live.js";
import { onRefused } from "./outputs.js";
import { code, keyed, put, say, show } from "./patch.js";
import { sourceList } from "./sources.js";
import { World } from "./world.js";
import { about, exact, startAt } from "./words.js";

const MOST = { running: 40, waiting: 60, ended: 100, followed: 12 };
const AT_ONCE = 30; // ended jobs fetched by one request
const UNSEEN_PACE = 10; // seconds between two renderings while nobody looks
const SETTLING = 0.3; // seconds that a snapshot may take before its absence is shown

const at = (id) => document.getElementById(id);
const world = new World();
const page = { connection: "connecting", asOf: null, access: "open", olderThan: "", endedShown: AT_ONCE, asked: false };

const keyOf = (job) => job.key;
const showSources = sourceList(at("sources"));
const showRunning = keyed(at("running-list"), keyOf, card);
const showWaiting = keyed(at("waiting-list"), keyOf, waitingRow);
const showEnded = keyed(at("ended-list"), keyOf, endedRow);

let stream = null;
let planned = 0;
let ticking = 0;
let settled = 0;
let idleShown = null;

function soon() {
  if (planned || settled > now()) return;
  planned = document.hidden ? setTimeout(render, 1000) : requestAnimationFrame(render);
}

function render() {
  planned = 0;
  const connected = page.connection === "live";
  const context = { now: connected || page.asOf === null ? now() : page.asOf, world, live: connected };
  const lists = world.lists;
  const held = heldKey();
  showSources(lists.sources, context);
  showRunning(lists.running.slice(0, MOST.running), context);
  showWaiting(lists.waiting.slice(0, MOST.waiting), context);
  showEnded(lists.ended.slice(0, page.endedShown), context);
  renderFrame(lists);
  hold(held);
  renderIdle(lists, context, connected);
  renderHeader(lists, context.now, connected);
  tick(lists, connected);
  stream?.follow(lists.running.slice(0, MOST.followed).map(keyOf));
}

function renderFrame({ running, waiting, ended, simulated }) {
  show(at("waiting-section"), waiting.length > 0);
  show(at("ended-section"), ended.length > 0);
  say(at("running-count"), countWords(running));
  say(at("waiting-count"), countWords(waiting));
  more("running-more", running.length - MOST.running, "running");
  more("waiting-more", waiting.length - MOST.waiting, "waiting");
  const rest = ended.length > page.endedShown || page.olderThan !== "";
  const full = page.endedShown >= MOST.ended;
  show(at("ended-more"), rest);
  show(at("older"), !full);
  say(at("older-words"), full ? "Older ones: headway jobs" : "");
  show(at("simulation"), simulated);
}

/** Those that are known to stand so now, and apart those of sources that cannot be reached. */
function countWords(jobs) {
  const stale = jobs.filter((job) => world.isStale(job)).length;
  return [jobs.length - stale || "", stale && `${stale} last seen`].filter(Boolean).join(" · ");
}

function more(id, count, what) {
  show(at(id), count > 0);
  say(at(id), count > 0 ? `and ${count} more ${what}` : "");
}

function renderIdle(lists, context, connected) {
  const [name, build] = idleState(lists, { now: context.now, access: page.access, connected });
  if (name === idleShown) return;
  idleShown = name;
  at("running-empty").replaceChildren(...build());
  show(at("running-empty"), name !== "");
}

function renderHeader(lists, time, connected) {
  const running = lists.running.filter((job) => !world.isStale(job));
  const waiting = lists.waiting.filter((job) => !world.isStale(job));
  const counts = [[running.length, "running"], [waiting.length, "waiting"], [lists.lastSeen, "last seen"]];
  say(at("summary"), counts.filter(([n]) => n).map(([n, word]) => `${n} ${word}`).join(" · "));
  const title = running.length ? `${running.length} running${allDone(running, time)}` : waiting.length ? `${waiting.length} waiting · Headway` : "Headway";
  const whole = connected || page.asOf === null ? title : `not connected · ${title}`;
  if (document.title !== whole) document.title = whole;
  put(document.body, "data-connection", page.connection);
  put(at("connection"), "data-state", page.connection);
  say(at("connection-words"), connectionWords());
  show(at("retry"), page.connection === "lost");
}

/** " · ≈2 min" until the last of these ends; "" unless it is known of all. */
function allDone(running, time) {
  const ends = running.map((job) => job.estimate?.end_at);
  const left = ends.every(Boolean) ? Math.max(...ends) - time : 0;
  return left > 0 ? ` · ≈${about(left)}` : "";
}

function connectionWords() {
  const lost = page.asOf === null ? "not connected" : `not connected — shown as of ${exact(page.asOf)}`;
  return { connecting: "connecting …", live: "live", lost, refused: "not allowed in" }[page.connection];
}

/** Comes back at the next full second while something counts. */
function tick({ running, waiting }, connected) {
  clearTimeout(ticking);
  const counts = running.length > 0 || waiting.some((job) => startAt(job));
  if (!connected || !counts) return;
  const pause = document.hidden ? UNSEEN_PACE : 1 - (now() % 1);
  ticking = setTimeout(soon, pause * 1000);
}

/** The key of the job in whose part the keyboard is, so that it stays there. */
function heldKey() {
  const focused = document.activeElement;
  return focused ? { focused, key: focused.closest("[data-key]")?.dataset.key } : {};
}

function hold({ focused, key }) {
  if (!key || focused.isConnected) return;
  const row = document.querySelector(`[data-key="${CSS.escape(key)}"] summary`);
  (row ?? at("running")).focus({ preventScroll: true });
}

async function fetchEnded() {
  try {
    const { jobs, next } = await endedJobs(AT_ONCE, page.olderThan);
    world.add(jobs);
    page.olderThan = next ?? "";
    tellIfHidden(jobs[0]);
  } catch (error) {
    if (!(error instanceof Refusal)) return; // not reachable: the stream says so already
    if (refuses(error.status)) page.access = "refused";
  }
  soon();
}

/** Without a token titles and files are left out; whoever sees none is told how to see them. */
async function tellIfHidden(job) {
  if (page.asked || !job || job.title || job.outputs?.length) return;
  page.asked = true;
  if (await seesLittle(job.key)) tellHidden();
}

function tellHidden() {
  at("hidden").replaceChildren("Titles and pictures are hidden. To see them, open the page with the link that ", code("headway serve"), " printed, or run ", code("headway open"), ".");
  show(at("hidden"), true);
}

async function showOlder() {
  page.endedShown = Math.min(MOST.ended, page.endedShown + AT_ONCE);
  if (page.olderThan) await fetchEnded();
  soon();
}

function onWelcome(recovered) {
  [page.connection, page.asOf, page.access] = ["live", null, "open"];
  if (!recovered) {
    world.forget();
    page.olderThan = "";
    settled = now() + SETTLING;
    setTimeout(soon, SETTLING * 1000 + 20);
    fetchEnded();
  }
  soon();
}

function onChanges(entities, gone) {
  settled = 0;
  const over = world.take(entities, gone);
  if (over.length) say(at("news"), newsOf(over));
  tellIfHidden(entities.find((view) => view.kind === "job"));
  soon();
}

function onSteps(steps) {
  world.take(steps);
  soon();
}

async function onLost(asOf) {
  page.connection = page.access === "refused" ? "refused" : "lost";
  page.asOf = asOf;
  soon();
  if (asOf !== null || !refuses(await statusOf("api/v1/sources"))) return;
  [page.access, page.connection] = ["refused", "refused"];
  soon();
}

function start() {
  onRefused(tellHidden);
  stream = live({ onWelcome, onChanges, onSteps, onLost });
  at("retry").addEventListener("click", stream.retry);
  at("older").addEventListener("click", showOlder);
  document.addEventListener("visibilitychange", () => document.hidden || render());
  render();
}

start();
