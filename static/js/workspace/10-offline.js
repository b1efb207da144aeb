// The desk without a net: says of which moment a page is, what waits to be sent, and what became of it.
const box = document.getElementById("kept");
const worker = navigator.serviceWorker;
const two = (number) => String(number).padStart(2, "0");
const clock = (ms) => { const at = new Date(Number(ms)); return `${two(at.getHours())}:${two(at.getMinutes())}`; };

const waits = new Set(); // numbers of parcels with a step on its way
let others = []; // names of those whose steps this phone still keeps
const parcel_of = (path) => path.match(/\d+/)?.[0];
const mark = () => {
  for (const form of document.querySelectorAll("form[action*='/ban-hang/']")) {
    const number = parcel_of(new URL(form.action).pathname);
    const button = form.querySelector("button:not([type=button])");
    if (!button || !number || !waits.has(number)) continue;
    button.disabled = true;
    (button.querySelector("span") ?? button).textContent = box.dataset.waits;
  }
  for (const card of document.querySelectorAll("a.work-card[href*='/ban-hang/don/']")) {
    card.classList.toggle("waits", waits.has(parcel_of(new URL(card.href).pathname)));
  }
};
const say = () => {
  if (!box) return;
  const of = document.body.dataset.kept;
  const words = [];
  if (of) words.push(box.dataset.old.replace("{}", clock(of)));
  if (waits.size) words.push(box.dataset.some.replace("{}", waits.size));
  for (const name of new Set(others)) {
    words.push(box.dataset.others.replace("{}", others.filter((one) => one === name).length).replace("{}", name));
  }
  box.querySelector("span").textContent = words.join(" ");
  box.hidden = words.length === 0;
  mark();
};

if (box && worker) {
  worker.addEventListener("message", ({ data }) => {
    others = data?.others ?? others;
    if (data?.steps === "kept") waits.add(parcel_of(data.path));
    if (data?.steps === "waiting") data.paths.forEach((path) => waits.add(parcel_of(path)));
    if (data?.steps === "sent") {
      if (!data.left && (data.sent || data.refused.length)) {
        sessionStorage.setItem("steps", JSON.stringify({ sent: data.sent, refused: data.refused.length }));
        location.reload(); // as the market sees it now
        return;
      }
      if (!data.left) waits.clear();
    }
    say();
  });
  const person = { id: box.dataset.who, name: box.dataset.name };
  const ask = (want) => worker.ready.then((ready) => ready.active?.postMessage({ want, person }));
  addEventListener("online", () => ask("send"));
  document.addEventListener("htmx:after:swap", say);
  ask("count");
  if (navigator.onLine && !document.body.dataset.kept) ask("send");
  const told = sessionStorage.getItem("steps");
  if (told) {
    sessionStorage.removeItem("steps");
    const { sent, refused } = JSON.parse(told);
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.textContent = [sent && box.dataset.sent.replace("{}", sent), refused && box.dataset.late.replace("{}", refused)].filter(Boolean).join(" ");
    document.getElementById("notices").append(notice);
  }
  say();
}
