// What every moving picture has in common: the server's clock, the button where autoplay is refused, the sound.
const video = document.getElementById("picture");
const stream = document.getElementById("stream");
const button = document.querySelector("[data-play]");
const sound = document.querySelector("[data-sound]");
let aheadMs = 0;
const picture = {
  video,
  kind: video && (video.dataset.kind ?? "clip"),
  serverNow: () => Date.now() + aheadMs,
  // The server's time at which the frame was filmed that is seen now; unknown for some players.
  filmedAt: () => null,
  play: () => video.play().then(() => { button.hidden = true; }, (error) => { if (error.name === "NotAllowedError") button.hidden = false; }),
};
const heard = () => { if (sound) sound.hidden = !video.muted; };
if (video) {
  const clocked = (event) => { aheadMs = Number(event.detail.data) - Date.now(); video.dispatchEvent(new Event("clocked")); };
  stream?.addEventListener("server-time", clocked);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && picture.kind !== "replay") { video.dispatchEvent(new Event("clocked")); picture.play(); } });
  button.addEventListener("click", picture.play);
  sound?.addEventListener("click", () => { video.muted = false; picture.play(); });
  video.addEventListener("volumechange", heard);
  heard();
}
globalThis.picture = picture;
