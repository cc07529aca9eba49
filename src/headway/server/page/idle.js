/* What is said where nothing runs: why, and what to do about it.
 *
 * Rule 1: "nothing is running" is said only where every source can be seen; else what is
 * not known is named (docs: unknown is shown as unknown, never as idle).
 */

import { isUnwatched } from "./world.js";
import { code, make } from "./patch.js";
import { PHASES, plural, titleOf, when } from "./words.js";

const EXAMPLE = '[sources.comfy]\nkind = "comfyui"\nurl = "http://192.168.1.20:8188"';
const LOOKED_FOR = [
  ["ComfyUI", "on ports 8188 and 8000", "is watched as soon as it answers"],
  ["SwarmUI", "on port 7801", "is watched as soon as it answers"],
  ["Stash, qBittorrent", "on ports 9999 and 8080", "are listed, not watched yet"],
];

/** [name of the state, () => its nodes]; the nodes are built anew only if the name changes. */
export function idleState({ running, waiting, ended, sources }, { now, access, connected }) {
  if (access === "refused") return ["refused", refusedPanel];
  if (!connected && !sources.length && !ended.length) return ["connecting", () => [make("p", "quiet", "Connecting to Headway …")]];
  if (running.length) return ["", () => []];
  const watched = sources.filter((source) => !isUnwatched(source));
  if (!watched.length && !waiting.length && !ended.length) return [`teach ${sources.length}`, () => teaching(sources)];
  const lines = [...unseen(watched, now), lastEnd(ended, now)].filter(Boolean);
  const lead = lines.length && unseen(watched, now).length ? "Nothing is seen running." : "Nothing is running.";
  return [`idle ${lead}${lines.join(" ")}`, () => [quiet(lead, lines)]];
}

function quiet(lead, lines) {
  return make("div", "quiet", make("p", "lead", lead), ...lines.map((line) => make("p", "", line)));
}

/** Why nothing can be said about some sources, a line each. */
function unseen(watched, now) {
  if (!watched.length) return ["No source is watched just now, so whether something runs is not known."];
  const lines = [];
  for (const source of watched) {
    const name = source.title || source.key;
    const { running, trouble } = source.readings ?? {};
    if (source.seen === false) lines.push(`${name} is not reachable since ${when(source.since, now)}: what it does is not known.`);
    else if (trouble) lines.push(`${name} is wedged: its work waits and does not start.`);
    else if (running > 0) lines.push(`${name} says it runs ${plural(running, "job")}, which cannot be seen one by one.`);
  }
  return lines;
}

function lastEnd([last], now) {
  return last && `The last one, “${titleOf(last)}”: ${PHASES[last.outcome].word}, at ${when(last.ended_at, now)}.`;
}

function teaching(sources) {
  const found = make("ul", "looked", ...LOOKED_FOR.map(([name, where, then]) => make("li", "", make("strong", "", name), ` ${where}: ${then}`)));
  const lead = sources.length ? "Nothing that can be watched was found yet." : "No back end was found yet.";
  const looking = part("p", lead, make("p", "", "Headway keeps looking on this machine. Start one of these and it appears here by itself:"), found);
  const naming = part(
    "h3",
    "It runs on another machine or port?",
    make("p", "", "Name it in ", code("config.toml"), " (", code("headway config --show"), " says where that is) and start Headway again:"),
    make("pre", "example", EXAMPLE),
  );
  const asking = part("h3", "Not sure what is wrong?", make("p", "", code("headway doctor"), " says what was found, what is missing and how to get it."));
  const playing = part("h3", "Just looking?", make("p", "", code("headway demo"), " shows simulated jobs, in a place of their own."));
  return [make("div", "panel teach", looking, naming, asking, playing)];
}

const part = (tag, lead, ...rest) => make("div", "part", make(tag, "lead", lead), ...rest);

function refusedPanel() {
  return [
    make(
      "div",
      "panel",
      make("p", "lead", "This Headway wants to know who asks."),
      make("p", "", "Open the page with the link that ", code("headway serve"), " printed, or run ", code("headway open"), " on the machine where it runs."),
    ),
  ];
}
