// The page: asks /status.json for what has changed, and shows it. Whatever comes from there is shown as
// text only. Of thousands of servers only the rows that are on the screen are in the document.

const SEVERITY = { overdue: 0, failing: 1, ok: 2 };
const WORD = { overdue: "Overdue", failing: "Failing", ok: "Ok" };
const HISTORY = 32;
const SPARE_ROWS = 4; // beyond the edges of the screen
const ASK_EVERY = 1000; // milliseconds
const ASK_EVERY_HIDDEN = 5000;
const ASK_AGAIN_MOST = 5000;
const ANSWER_WITHIN = 15000;
const ANNOUNCE_EVERY = 5000;

const byId = (id) => document.getElementById(id);
const filterField = byId("filter");
const sortField = byId("sort");
const stateButtons = [...document.querySelectorAll("button[data-state]")];
const grid = byId("grid");
const list = byId("rows");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let head = null; // of the last answer: all but its servers
let servers = new Map(); // by name
let order = []; // those that are shown, from the top
let wantedState = "";
let openName = null;
let activeName = null;

// --- text ------------------------------------------------------------------------------------

// What would not be seen, or turn around what is beside it, is shown by its number.
function visible(text) {
  return String(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function makeSvg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const count = (n) => Number(n).toLocaleString("en");
const two = (n) => String(n).padStart(2, "0");

// 0.000123 -> "123 µs", 0.25 -> "250 ms", 5 -> "5 s", 90 -> "1 min 30 s"
function span(seconds) {
  if (typeof seconds !== "number" || seconds < 0) return "–";
  const three = (n) => String(Number(n.toPrecision(3)));
  if (seconds === 0) return "0\u00a0s";
  if (seconds < 0.0009995) return `${three(seconds * 1e6)}\u00a0µs`;
  if (seconds < 0.9995) return `${three(seconds * 1e3)}\u00a0ms`;
  if (seconds < 59.95) return `${three(seconds)}\u00a0s`;
  return longSpan(Math.round(seconds));
}

function longSpan(seconds) {
  const parts = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return "0\u00a0s";
  return parts
    .slice(first, first + 2)
    .filter(([n], i) => i === 0 || n > 0)
    .map(([n, unit]) => `${n}\u00a0${unit}`)
    .join("\u00a0");
}

// Rounded up, so that it is not over before the moment has come; always as many digits.
function countdown(seconds) {
  if (seconds < 60) {
    const tenths = Math.ceil(seconds * 10) / 10;
    return `${calm.matches ? Math.ceil(seconds) : tenths.toFixed(1)}\u00a0s`;
  }
  const whole = Math.ceil(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min\u00a0${two(whole % 60)}\u00a0s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}\u00a0h\u00a0${two(Math.floor(whole / 60) % 60)}\u00a0min`;
  return longSpan(whole);
}

function timeOfDay(moment) {
  const date = new Date(moment * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function momentText(moment) {
  const ago = Math.max(0, Math.floor(daemonNow() - moment));
  const date = new Date(moment * 1000);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${ago < 43200 ? "" : `${day} `}${timeOfDay(moment)}, ${longSpan(ago)} ago`;
}

// --- the daemon's clock ------------------------------------------------------------------------

// Seconds since 1970 when the page's own clock, which nobody sets, was 0.
let clockOffset = 0;

const pageNow = () => performance.now() / 1000;
const daemonNow = () => pageNow() + clockOffset;

// Answers are on their way for differing times: small differences are evened out.
function adjustClock(now, came) {
  const offset = now - came;
  const drift = offset - clockOffset;
  clockOffset = Math.abs(drift) > 0.25 ? offset : clockOffset + drift / 8;
}

// Moments that were told before are of another time then.
const wasClockSet = (now, came) => Math.abs(now - came - clockOffset) > 1;

// --- asking ------------------------------------------------------------------------------------

// A TypeError of fetch() says that nobody answers; one of this script, that an answer has not what it should.
function asUnreachable(error) {
  if (error instanceof TypeError) error.isUnreachable = true;
  throw error;
}

async function ask(path) {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN) }).catch(asUnreachable);
  const came = pageNow();
  if (!response.ok) throw Object.assign(new Error("status"), { status: response.status });
  return { came, data: await response.json().catch(asUnreachable) };
}

