// Comforts of a questionnaire page; it works without them. Each answer is saved as it is given,
// and kept here and sent again while the network is away.
"use strict";

const page = document.getElementById("page");
const state = document.getElementById("saving");
const field = (name) => page.elements.namedItem(name);
const questionOf = (element) => element.closest(".question");
const codeOf = (element) => questionOf(element)?.id.slice(0, -"-question".length);

// How long the page was in sight, and when each question was last answered: both in seconds.

const shown = performance.now();
let seen = 0;
let since = document.hidden ? null : shown;
const touched = new Map();

document.addEventListener("visibilitychange", () => {
  if (document.hidden && since !== null) {
    seen += performance.now() - since;
    since = null;
    if (pending) save();
  } else if (!document.hidden) {
    since = performance.now();
  }
});

function tell() {
  const side = Math.min(screen.width, screen.height);
  const sight = since === null ? 0 : performance.now() - since;
  field("seconds").value = Math.round((seen + sight) / 1000);
  field("touched").value = [...touched].map(([code, second]) => `${code}:${second}`).join(" ");
  const large = matchMedia("(hover: hover)").matches ? "desktop" : "tablet";
  field("device").value = side < 600 ? "phone" : large;
  const rows = matchMedia("(min-width: 48rem)").matches ? "rows" : "items";
  const isSet = page.querySelector(".set") && matchMedia("(min-width: 64rem)").matches;
  field("layout").value = isSet ? "set" : rows;
}

// Saving. `pending` is an answer that the server has not confirmed; nothing is dropped meanwhile.

const SOON = 400; // ms after a choice
const TYPED = 1500; // ms after the last key
const TEXT = "textarea, input:not([type=radio], [type=checkbox], [type=range])";
const TIMEOUT = 10000;
const LONGEST = 15000;
let pending = false;
let timer = null;
let request = null;
let turn = 0;
let failures = 0;
let stopped = false; // by an answer that trying again would not change
let leaving = false;
let waiting = null; // the button that was pressed while the network was away
let sure = false; // that the network is back

// The words stay while the next answer is on its way, so that screen readers do not repeat them.
function say(name) {
  state.dataset.state = name;
  const words = state.dataset[name] ?? state.textContent;
  if (state.textContent !== words) state.textContent = words;
}

function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(save, ms);
}

async function save() {
  clearTimeout(timer);
  if (request || stopped || leaving) return;
  pending = false;
  tell();
  turn += 1;
  const body = new URLSearchParams(new FormData(page));
  body.set("action", "autosave");
  body.set("turn", turn);
  request = new AbortController();
  const limit = setTimeout(() => request?.abort(), TIMEOUT);
  let answer = null;
  try {
    answer = await fetch(page.getAttribute("action"), {
      method: "POST",
      body,
      keepalive: document.hidden, // the page may be closed next
      redirect: "manual",
      signal: request.signal,
    });
  } catch {
    // No network, or no answer in time.
  }
  clearTimeout(limit);
  request = null;
  if (leaving) return;
  if (answer?.ok) saved(await answer.json().catch(() => ({ unsaved: [] })));
  else if (!answer || answer.status >= 500 || answer.status === 429) retry();
  else stop();
}

function saved({ unsaved }) {
  failures = 0;
  if (pending) later(SOON);
  else say(unsaved.length ? "checked" : "saved");
  if (waiting && !pending) {
    sure = true;
    page.requestSubmit(waiting);
  }
}

function retry() {
  pending = true;
  failures += 1;
  say("trying");
  later(Math.min(1000 * 2 ** (failures - 1), LONGEST));
}

function stop() {
  stopped = true;
  say("stopped");
  if (waiting) page.requestSubmit(waiting);
}

function answered(event) {
  const code = codeOf(event.target);
  if (!code) return;
  touched.set(code, ((performance.now() - shown) / 1000).toFixed(1));
  pending = true;
  if (failures || stopped) return;
  say("saving");
  later(event.type === "input" && event.target.matches(TEXT) ? TYPED : SOON);
}

page.addEventListener("input", answered);
page.addEventListener("change", answered);
addEventListener("online", () => pending && save());

// Sending the page. While the network is away the press is remembered, and what was typed stays.

page.addEventListener("submit", (event) => {
  if (!stopped && !sure && (failures || !navigator.onLine)) {
    event.preventDefault();
    waiting = event.submitter ?? page.querySelector("button.primary");
    pending = true;
    say("trying");
    save();
    return;
  }
  leaving = true;
  clearTimeout(timer);
  request?.abort();
  tell();
});

