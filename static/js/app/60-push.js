// The service worker (offline page, pushed messages), and the button that asks for messages in this browser.
const able = "serviceWorker" in navigator && isSecureContext;
if (able) addEventListener("load", () => navigator.serviceWorker.register("/sw.js").catch(() => {}));

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const offer = () => {
  if (!able || !("PushManager" in window)) return;
  for (const place of document.querySelectorAll("[data-push][hidden]")) place.hidden = false;
};
const sign_up = async (place) => {
  const worker = await navigator.serviceWorker.ready;
  const key = bytes(place.dataset.pushKey);
  const { endpoint, keys } = (await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })).toJSON();
  const told = new URLSearchParams({ endpoint, ...keys, order: place.dataset.push });
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
document.addEventListener("htmx:after:swap", offer);
offer();