// The place of each by name, a2 before a10, which is found once; a collator takes thrice as long.
function rank(servers) {
  const digits = (name) => name.toLowerCase().replace(/\d+/g, (number) => number.padStart(12, "0"));
  const keys = [...servers.values()].map((server) => [digits(server.name), server]);
  keys.sort(([a, { name: x }], [b, { name: y }]) => (a < b || (a === b && x < y) ? -1 : 1));
  keys.forEach(([, server], index) => (server.rank = index));
}

// The column of names is as wide as nearly all of them need; a few long ones take no room from the results.
function measureNames() {
  const lengths = [...servers.keys()].map((name) => visible(name).length).sort((a, b) => a - b);
  const usual = lengths[lengths.length - 1 - Math.floor(lengths.length / 16)] ?? 0;
  document.documentElement.style.setProperty("--letters", usual);
}

const isSameDaemon = (data) =>
  head !== null && head.pid === data.pid && head.started === data.started && head.generation === data.generation;

// False: the answer is not about the servers that are known; all have to be asked for.
function take({ came, data }, isWhole) {
  const { servers: changed, ...rest } = data;
  const isAboutOurs = isSameDaemon(data) && changed.every(({ name }) => servers.has(name));
  if (!isWhole && (!isAboutOurs || wasClockSet(data.now, came))) return false;
  if (isWhole) {
    const all = new Map(changed.map((server) => [server.name, server]));
    rank(all); // which throws where they are none
    servers = all;
    measureNames();
  } else {
    for (const server of changed) servers.set(server.name, Object.assign(server, { rank: servers.get(server.name).rank }));
  }
  head = rest;
  adjustClock(data.now, came);
  return true;
}

async function refresh() {
  if (head !== null && take(await ask(`status.json?since=${head.change}`), false)) return;
  take(await ask("status.json"), true);
}

let wake = () => {};

function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

async function watch() {
  for (let failures = 0; ; ) {
    const began = performance.now();
    try {
      await refresh();
      failures = 0;
      isBack();
    } catch (error) {
      failures++;
      isGone(error);
    }
    const again = Math.min(ASK_EVERY * 2 ** Math.max(0, failures - 1), ASK_AGAIN_MOST);
    const slow = document.hidden ? ASK_EVERY_HIDDEN : 4 * (performance.now() - began);
    const wait = failures > 0 ? again : Math.max(ASK_EVERY, Math.min(slow, ASK_EVERY_HIDDEN));
    lost.tryAt = pageNow() + wait / 1000;
    await pause(wait);
  }
}

// --- the daemon is gone, and back --------------------------------------------------------------

const lost = { isLost: false, heard: 0, tryAt: 0 };

function reason(error) {
  if (error.status) return `aiopoll answers with status ${error.status}.`;
  if (error.name === "TimeoutError") return "aiopoll does not answer.";
  if (error.isUnreachable) return "aiopoll cannot be reached.";
  return "aiopoll's answer cannot be read.";
}

function isGone(error) {
  lost.isLost = true;
  setText(byId("gone-why"), reason(error));
  byId("gone").hidden = false;
  document.body.classList.add("is-gone");
  byId("none").hidden = head === null || order.length > 0;
  setTitle();
  arrange();
}

function isBack() {
  lost.isLost = false;
  lost.heard = pageNow();
  byId("gone").hidden = true;
  setText(byId("gone-why"), "");
  document.body.classList.remove("is-gone");
  showHead();
  arrange();
  updateDetail();
}

function tickGone() {
  if (!lost.isLost) return;
  const next = Math.max(0, Math.ceil(lost.tryAt - pageNow()));
  const old = head === null ? "" : `Shown is what was known ${longSpan(Math.floor(pageNow() - lost.heard))} ago. `;
  setText(byId("gone-since"), `${old}Next try ${next > 0 ? `in ${next}\u00a0s` : "now"}.`);
}

// --- the head ------------------------------------------------------------------------------------

function setTitle() {
  const wrong = head === null ? 0 : head.failing + head.overdue;
  const title = lost.isLost ? "No answer – aiopoll" : wrong > 0 ? `(${count(wrong)}) aiopoll` : "aiopoll";
  if (document.title !== title) document.title = title;
}

function showHead() {
  const up = longSpan(Math.max(0, Math.floor(head.up)));
  const failures = `${count(head.failures)} ${head.failures === 1 ? "failure" : "failures"}`;
  setText(byId("about"), `${visible(head.version)} · up ${up} · ${count(head.polls)} polls · ${failures}`);
  for (const button of stateButtons) {
    const { state } = button.dataset;
    const n = state === "" ? head.ok + head.failing + head.overdue : head[state];
    setText(button.querySelector("b"), count(n));
    button.classList.toggle("some", n > 0 && state !== "" && state !== "ok");
  }
  setTitle();
}

