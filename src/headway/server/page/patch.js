/* Small hands for the document.
 *
 * Rule 1: text from outside reaches the document as text only (`textContent`).
 * Rule 2: a node is written only when its value changed, and lives as long as its key.
 */

const SVG = "http://www.w3.org/2000/svg";

/** A new element; children are nodes or text. */
export function make(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** A command or a name from a terminal. */
export const code = (words) => make("code", "", words);

export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute; null takes it away. */
export function put(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function show(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

/** One of the shapes of index.html; decoration, so that words must stand beside it. */
export function shape(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "shape");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "use"));
  reshape(svg, name);
  return svg;
}

export function reshape(svg, name) {
  put(svg.firstChild, "href", `#i-${name}`);
}

/** Text from outside, kept from turning the direction of what stands around it. */
export function foreign(className = "") {
  const node = make("bdi", className);
  node.dir = "auto";
  return node;
}

/**
 * Keeps the children of `parent` in step with a list of items.
 *
 * `create(item)` returns a part: {node, update(item, context)}. Parts are found again by
 * key, moved only when their order changed, and never built twice.
 */
export function keyed(parent, keyOf, create) {
  const parts = new Map();
  return (items, context) => {
    const wanted = new Set(items.map(keyOf));
    for (const [key, part] of parts) {
      if (wanted.has(key)) continue;
      part.node.remove();
      parts.delete(key);
    }
    let place = parent.firstElementChild;
    for (const item of items) {
      const part = parts.get(keyOf(item)) ?? create(item);
      parts.set(keyOf(item), part);
      part.update(item, context);
      if (part.node === place) place = place.nextElementSibling;
      else move(parent, part.node, place);
    }
  };
}

function move(parent, node, before) {
  // moveBefore keeps focus and open pictures of a node that is already there.
  if (node.isConnected && parent.moveBefore) parent.moveBefore(node, before);
  else parent.insertBefore(node, before);
}
