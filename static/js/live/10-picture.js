// All viewers see the same moment of the clip: its place follows from the server's clock.
const video = document.getElementById("picture");
const stream = document.getElementById("stream");
let aheadMs = 0;
const follow = () => {
  if (!video?.duration || !Number.isFinite(video.duration)) return;
  const at = ((Date.now() + aheadMs - Number(video.dataset.since)) / 1000) % video.duration;
  const off = Math.abs(video.currentTime - at);
  if (at >= 0 && Math.min(off, video.duration - off) > 2) video.currentTime = at;
};
const button = document.querySelector("[data-play]");
const play = () => video.play().then(() => { button.hidden = true; }, () => { button.hidden = false; });
if (video) {
  video.addEventListener("loadedmetadata", follow);
  stream?.addEventListener("server-time", (event) => { aheadMs = Number(event.detail.data) - Date.now(); follow(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { follow(); play(); } });
  button.addEventListener("click", play);
  follow();
  play();
}
