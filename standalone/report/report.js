/* SPDX-License-Identifier: GPL-2.0-or-later */
"use strict";
/* The page is whole without this: a filter, and parts that open and close at once. */

const filter = document.getElementById("filter");
const words = document.getElementById("words");
const severity = document.getElementById("severity");
const found = document.getElementById("found");
const shown = document.getElementById("shown");

/* What can be looked for: rows, dialogues, mails; their texts are taken when they are first needed. */
const hits = [...document.querySelectorAll(".hit")];
const texts = new Map();

function text_of(hit) {
  if (!texts.has(hit))
    texts.set(hit, hit.textContent.toLowerCase());
  return texts.get(hit);
}

/* The severity chosen is 0 for any; of a hit, 0 is none, 1 info, 4 high. */
function fits(hit, wanted) {
  const worst = Number(hit.dataset.severity);
  const least = severity.value === "0" ? 0 : Number(severity.value) + 1;
  return worst >= least && !(found.checked && worst === 0) && wanted.every(word => text_of(hit).includes(word));
}

function apply() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const hit of hits) {
    hit.hidden = !fits(hit, wanted);
    count += hit.hidden ? 0 : 1;
  }
  const all = count === hits.length;
  for (const finding of document.querySelectorAll(".finding"))
    finding.hidden = finding.querySelector(".hit:not([hidden])") === null;
  if (!all)
    for (const fold of document.querySelectorAll(".fold"))
      fold.open = true;
  shown.textContent = all ? "" : shown.dataset.format.replace("%s", count).replace("%s", hits.length);
}

function open_all(open) {
  for (const part of document.querySelectorAll("details"))
    part.open = open;
}

/* A link leads into a dialogue that is closed, or hidden by the filter. */
function show_target() {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  const part = target?.closest("details, .hit");
  if (!part)
    return;
  part.hidden = false;
  if (part.tagName === "DETAILS")
    part.open = true;
  target.scrollIntoView();
}

let waiting;
function apply_soon() {
  clearTimeout(waiting);
  waiting = setTimeout(apply, 120);
}

filter.hidden = false;
filter.addEventListener("submit", event => event.preventDefault());
words.addEventListener("input", apply_soon);
severity.addEventListener("change", apply);
found.addEventListener("change", apply);
document.getElementById("open").addEventListener("click", () => open_all(true));
document.getElementById("close").addEventListener("click", () => open_all(false));
addEventListener("hashchange", show_target);
addEventListener("beforeprint", () => open_all(true));
show_target();
