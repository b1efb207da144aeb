// The replay: chapters are the moments in which something was pinned, found in the film by the server's clock.
const { picture } = globalThis;
const { video, kind } = picture;
const bar = document.getElementById("replay-bar");
const chapters = [...document.querySelectorAll("[data-chapter]")];
const two = (n) => String(Math.floor(n)).padStart(2, "0");
const clock = (s) => (s >= 3600 ? `${Math.floor(s / 3600)}:${two((s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`);
// Where in the film a moment lies: a film with gaps is shorter than the evening was.
const placeOf = (chapter) => {
  const at = Number(chapter.dataset.chapter);
  const pieces = picture.player?.()?.levels?.[0]?.details?.fragments ?? [];
  const there = pieces.find((piece) => piece.programDateTime && at < piece.programDateTime + piece.duration * 1000);
  if (there) return there.start + Math.max(0, (at - there.programDateTime) / 1000);
  return pieces.length ? null : Number(chapter.dataset.offset);
};
const seek = (s) => { video.currentTime = Math.max(0, s); picture.play(); };
const mark = (one, now) => { if (now) one.setAttribute("aria-current", "true"); else one.removeAttribute("aria-current"); };
// What is shown in the film at this moment can be bought beside it.
const now = document.getElementById("replay-now");
const offer = (seen) => {
  const item = seen && document.querySelector(`.room-item[data-code="${seen.dataset.code}"]`);
  if (!now || now.dataset.code === (seen?.dataset.code ?? "")) return;
  now.dataset.code = seen?.dataset.code ?? "";
  now.replaceChildren(...(item ? [...item.cloneNode(true).children] : []));
  now.hidden = !item;
  htmx.process(now);
};
const draw = () => {
  const seen = chapters.filter((one) => (placeOf(one) ?? Infinity) <= video.currentTime + 0.5).pop();
  for (const one of chapters) mark(one, one === seen);
  for (const item of document.querySelectorAll(".room-item[data-code]")) mark(item, Boolean(seen) && item.dataset.code === seen.dataset.code);
  if (!bar) return;
  offer(seen);
  const [range, time, press] = ["input", "output", "button"].map((name) => bar.querySelector(name));
  range.max = Math.floor(video.duration || 0);
  if (!range.matches(":active")) range.value = Math.floor(video.currentTime);
  time.textContent = `${clock(video.currentTime)} / ${clock(video.duration || 0)}`;
  press.setAttribute("aria-pressed", String(!video.paused));
};
if (kind === "replay") {
  for (const name of ["timeupdate", "durationchange", "play", "pause", "seeked"]) video.addEventListener(name, draw);
  document.addEventListener("click", (event) => {
    const chapter = event.target.closest("[data-chapter]");
    if (chapter) { const at = placeOf(chapter); if (at !== null) seek(at); document.getElementById("items")?.hidePopover?.(); }
    if (event.target.closest("#replay-bar button") || event.target === video) video.paused ? picture.play() : video.pause();
  });
  bar?.querySelector("input").addEventListener("input", (event) => seek(Number(event.target.value)));
}
