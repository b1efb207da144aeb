// Which sentence breaks the rules: those on screen stand in the report's list; a tap on one opens it with that one.
const report = document.getElementById("report");
let accused = "0";
report?.addEventListener("beforetoggle", (event) => {
  const places = report.querySelector("[name=sentence]");
  if (event.newState !== "open" || !places) return;
  places.length = 1;
  for (const line of [...document.querySelectorAll("#chat-lines li[id^='c-']")].reverse().slice(0, 30)) {
    const words = line.textContent.trim();
    places.add(new Option(words.length > 60 ? `${words.slice(0, 60)}…` : words, line.id.slice(2)));
  }
  places.value = accused;
  accused = "0";
});
document.addEventListener("click", (event) => {
  const line = event.target.closest("#chat-lines li[id^='c-']:not(.by-host)");
  if (!line || !report || String(getSelection())) return;
  accused = line.id.slice(2);
  report.showPopover();
});
