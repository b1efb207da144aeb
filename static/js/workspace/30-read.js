// A lesson read aloud, where the browser has a voice.
for (const button of document.querySelectorAll("[data-read]")) {
  if (!("speechSynthesis" in window)) break;
  const words = button.querySelector("span");
  const before = words.textContent;
  const rest = () => { words.textContent = before; };
  button.hidden = false;
  button.addEventListener("click", () => {
    if (speechSynthesis.speaking) return speechSynthesis.cancel(), rest();
    for (const line of document.querySelectorAll(`${button.dataset.read} .lesson-words`)) {
      const sentence = new SpeechSynthesisUtterance(line.textContent);
      sentence.lang = document.documentElement.lang === "en" ? "en-US" : "vi-VN";
      speechSynthesis.speak(sentence);
      sentence.onend = () => { if (!speechSynthesis.pending) rest(); };
    }
    words.textContent = button.dataset.stop;
  });
}
