// New orders read aloud, when somebody asked for it on this phone and its browser has a voice.
const switches = () => document.querySelectorAll("[data-aloud]");
const on = () => localStorage.getItem("aloud") === "1";
const speak = (words) => {
  const sentence = new SpeechSynthesisUtterance(words);
  sentence.lang = "vi-VN";
  sentence.voice = speechSynthesis.getVoices().find((voice) => voice.lang.replace("_", "-").startsWith("vi")) ?? null;
  speechSynthesis.speak(sentence);
};
const show = () => {
  for (const button of switches()) {
    button.hidden = false;
    button.setAttribute("aria-pressed", on());
    button.querySelector("span").textContent = on() ? button.dataset.on : button.dataset.off;
  }
};
const cards = () => [...document.querySelectorAll("[data-say]")];
const seen = new Set();
const note = () => cards().filter((card) => !seen.has(card.dataset.sayOf) && seen.add(card.dataset.sayOf));

if ("speechSynthesis" in window) {
  note(); // what stood there when the page was opened is not news
  document.addEventListener("htmx:after:swap", () => {
    const fresh = note();
    if (on()) for (const card of fresh) speak(card.dataset.say);
    show();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-aloud]");
    if (!button) return;
    localStorage.setItem("aloud", on() ? "0" : "1");
    show();
    if (on()) speak(button.dataset.aloud); // shows that the phone has a voice, and how loud it is
  });
  show();
}
