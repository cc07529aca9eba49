/* The sources: a chip each, with what it is like just now. */

import { simulatedTag } from "./job.js";
import { foreign, keyed, make, put, reshape, say, shape, show } from "./patch.js";
import { isSimulated, sourceState } from "./words.js";

const KINDS = { comfyui: "ComfyUI", swarmui: "SwarmUI", stash: "Stash", qbittorrent: "qBittorrent", program: "program" };
const TIERS = ["sees its queue", "sees its queue and log", "sees every step"];

const kindOf = (source) => KINDS[source.meta?.source_kind] ?? source.meta?.source_kind ?? "";

/** "ComfyUI 0.3.60 · 1 runs, 2 wait": what it says of itself, as far as it says it. */
function about(source) {
  const { version, running, waiting } = source.readings ?? {};
  const counts = [typeof running === "number" && `${running} running`, typeof waiting === "number" && `${waiting} waiting`].filter(Boolean);
  return [[kindOf(source), version].filter(Boolean).join(" "), counts.join(", ")].filter(Boolean).join(" · ");
}

function chip(source) {
  const sign = shape("unknown");
  const [name, mark] = [foreign("source-name"), simulatedTag()];
  const [word, detail] = [make("span", "word"), foreign("says")];
  const node = make("li", "chip", sign, make("span", "chip-text", name, " ", word, " ", mark, detail));
  node.dataset.key = source.key;
  const update = (newest, { now }) => {
    const state = sourceState(newest, now);
    put(node, "data-state", state.shape);
    reshape(sign, state.shape);
    say(name, newest.title || newest.key);
    say(word, state.word);
    const said = newest.seen === false ? kindOf(newest) : about(newest);
    say(detail, said === name.textContent ? "" : said);
    show(detail, detail.textContent !== "");
    show(mark, isSimulated(newest));
    put(node, "title", [newest.meta?.url, TIERS[newest.readings?.tier]].filter(Boolean).join(" · ") || null);
  };
  return { node, update };
}

/** Keeps the list of chips in step with the sources. */
export function sourceList(node) {
  const list = keyed(node, (source) => source.key, chip);
  return (sources, context) => {
    show(node, sources.length > 0);
    list(sources, context);
  };
}
