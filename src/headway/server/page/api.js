/* What the page asks by HTTP: lists, details, files, and what time it is over there.
 *
 * Rule 1: paths are relative to the page; a key is encoded as one path segment.
 * Rule 2: times on the wire are of the server's clock, so the page counts by that clock:
 * a phone that runs minutes behind must not show an ETA that is minutes off.
 */

const BELIEVED = 2; // seconds by which the clocks may differ without being corrected

let skew = 0;
let detailRefused = false;

/** The server's time, in seconds since the epoch. */
export const now = () => Date.now() / 1000 + skew;

const pathOf = (key) => `api/v1/jobs/${encodeURIComponent(key)}`;

export const outputUrl = (key, n) => `${pathOf(key)}/outputs/${encodeURIComponent(n)}`;

/** A page of ended jobs, newest first: {jobs, next}; without `next` there are no more. */
export function endedJobs(limit, after) {
  const query = new URLSearchParams({ active: "false", limit, ...(after ? { after } : {}) });
  return get(`api/v1/jobs?${query}`);
}

export const stepsOf = async (key) => (await get(`${pathOf(key)}/steps`)).steps;

/** Whether titles, files and details are kept from this reader (there is no token). */
export const seesLittle = async (key) => refuses(await statusOf(`${pathOf(key)}?detail=true`));

/** The traceback of a job that failed; "" if there is none, or none for this reader. */
export async function detailOf(key) {
  if (detailRefused) return "";
  try {
    return (await get(`${pathOf(key)}?detail=true`)).detail ?? "";
  } catch (error) {
    detailRefused = refuses(error.status);
    return "";
  }
}

/** What the server answers to a look at `url`: its status; 0 if there was no answer. */
export async function statusOf(url) {
  try {
    const answer = await fetch(url);
    answer.body?.cancel(); // the status says enough
    return answer.status;
  } catch {
    return 0;
  }
}

export const refuses = (status) => status === 401 || status === 403;

async function get(url) {
  const asked = Date.now() / 1000;
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  compareClocks(answer.headers.get("Date"), asked, Date.now() / 1000);
  if (!answer.ok) throw new Refusal(answer.status, await problemOf(answer));
  return answer.json();
}

/** An answer that is none; `message` is for people. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function problemOf(answer) {
  try {
    const { title, detail } = await answer.json();
    return detail || title || `the server answered ${answer.status}`;
  } catch {
    return `the server answered ${answer.status}`;
  }
}

function compareClocks(date, asked, answered) {
  const theirs = Date.parse(date ?? "") / 1000 + 0.5; // the header is cut to whole seconds
  if (Number.isNaN(theirs) || answered - asked > BELIEVED) return;
  const difference = theirs - (asked + answered) / 2;
  skew = Math.abs(difference) > BELIEVED ? difference : 0;
}
