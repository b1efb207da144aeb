// Copy, share, − and +, notices that go: each works on what htmx brings later as well.
const say = (button, words) => {
  const text = button.querySelector("span") ?? button;
  const before = text.textContent;
  text.textContent = words;
  setTimeout(() => { text.textContent = before; }, 2000);
};
const copy = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
};
const share = async (button) => {
  const url = new URL(button.dataset.share, location.href).href;
  if (navigator.share) return navigator.share({ title: button.dataset.title, url }).catch(() => {});
  await copy(url);
  say(button, button.dataset.done);
};
const step = (button) => {
  const input = button.closest("[data-stepper]").querySelector("input");
  Number(button.dataset.change) > 0 ? input.stepUp() : input.stepDown();
  input.dispatchEvent(new Event("change", { bubbles: true }));
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy],[data-share],[data-change],[data-close],[data-print]");
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button.dataset.copy).then(() => say(button, button.dataset.done));
  else if (button.dataset.share !== undefined) share(button);
  else if (button.dataset.change) step(button);
  else if (button.dataset.print !== undefined) print();
  else button.closest(button.dataset.close)?.remove();
});

const fade = () => {
  for (const notice of document.querySelectorAll(".notice:not([data-seen])")) {
    notice.dataset.seen = "1";
    if (!notice.classList.contains("refusal")) setTimeout(() => notice.remove(), 8000);
  }
};
document.addEventListener("htmx:after:swap", fade);
fade();

// Whatever a form changed may show in the header: cart count, name, notices.
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx?.request?.method && ctx.request.method.toUpperCase() !== "GET") {
    document.body.dispatchEvent(new CustomEvent("mine-changed"));
  }
});

// One press, one order: a form that is on its way does not go again.
// Where pressing again later is meant (one more box), `data-once` says after how many milliseconds it counts.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.once === undefined) return;
  if (form.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation(); // htmx listens further in
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, Number(form.dataset.once) || 10000);
}, true);
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
