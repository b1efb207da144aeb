// All viewers see the same moment of the clip: its place follows from the server's clock.
const { video, kind, serverNow, play } = globalThis.picture;
const follow = () => {
  if (!video.duration || !Number.isFinite(video.duration)) return;
  const at = ((serverNow() - Number(video.dataset.since)) / 1000) % video.duration;
  const off = Math.abs(video.currentTime - at);
  if (at >= 0 && Math.min(off, video.duration - off) > 2) video.currentTime = at;
};
if (kind === "clip") {
  for (const name of ["loadedmetadata", "clocked"]) video.addEventListener(name, follow);
  follow();
  play();
}
