// Countdowns run by the server's clock: every private answer carries a Date header, and the difference
// to the visitor's clock is all we keep. Cached pages cannot carry a time of their own.
document.documentElement.classList.add("js");

let aheadMs = 0;
let exact = false;
const left = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  return (h ? `${h}:${two(Math.floor(s / 60) % 60)}` : two(Math.floor(s / 60))) + `:${two(s % 60)}`;
};
const tick = () => {
  const now = Date.now() + aheadMs;
  for (const clock of document.querySelectorAll("time[data-until]")) {
    const ms = Number(clock.dataset.until) - now;
    if (ms > 86400000) continue; // more than a day ahead: the date beside it says more
    clock.textContent = left(ms);
    clock.classList.toggle("soon", ms < 120000);
    if (ms <= 0 && !clock.dataset.over) {
      clock.dataset.over = "1";
      clock.dispatchEvent(new CustomEvent("time-over", { bubbles: true }));
    }
  }
};
document.addEventListener("htmx:after:request", (event) => {
  const date = event.detail.ctx?.response?.headers?.get?.("date");
  if (date && !exact) aheadMs = Date.parse(date) - Date.now();
});
document.addEventListener("server-time", (event) => { exact = true; aheadMs = Number(event.detail.data ?? event.detail) - Date.now(); });
document.addEventListener("htmx:after:swap", tick);
setInterval(tick, 1000);
tick();
