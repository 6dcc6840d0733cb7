// Small comforts; every page works without them.
"use strict";

const page = document.getElementById("page");
let seen = 0;
let since = document.hidden ? null : performance.now();

document.addEventListener("visibilitychange", () => {
  if (document.hidden && since !== null) {
    seen += performance.now() - since;
    since = null;
  } else if (!document.hidden) {
    since = performance.now();
  }
});

// How long the page was in sight, in whole seconds.
page.addEventListener("submit", () => {
  const now = since === null ? 0 : performance.now() - since;
  page.elements.namedItem("seconds").value = Math.round((seen + now) / 1000);
});

// A chosen answer can be taken back.
for (const button of page.querySelectorAll("button.clear")) {
  const options = button.closest("fieldset").querySelectorAll("input[type=radio]");
  const update = () => {
    button.hidden = ![...options].some((option) => option.checked);
  };
  for (const option of options) option.addEventListener("change", update);
  button.addEventListener("click", () => {
    for (const option of options) option.checked = false;
    options[0].focus();
    update();
  });
  update();
}
