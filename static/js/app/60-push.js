// The service worker (offline page, pushed messages), and the button that asks for messages in this browser.
const able = "serviceWorker" in navigator && isSecureContext;
if (able) addEventListener("load", () => navigator.serviceWorker.register("/sw.js").catch(() => {}));

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const offer = () => {
  if (!able || !("PushManager" in window)) return;
  for (const place of document.querySelectorAll("[data-push][hidden]")) place.hidden = false;
};
const subscription = async (place) => {
  const worker = await navigator.serviceWorker.ready;
  const key = bytes(place.dataset.pushKey);
  const { endpoint, keys } = (await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })).toJSON();
  return { endpoint, ...keys };
};
const sign_up = async (place) => {
  const told = new URLSearchParams({ ...(await subscription(place)), order: place.dataset.push });
  const prefix = document.documentElement.lang === "en" ? "/en" : "";
  const answer = await fetch(`${prefix}/thong-bao/dang-ky`, { method: "POST", body: told });
  if (!answer.ok) throw new Error(answer.status);
};
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-push] button");
  if (!button) return;
  const place = button.closest("[data-push]");
  const words = place.querySelector("[role=status]");
  button.disabled = true;
  const outcome = (await Notification.requestPermission()) !== "granted" ? "refused"
    : await sign_up(place).then(() => "done", () => "failed");
  words.textContent = words.dataset[outcome];
  button.disabled = false;
  button.hidden = outcome === "done";
});

// "Nhắc tôi": the same question about a session, a co-op or goods; this browser remembers that it asked, to take it back.
const follows = (place) => localStorage.getItem(`follow:${place.dataset.pushTo}`) !== null;
const offer_follow = () => {
  if (!able || !("PushManager" in window)) return;
  for (const place of document.querySelectorAll("[data-push-to]")) {
    const button = place.querySelector("button");
    button.textContent = follows(place) ? button.dataset.on : button.dataset.off;
    place.hidden = false;
  }
};
const turn = async (place) => {
  const stop = follows(place);
  const told = new URLSearchParams(await subscription(place));
  const answer = await fetch(place.dataset.pushTo + (stop ? "/thoi" : ""), { method: "POST", body: told });
  if (!answer.ok) throw new Error(answer.status);
  if (stop) localStorage.removeItem(`follow:${place.dataset.pushTo}`);
  else localStorage.setItem(`follow:${place.dataset.pushTo}`, "1");
  return stop ? "stopped" : "done";
};
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-push-to] button");
  if (!button) return;
  const place = button.closest("[data-push-to]");
  const words = place.querySelector("[role=status]");
  button.disabled = true;
  const outcome = (await Notification.requestPermission()) !== "granted" ? "refused" : await turn(place).catch(() => "failed");
  words.textContent = words.dataset[outcome];
  button.disabled = false;
  offer_follow();
});
for (const moment of ["htmx:after:swap", "pageshow"]) addEventListener(moment, () => { offer(); offer_follow(); });
offer();
offer_follow();
