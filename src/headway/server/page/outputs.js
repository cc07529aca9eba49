/* The files that a job names: pictures where they are pictures, links for the rest.
 *
 * Rule 1: a picture is asked for only when it comes into sight (`loading=lazy`).
 * Rule 2: files need the user's token. After the first refusal no more are asked for, and
 * the page says once how to get in.
 */

import { outputUrl, refuses, statusOf } from "./api.js";
import { foreign, make, say, shape } from "./patch.js";

const MOST = 24; // files shown of one job
const BY_NAME = [
  [/\.(png|jpe?g|webp|gif|avif|bmp)$/i, "image"],
  [/\.(mp4|webm|mov|mkv|m4v|avi)$/i, "video"],
];

let refused = false;
let tellRefused = () => {};

/** Calls `tell()` once, when the server first refuses a file. */
export function onRefused(tell) {
  tellRefused = tell;
}

/** "image", "video" or another word; by the file's name where the source said nothing. */
function mediaOf(output) {
  const said = String(output.media ?? "").split("/")[0];
  return said || (BY_NAME.find(([ending]) => ending.test(output.name)) ?? [null, "file"])[1];
}

const firstImage = (job) => (job.outputs ?? []).find((output) => mediaOf(output) === "image");
const hasVideo = (job) => (job.outputs ?? []).some((output) => mediaOf(output) === "video");

/** A square that stands for an ended job: its first picture, else a shape. */
export function tile() {
  const node = make("span", "tile");
  let shown = null;
  const update = (job, plain) => {
    const image = refused ? undefined : firstImage(job);
    const wanted = image ? outputUrl(job.key, image.n) : hasVideo(job) ? "video" : plain;
    if (wanted === shown) return;
    shown = wanted;
    node.replaceChildren(image ? picture(wanted, () => node.replaceChildren(shape(plain))) : shape(wanted));
  };
  return { node, update };
}

/** Links to all files of a job, with their pictures. */
export function gallery(job) {
  const outputs = job.outputs ?? [];
  const list = make("ul", "gallery", ...outputs.slice(0, MOST).map((output) => make("li", "", link(job, output))));
  if (outputs.length > MOST) list.append(make("li", "more", `and ${outputs.length - MOST} more files`));
  return list;
}

function link(job, output) {
  const media = mediaOf(output);
  const name = foreign("file");
  say(name, output.name);
  const anchor = make("a", `output ${media === "image" ? "image" : ""}`);
  anchor.href = outputUrl(job.key, output.n);
  anchor.target = "_blank";
  anchor.rel = "noopener";
  if (media === "image" && !refused) anchor.append(picture(anchor.href, () => anchor.classList.remove("image")));
  else anchor.append(shape(media === "video" ? "video" : "open"));
  anchor.append(name);
  return anchor;
}

function picture(url, onMissing) {
  const image = make("img");
  image.alt = "";
  image.loading = "lazy";
  image.decoding = "async";
  image.onerror = () => {
    image.remove();
    onMissing();
    askWhy(url);
  };
  image.src = url;
  return image;
}

async function askWhy(url) {
  if (refused || !refuses(await statusOf(url)) || refused) return;
  refused = true;
  tellRefused();
}