// What a screen reader says: only what has changed, and not more often than every few seconds.
const said = { text: "", at: -Infinity };

function announce() {
  if (head === null || lost.isLost || performance.now() - said.at < ANNOUNCE_EVERY) return;
  const isFiltered = wantedState !== "" || filterField.value !== "";
  const shown = isFiltered ? ` ${count(order.length)} shown.` : "";
  const text = `${count(head.overdue)} overdue, ${count(head.failing)} failing, ${count(head.ok)} ok.${shown}`;
  if (text === said.text) return;
  said.text = text;
  said.at = performance.now();
  setText(byId("announcement"), text);
}

// --- order, and where each row is ------------------------------------------------------------------

let rowHeight = 40;
let detailHeight = 0;

const indexOf = (name) => (name === null ? -1 : order.findIndex((server) => server.name === name));
const topOf = (index, open) => index * rowHeight + (open >= 0 && index > open ? detailHeight : 0);
const headHeight = () => document.querySelector(".top").offsetHeight;

// How far the list has been scrolled under the head.
const scrolled = () => headHeight() - list.getBoundingClientRect().top;

function indexAt(y, open) {
  if (open < 0 || y < (open + 1) * rowHeight) return Math.floor(y / rowHeight);
  return Math.max(open, Math.floor((y - detailHeight) / rowHeight));
}

function isWanted(server, text) {
  if (wantedState !== "" && server.state !== wantedState) return false;
  return text === "" || server.name.toLowerCase().includes(text);
}

// What is wrong is on top.
function compare(a, b) {
  const severity = SEVERITY[a.state] - SEVERITY[b.state];
  if (severity !== 0) return severity;
  if (sortField.value === "next" && a.next !== b.next) return (a.next ?? Infinity) < (b.next ?? Infinity) ? -1 : 1;
  return a.rank - b.rank;
}

// What is read stays where it is while rows above it come and go.
function anchor() {
  const y = scrolled();
  if (sortField.value !== "name" || y <= 0 || order.length === 0) return null;
  const open = indexOf(openName);
  const first = Math.max(0, Math.min(order.length - 1, indexAt(y, open)));
  const { name, state } = order[first];
  return { name, state, top: topOf(first, open) };
}

function keepInPlace(place) {
  const index = place === null ? -1 : indexOf(place.name);
  if (index < 0 || order[index].state !== place.state) return;
  const by = topOf(index, indexOf(openName)) - place.top;
  if (by !== 0) scrollBy({ top: by, behavior: "instant" });
}

function arrange() {
  const place = anchor();
  const text = filterField.value.trim().toLowerCase();
  order = [...servers.values()].filter((server) => isWanted(server, text)).sort(compare);
  if (head !== null) {
    byId("none").hidden = order.length > 0;
    setText(byId("none"), servers.size === 0 ? "There are no servers." : "No server matches the filter.");
  }
  setHeight();
  keepInPlace(place);
  render();
  announce();
}

function setHeight() {
  const isOpen = indexOf(openName) >= 0;
  list.style.height = `${order.length * rowHeight + (isOpen ? detailHeight : 0)}px`;
  setAttribute(grid, "aria-rowcount", order.length + 1 + (isOpen ? 1 : 0));
}

// --- rows ----------------------------------------------------------------------------------------

const rows = new Map(); // by the server's name: those that are in the document
let rowNumber = 0;

function makeRow() {
  const sign = makeSvg("svg", { class: "icon", "aria-hidden": "true" });
  const use = makeSvg("use", {});
  sign.append(use);
  const cells = {
    state: make("span"),
    name: make("div", "cell name"),
    reason: make("b"),
    result: make("span"),
    delay: make("div", "cell number delay"),
    next: make("span"),
    left: make("i", "left"),
    late: make("div", "cell number late"),
  };
  const columns = [
    make("div", "cell state", sign, cells.state),
    cells.name,
    make("div", "cell result", cells.reason, cells.result),
    cells.delay,
    make("div", "cell number next", cells.next, cells.left),
    cells.late,
  ];
  for (const column of columns) column.setAttribute("role", "gridcell");
  const element = make("div", "row columns", ...columns);
  element.id = `row-${rowNumber++}`;
  element.setAttribute("role", "row");
  element.setAttribute("aria-level", 1);
  return { element, use, cells, server: null };
}

