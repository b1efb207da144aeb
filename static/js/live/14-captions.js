// For who cannot hear: what is shown and what it costs, over the picture, in the moment in which it is seen there.
// The card below changes at once, so buying never waits for the picture.
const { picture } = globalThis;
const caption = document.getElementById("caption");
const choice = document.querySelector('#watching [name="captions"]');
const KEPT = "cho_phu_de";
let said = "";
const text = (selector) => document.querySelector(`#pinned ${selector}`)?.textContent.trim().replace(/\s+/g, " ") ?? "";
const show = () => {
  const words = [text(".pinned-name"), text(".price strong")].filter(Boolean).join(" · ");
  if (words === said) return;
  said = words;
  const filmed = picture.filmedAt();
  const behindMs = filmed ? Math.max(0, Math.min(15000, picture.serverNow() - filmed)) : 0;
  setTimeout(() => { caption.textContent = words; }, caption.textContent ? behindMs : 0);
};
const turn = () => { caption.hidden = !choice.checked; };
if (caption && choice) {
  choice.checked = localStorage.getItem(KEPT) === "1";
  choice.addEventListener("change", () => { localStorage.setItem(KEPT, choice.checked ? "1" : "0"); turn(); });
  document.addEventListener("htmx:after:swap", show);
  document.getElementById("stream")?.addEventListener("goods", () => setTimeout(show));
  turn();
  show();
}
