/* The live stream, headway.v1, and its reconnecting.
 *
 * Rule 1: the cursor of the last frame is all that is needed to go on from there.
 * Rule 2: one attempt at a time; the wait between two doubles, with jitter, up to `LONGEST_WAIT`.
 * Rule 3: a socket can be dead and look open: while the page is looked at, silence is
 * broken by a ping, and a ping without any answer ends the connection.
 */

import { now } from "./api.js";

const FIRST_WAIT = 0.5; // seconds before the second attempt
const LONGEST_WAIT = 30; // seconds between two attempts
const PATIENCE = 10; // seconds for a handshake, and for the answer to a ping
const SILENCE = 25; // seconds without a frame after which a ping is sent
const TOPICS = ["jobs", "sources"];

/**
 * Opens the stream and keeps it open.
 *
 * Calls `onWelcome(recovered)`, `onChanges(entities, gone)`, `onSteps(steps)` and, after
 * each failed attempt too, `onLost(asOf)`: when the connection was last good, null if never.
 * Returns {retry, follow}: look at once; follow the steps of these jobs and no others.
 */
export function live({ onWelcome, onChanges, onSteps, onLost }) {
  let socket = null;
  let cursor = null;
  let failures = 0;
  let welcomed = false;
  let heardAt = null;
  let goodUntil = null;
  let followed = new Set();
  let waiting = 0;
  let deadline = 0;

  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");

  const MESSAGES = {
    welcome(data) {
      [failures, welcomed, cursor, followed] = [0, true, data.cursor, new Set()];
      onWelcome(data.recovered);
    },
    changes(data) {
      cursor = data.cursor;
      onChanges(data.entities, data.gone);
    },
    result(data) {
      if (data.steps) onSteps(data.steps);
    },
    error(data) {
      if (!data.retry) cursor = null; // what could not be resumed is not asked for again
    },
  };

  function open() {
    clearTimeout(waiting);
    socket = new WebSocket(url, ["headway.v1"]);
    socket.onopen = () => send("hello", { topics: TOPICS, ...(cursor === null ? {} : { cursor }) });
    socket.onmessage = (frame) => heard(JSON.parse(frame.data));
    socket.onclose = () => lost(now());
    expect();
  }

  function send(type, data) {
    socket.send(JSON.stringify({ type, data }));
  }

  function heard({ type, data }) {
    heardAt = now();
    clearTimeout(deadline);
    if (!document.hidden) deadline = setTimeout(probe, SILENCE * 1000);
    MESSAGES[type]?.(data);
  }

  function follow(jobs) {
    if (!welcomed) return;
    const wanted = new Set(jobs);
    for (const job of followed) if (!wanted.has(job)) send("unsubscribe", { job });
    for (const job of wanted) if (!followed.has(job)) send("subscribe", { job });
    followed = wanted;
  }

  function probe() {
    send("ping", {});
    expect();
  }

  function expect() {
    clearTimeout(deadline);
    deadline = setTimeout(() => lost(heardAt), PATIENCE * 1000);
  }

  function lost(asOf) {
    clearTimeout(deadline);
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    if (welcomed) [goodUntil, welcomed] = [asOf, false];
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures++);
    waiting = setTimeout(open, wait * (0.5 + Math.random() / 2) * 1000);
    onLost(goodUntil);
  }

  /** Looks at once: connects if there is no connection, else asks whether it still is one. */
  function retry() {
    if (socket.readyState === WebSocket.OPEN) probe();
    else if (socket.readyState === WebSocket.CONNECTING) expect();
    else open();
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(deadline) : retry()));
  addEventListener("online", retry);
  addEventListener("pageshow", (event) => event.persisted && retry());
  open();
  return { retry, follow };
}
