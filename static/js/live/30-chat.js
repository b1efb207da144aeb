// The chat: a sentence has a key, so that sending it again says it once; what came by page and by stream shows once.
const lines = () => document.getElementById("chat-lines");
const SHOWN = 60;
const tidy = () => {
  const list = lines();
  if (!list) return;
  const seen = new Set();
  for (const line of [...list.querySelectorAll("li[id]")]) {
    if (seen.has(line.id)) line.remove();
    seen.add(line.id);
  }
  const said = list.querySelectorAll("li[id]");
  for (const line of [...said].slice(0, Math.max(0, said.length - SHOWN))) line.remove();
  const last = list.lastElementChild;
  if (last && last !== tidy.last) list.scrollTop = list.scrollHeight;
  tidy.last = last;
};
document.addEventListener("submit", (event) => {
  const key = event.target.matches(".composer") && event.target.elements.namedItem("key");
  if (key && !key.value) key.value = Date.now().toString(36) + Math.random().toString(36).slice(2);
}, true);
document.addEventListener("htmx:after:swap", () => {
  tidy();
  const form = document.querySelector(".composer");
  const answer = document.getElementById("answer");
  if (form && answer?.childElementCount && !answer.dataset.seen) {
    answer.dataset.seen = "1";
    if (!answer.querySelector("[role=alert]")) form.elements.namedItem("words").value = "";
    form.elements.namedItem("key").value = "";
  }
});
document.getElementById("stream")?.addEventListener("chat-hide", (event) => {
  for (const number of event.detail.data.split(",")) document.getElementById(`c-${number}`)?.remove();
});
tidy();
