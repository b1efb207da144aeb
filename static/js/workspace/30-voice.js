// Speaking instead of typing, where the browser listens: the field stays, and what was heard can be changed in it.
const Listener = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;

const hear = (input, button) => {
  const listener = new Listener();
  listener.lang = "vi-VN";
  listener.onresult = ({ results }) => {
    input.value = results[0][0].transcript;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  };
  listener.onend = () => button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", "true");
  listener.start();
};

for (const input of Listener ? document.querySelectorAll("input[data-voice]") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet small";
  button.textContent = input.dataset.voice;
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => hear(input, button));
  input.after(button);
}