addEventListener("beforeunload", (event) => {
  if (pending && failures && !leaving && !stopped) event.preventDefault();
});

// A page from the browser's memory may be behind what is saved.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

const changed = (input) => input.dispatchEvent(new Event("change", { bubbles: true }));
const isSet = (input) => (["radio", "checkbox"].includes(input.type) ? input.checked : input.value !== "");
const empty = (input) => {
  if (!isSet(input)) return;
  if (["radio", "checkbox"].includes(input.type)) input.checked = false;
  else input.value = "";
  changed(input);
};

// A slider stands for its number field, and has no value until it is touched.
for (const field of page.querySelectorAll(".kind-slider input[type=number]")) {
  const range = document.createElement("input");
  range.type = "range";
  for (const name of ["min", "max", "step", "aria-describedby", "aria-invalid"]) {
    if (field.hasAttribute(name)) range.setAttribute(name, field.getAttribute(name));
  }
  range.id = field.id;
  field.removeAttribute("id");
  field.hidden = true;
  const shown = document.createElement("output");
  shown.htmlFor = range.id;
  const draw = () => {
    range.classList.toggle("untouched", field.value === "");
    if (field.value !== "") range.value = field.value;
    shown.textContent = field.value === "" ? field.dataset.untouched : field.value;
    if (field.value === "") range.setAttribute("aria-valuetext", field.dataset.untouched);
    else range.removeAttribute("aria-valuetext");
  };
  const take = () => {
    field.value = range.value;
    draw();
  };
  range.addEventListener("input", take);
  range.addEventListener("pointerup", () => { take(); changed(field); });
  range.addEventListener("keyup", (event) => {
    if (event.key === " ") take();
    changed(field);
  });
  field.addEventListener("change", draw);
  field.before(range);
  field.after(shown);
  draw();
}

// Answers that cannot stand together: choosing one takes the others back.
for (const question of page.querySelectorAll(".question")) {
  const alone = [...question.querySelectorAll("[data-alone]")];
  const boxes = [...question.querySelectorAll("input[type=checkbox][name*='.']")];
  for (const box of boxes) {
    box.addEventListener("change", () => {
      if (box.checked) (alone.includes(box) ? boxes : alone).filter((other) => other !== box).forEach(empty);
    });
  }
  const field = question.querySelector(":scope > input, :scope > textarea, .field input[name]");
  const asides = [...question.querySelectorAll(".instead input")];
  if (!field || !asides.length) continue;
  field.addEventListener("input", () => asides.forEach(empty));
  field.addEventListener("change", () => field.value !== "" && asides.forEach(empty));
  for (const aside of asides) aside.addEventListener("change", () => aside.checked && empty(field));
}

// An answer can be taken back.
for (const button of page.querySelectorAll("button.clear")) {
  const inputs = [...button.closest(".question").querySelectorAll("input[name], select, textarea")];
  const update = () => {
    button.hidden = !inputs.some(isSet);
  };
  for (const input of inputs) {
    input.addEventListener("change", update);
    input.addEventListener("input", update);
  }
  button.addEventListener("click", () => {
    button.closest(".question").querySelector("input:not([hidden]), select, textarea").focus();
    inputs.forEach(empty);
    update();
  });
  update();
}

// Digits choose answers, for those who switch it on; the browser forgets it with the tab.

const digits = document.getElementById("digits");
const choices = (question) => question?.querySelectorAll("input[type=radio]") ?? [];

function remember(on) {
  try {
    sessionStorage.setItem("digits", on ? "1" : "");
  } catch {
    // Then it holds for this page only.
  }
}

function isRemembered() {
  try {
    return sessionStorage.getItem("digits") === "1";
  } catch {
    return false;
  }
}

function choose(question, nth) {
  const option = choices(question)[nth - 1];
  if (!option) return false;
  option.click();
  const all = [...page.querySelectorAll(".question")];
  const next = all[all.indexOf(question) + 1];
  (next?.querySelector("input:checked") ?? next?.querySelector("input, textarea") ?? option).focus();
  return true;
}

digits.checked = isRemembered();
digits.addEventListener("change", () => remember(digits.checked));
addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
  if (!digits.checked || !plain || !/^[1-9]$/.test(event.key) || event.target.matches(TEXT)) return;
  const open = [...page.querySelectorAll("fieldset.question")];
  const first = open.find((question) => ![...choices(question)].some((each) => each.checked));
  if (choose(questionOf(event.target) ?? first, Number(event.key))) event.preventDefault();
});