// "connect: 127.0.0.1:1: connection refused"; "status 503" says all that there is to say.
function resultOf(server) {
  if (server.error === "status" && server.status !== undefined) return [`status ${server.status}`, ""];
  if (server.error) return [server.error, server.detail ? `: ${server.detail}` : ""];
  if (server.last === undefined) return ["", "not polled yet"];
  const answer = server.status === undefined ? "good" : String(server.status);
  return ["", server.took === undefined ? answer : `${answer} in ${span(server.took)}`];
}

function fillRow(row, server) {
  if (row.server === server) return;
  row.server = server;
  const { element, use, cells } = row;
  const [why, rest] = resultOf(server);
  element.dataset.state = server.state;
  element.dataset.name = server.name;
  setAttribute(use, "href", `#icon-${server.state}`);
  setText(cells.state, WORD[server.state]);
  setText(cells.name, visible(server.name));
  setText(cells.reason, visible(why));
  setText(cells.result, visible(rest));
  setText(cells.delay, server.delay === undefined ? "–" : span(server.delay));
  setText(cells.late, server.late === undefined ? "–" : span(server.late));
}

function nextText(server, left) {
  if (lost.isLost || server.next === undefined) return "–";
  if (server.busy) return left < -2 ? `polling, ${longSpan(Math.floor(-left))}` : "polling";
  if (left > 0) return countdown(left);
  return left > -2 ? "now" : `due ${longSpan(Math.floor(-left))} ago`;
}

function tickRow({ server, cells }, now) {
  const left = server.next - now;
  setText(cells.next, nextText(server, left));
  const share = lost.isLost || server.busy || !(server.delay > 0) ? 0 : Math.max(0, Math.min(1, left / server.delay));
  cells.left.style.transform = `scaleX(${share.toFixed(4)})`;
}

// Which rows have to be there: what is on the screen, the opened one, and the one with the focus.
function wantedIndexes(open) {
  const from = scrolled();
  const first = Math.max(0, indexAt(from, open) - SPARE_ROWS);
  const last = Math.min(order.length - 1, indexAt(from + innerHeight, open) + SPARE_ROWS);
  const wanted = new Set([open, indexOf(activeName)]);
  for (let index = first; index <= last; index++) wanted.add(index);
  wanted.delete(-1);
  return [...wanted].sort((a, b) => a - b);
}

// The rows in the document are used again for others; those of the same server stay as they are.
function takeRows(indexes) {
  const names = new Set(indexes.map((index) => order[index].name));
  const free = [];
  for (const [name, row] of rows) {
    if (names.has(name)) continue;
    rows.delete(name);
    free.push(row);
  }
  for (const name of names) if (!rows.has(name)) rows.set(name, free.pop() ?? makeRow());
  for (const row of free) row.element.remove();
}

function placeRow(row, index, open) {
  const isOpen = index === open;
  const isActive = order[index].name === activeName;
  row.element.style.transform = `translateY(${topOf(index, open)}px)`;
  setAttribute(row.element, "aria-rowindex", index + 2 + (open >= 0 && index > open ? 1 : 0));
  setAttribute(row.element, "aria-expanded", isOpen);
  setAttribute(row.element, "aria-selected", isActive);
  row.element.classList.toggle("active", isActive);
}

function render() {
  const open = indexOf(openName);
  const indexes = wantedIndexes(open);
  const now = daemonNow();
  takeRows(indexes);
  let at = list.firstElementChild;
  const put = (element) => {
    if (element === at) at = at.nextElementSibling;
    else list.insertBefore(element, at);
  };
  for (const index of indexes) {
    const row = rows.get(order[index].name);
    fillRow(row, order[index]);
    placeRow(row, index, open);
    tickRow(row, now);
    put(row.element);
    if (index !== open) continue;
    detail.element.style.transform = `translateY(${(open + 1) * rowHeight}px)`;
    setAttribute(detail.element, "aria-rowindex", open + 3);
    put(detail.element);
  }
  if (open < 0) detail.element.remove();
  const active = activeName === null ? undefined : rows.get(activeName);
  if (active) setAttribute(grid, "aria-activedescendant", active.element.id);
  else grid.removeAttribute("aria-activedescendant");
}

// --- one server, opened ------------------------------------------------------------------------

