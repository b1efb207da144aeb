// What the stream tells: numbers go straight into the page, blocks are swapped by htmx. The picture is never touched.
const stream = document.getElementById("stream");
const each = (selector, change) => document.querySelectorAll(selector).forEach(change);
let goods = {};
let viewers = "";
// A deal without a picture waits: its clock stands still wherever it is shown, and goes on with another end.
const showDeal = (line, dealLeft, until, rest) => {
  const clock = line.querySelector("time");
  line.hidden = !dealLeft;
  line.classList.toggle("waits", Boolean(rest));
  line.querySelector(".deal-runs").hidden = Boolean(rest);
  line.querySelector(".deal-waits").hidden = !rest;
  if (rest) {
    line.querySelector("[data-deal-rest]").textContent = rest;
    delete clock.dataset.until;
    delete clock.dataset.over;
  } else if (until && clock.dataset.until !== String(until)) {
    clock.dataset.until = until;
    delete clock.dataset.over;
  }
};
const show = () => {
  for (const [code, [left, price, dealLeft, until, rest]] of Object.entries(goods)) {
    each(`[data-deal="${code}"]`, (line) => showDeal(line, dealLeft, until, rest));
    each(`[data-left="${code}"]`, (out) => { out.textContent = left; });
    each(`[data-deal-left="${code}"]`, (out) => { out.textContent = dealLeft; });
    each(`[data-price="${code}"]`, (out) => { out.textContent = price; });
    each(`.pinned[data-code="${code}"], .room-item[data-code="${code}"]`, (item) => item.classList.toggle("gone", left < 1));
  }
  if (viewers) {
    each("[data-viewers]", (out) => { out.textContent = Number(viewers).toLocaleString("vi-VN"); });
    each("[data-viewers-chip]", (chip) => { chip.hidden = false; });
  }
  const pinned = document.querySelector("#pinned [data-code]")?.dataset.code;
  each(".room-item[data-code]", (item) => {
    if (item.dataset.code === pinned) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
  });
};
stream?.addEventListener("goods", (event) => { goods = JSON.parse(event.detail.data); show(); });
stream?.addEventListener("viewers", (event) => { viewers = event.detail.data; show(); });
stream?.addEventListener("reset", () => { goods = {}; });
// A room that waited, and one that showed its cover until the camera was turned on, open anew with the picture; the
// spread keeps thousands from asking in the same moment, and who is buying or writing finishes first. A picture that
// runs is never taken away: what became of the session stands beside it.
const MOVES = ["hls", "embed"];
const naming = (field) => field && (field.value || field === document.activeElement);
const busy = () => Boolean(document.querySelector(".sheet:popover-open") || naming(document.querySelector("#answer input[name=name]")) || document.querySelector(".composer input[name=words]")?.value);
const open = () => { if (busy()) setTimeout(open, 1000); else location.reload(); };
let opens = false;
const comes = () => {
  if (opens) return;
  opens = true;
  setTimeout(open, Math.random() * 1500);
};
const shown = () => document.getElementById("picture")?.dataset.kind ?? (document.querySelector("[data-embed]") ? "embed" : "still");
// What the page was told last stands in it, too: an event that was missed on a line that broke is made up for.
const compare = (kind) => { if (MOVES.includes(kind) && !MOVES.includes(shown())) comes(); };
stream?.addEventListener("picture", (event) => compare(event.detail.data));
stream?.addEventListener("state", (event) => {
  goods = {};
  if (event.detail.data === "gone") location.assign(document.querySelector(".room-top a").href);
  if (event.detail.data === "live" && !document.getElementById("picture")) comes();
});
// The first connection may meet a server that restarts; afterwards htmx comes back by itself.
const again = () => setTimeout(() => htmx.trigger(stream, "again"), 2000 + Math.random() * 2000);
for (const name of ["htmx:error", "htmx:response:error"]) stream?.addEventListener(name, again);

document.addEventListener("htmx:after:swap", () => {
  show();
  compare(document.getElementById("now")?.dataset.picture);
  const sheet = document.getElementById("sheet");
  const buy = document.getElementById("buy");
  if (sheet && buy?.dataset.code && buy.dataset.shown === undefined) {
    buy.dataset.shown = "";
    if (!sheet.matches(":popover-open")) sheet.showPopover();
  }
});