// A figure whose bars are the last polls: hollow, where one failed.
function makePlot(title) {
  const bars = Array.from({ length: HISTORY }, (_, i) => {
    const bar = makeSvg("rect", { x: i * 8 + 1, width: 6, y: 48, height: 0 });
    bar.append(makeSvg("title", {}));
    return bar;
  });
  const svg = makeSvg("svg", { class: "plot", viewBox: "0 0 256 48", preserveAspectRatio: "none", role: "img" });
  svg.append(...bars);
  const most = make("span");
  return { title, svg, bars, most, figure: make("figure", "", make("figcaption", "", make("h2", "", title), most), svg) };
}

function fillPlot(plot, polls, value) {
  const values = polls.map(value);
  const known = values.filter((v) => v !== null && v >= 0);
  const top = Math.max(...known, 1e-9);
  const first = HISTORY - polls.length;
  plot.bars.forEach((bar, i) => {
    const poll = polls[i - first];
    const v = values[i - first] ?? null;
    const isBad = poll !== undefined && poll[4] === false;
    const height = poll === undefined || (v === null && !isBad) ? 0 : Math.max(isBad ? 5 : 1.5, ((v ?? 0) / top) * 47);
    setAttribute(bar, "y", (48 - height).toFixed(2));
    setAttribute(bar, "height", height.toFixed(2));
    bar.classList.toggle("bad", isBad);
    const what = poll && `${timeOfDay(poll[0])}: ${v === null ? "none" : span(v)}${isBad ? ", failed" : ""}`;
    setText(bar.firstChild, what ?? "");
  });
  const last = known.length > 0 ? span(known[known.length - 1]) : "–";
  const summary = known.length > 0 ? `last ${last}, most ${span(top)}` : "none yet";
  setText(plot.most, summary);
  setAttribute(plot.svg, "aria-label", `${plot.title} of the last ${polls.length} polls: ${summary}`);
}

function makeDetail() {
  const facts = make("dl", "facts");
  const why = make("ol", "why");
  const plots = [makePlot("Delay"), makePlot("Duration"), makePlot("Lateness")];
  const note = make("p", "note");
  const left = make("div", "", facts, make("h2", "", "Why the next request leaves when it does"), why);
  const right = make("div", "", ...plots.map((plot) => plot.figure), note);
  const cell = make("div", "inside", left, right);
  cell.setAttribute("role", "gridcell");
  cell.setAttribute("aria-colspan", 6);
  const element = make("div", "detail", cell);
  element.setAttribute("role", "row");
  element.setAttribute("aria-level", 2);
  return { element, facts, why, plots, note, server: null, asked: null };
}

const detail = makeDetail();

function setFacts(facts) {
  const there = facts.filter(([, text]) => text !== undefined);
  while (detail.facts.children.length > 2 * there.length) detail.facts.lastElementChild.remove();
  while (detail.facts.children.length < 2 * there.length) detail.facts.append(make("dt"), make("dd"));
  there.forEach(([key, text], i) => {
    const [dt, dd] = [detail.facts.children[2 * i], detail.facts.children[2 * i + 1]];
    setText(dt, key);
    setText(dd, text);
    dd.classList.toggle("url", key === "URL");
  });
}

function showFacts(server) {
  const shown = (value) => (value === undefined ? undefined : visible(value));
  setFacts([
    ["Server", visible(server.name)],
    ["URL", shown(server.url)],
    ["State", `${WORD[server.state]} since ${momentText(server.since)}`],
    ["Last poll", server.last === undefined ? "none yet" : momentText(server.last)],
    ["Status", shown(server.status)],
    ["Error", server.error && `${visible(server.error)}, ${count(server.attempt ?? 1)} in a row`],
    ["Detail", shown(server.detail)],
    ["Polls", server.polls === undefined ? undefined : `${count(server.polls)}, of which ${count(server.failures)} failed`],
  ]);
}

function showWhy(sentences) {
  while (detail.why.children.length > sentences.length) detail.why.lastElementChild.remove();
  while (detail.why.children.length < sentences.length) detail.why.append(make("li"));
  sentences.forEach((sentence, i) => setText(detail.why.children[i], visible(sentence)));
}

function showHistory(polls) {
  detail.plots.forEach((plot, i) => fillPlot(plot, polls, (poll) => poll[i + 1]));
  const failed = polls.filter((poll) => poll[4] === false).length;
  const what = polls.length === 1 ? "The last poll" : `The last ${polls.length} polls, since ${timeOfDay(polls[0]?.[0] ?? 0)}`;
  setText(detail.note, polls.length === 0 ? "Not polled yet." : failed === 0 ? `${what}.` : `${what}. Hollow: ${failed} failed.`);
}

// Asks for what only the opened server needs, once for each change of it.
async function updateDetail() {
  const server = openName === null ? undefined : servers.get(openName);
  if (server === undefined) return;
  showFacts(server);
  if (detail.asked === server) return;
  detail.asked = server;
  try {
    const { data } = await ask(`servers/${encodeURIComponent(server.name)}.json`);
    if (detail.asked !== server) return;
    showWhy(data.why ?? []);
    showHistory((data.history ?? []).slice(-HISTORY));
  } catch (error) {
    if (detail.asked !== server) return;
    detail.asked = null; // again with the next answer
  }
}

function open(name) {
  openName = name;
  detail.asked = null;
  if (name !== null) {
    showWhy([]);
    showHistory([]);
    setText(detail.note, "…");
    updateDetail();
  }
  setHeight();
  render();
}

new ResizeObserver(() => {
  const height = detail.element.isConnected ? detail.element.offsetHeight : 0;
  if (height === detailHeight) return;
  detailHeight = height;
  setHeight();
  render();
}).observe(detail.element);

// --- keys, pointer, sizes ------------------------------------------------------------------------

function measure() {
  const probe = makeRow().element;
  list.append(probe);
  rowHeight = probe.offsetHeight || rowHeight;
  probe.remove();
  document.documentElement.style.scrollPaddingTop = `${headHeight()}px`;
  setHeight();
  render();
}

function activate(index) {
  if (order.length === 0) return;
  const at = Math.max(0, Math.min(order.length - 1, index));
  const open = indexOf(openName);
  activeName = order[at].name;
  const above = topOf(at, open) - scrolled();
  const below = above + rowHeight - (innerHeight - headHeight());
  if (above < 0) scrollBy({ top: above, behavior: "instant" });
  else if (below > 0) scrollBy({ top: below, behavior: "instant" });
  render();
}

// The first row whose top is to be seen.
function firstOnScreen() {
  const open = indexOf(openName);
  const at = Math.max(0, indexAt(scrolled(), open));
  return topOf(at, open) < scrolled() ? at + 1 : at;
}

function onGridKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const at = indexOf(activeName);
  const page = Math.max(1, Math.floor((innerHeight - headHeight()) / rowHeight) - 1);
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.key in moves) activate(at < 0 ? firstOnScreen() : at + moves[event.key]);
  else if (event.key === "Enter" || event.key === " ") open(at < 0 || activeName === openName ? null : activeName);
  else if (event.key === "ArrowRight" && at >= 0) open(activeName);
  else if (event.key === "ArrowLeft" || event.key === "Escape") open(null);
  else return;
  event.preventDefault();
}

function onFilterKey(event) {
  if (event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    grid.focus({ preventScroll: true });
  } else if (event.key === "Escape" && filterField.value !== "") {
    event.preventDefault();
    filterField.value = "";
    onFilter();
  }
}

function onKey(event) {
  const isTyping = event.target.matches("input, select, textarea");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  filterField.focus();
  filterField.select();
}

function onFilter() {
  scrollTo({ top: 0, behavior: "instant" });
  arrange();
}

function onState(event) {
  const button = event.target.closest("button");
  if (button === null) return;
  wantedState = button.dataset.state;
  for (const other of stateButtons) setAttribute(other, "aria-pressed", other === button);
  onFilter();
}

function onRow(event) {
  const row = event.target.closest(".row");
  if (row === null) return;
  activeName = row.dataset.name;
  open(activeName === openName ? null : activeName);
}

let isRenderDue = false;

function onScroll() {
  if (isRenderDue) return;
  isRenderDue = true;
  requestAnimationFrame(() => {
    isRenderDue = false;
    render();
  });
}

function tick() {
  const now = daemonNow();
  for (const row of rows.values()) tickRow(row, now);
  tickGone();
  announce();
  setTimeout(tick, calm.matches || document.hidden ? 1000 : 100);
}

list.addEventListener("click", onRow);
grid.addEventListener("keydown", onGridKey);
grid.addEventListener("focus", () => {
  if (indexOf(activeName) < 0) activate(firstOnScreen());
});
filterField.addEventListener("keydown", onFilterKey);
filterField.addEventListener("input", onFilter);
sortField.addEventListener("change", onFilter);
document.querySelector(".choice").addEventListener("click", onState);
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => document.hidden || wake());
addEventListener("online", () => wake());
addEventListener("scroll", onScroll, { passive: true });
addEventListener("resize", measure);
new ResizeObserver(measure).observe(document.querySelector(".top"));

tick();
watch();
