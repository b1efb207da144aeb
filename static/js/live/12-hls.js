// A camera's picture, live or again. Buying, chatting and sheets never touch it; only another way to watch does.
const { picture } = globalThis;
const { video, kind } = picture;
// Measured: hls.js's own values stay 11.7 s behind for ever after a gap; these come back to 4.6 s.
// By itself it also stays a second farther behind for ever after each stall.
const BEHIND_S = 3;
const EDGE = { liveSyncDuration: BEHIND_S, liveMaxLatencyDuration: 6, liveSyncOnStallIncrease: 0, maxLiveSyncPlaybackRate: 1.1, backBufferLength: 30 };
const MOST_BEHIND_S = 5;
const FORGIVEN_MS = 60000;
const FROM_S = Number(new URLSearchParams(location.search).get("t")) || 0;
const WEAK_STALLS = 3;
const WEAK_WITHIN_MS = 40000;
const stage = video?.closest(".stage");
const sheet = document.getElementById("watching");
let player = null;
let ways = { stop() {} };
let stalls = [];
let forgiven = 0;
const hold = (seconds) => {
  clearTimeout(forgiven);
  if (player) player.targetLatency = seconds;
  if (seconds > BEHIND_S) forgiven = setTimeout(hold, FORGIVEN_MS, BEHIND_S);
};

const again = (start, ms) => { const timer = setTimeout(start, ms); return () => clearTimeout(timer); };
// With hls.js where it runs, else by the browser itself, which wants three segments before it begins.
const byHls = (src) => {
  let later = () => {};
  let failed = 0;
  player = new Hls(kind === "replay" ? { startPosition: FROM_S } : EDGE);
  const load = () => player.loadSource(src);
  player.on(Hls.Events.MANIFEST_PARSED, picture.play);
  player.on(Hls.Events.FRAG_BUFFERED, () => { failed = 0; });
  player.on(Hls.Events.ERROR, (_name, error) => {
    if (error.details === "bufferStalledError" && isOurs()) stalled();
    if (!error.fatal) return;
    if (error.response?.code === 410) return stage.classList.add("gone");
    failed += 1;
    if (error.type === "mediaError" && failed < 3) return player.recoverMediaError();
    later = again(load, Math.min(5000, 500 * 2 ** failed));
  });
  player.attachMedia(video);
  load();
  picture.filmedAt = () => player?.playingDate?.getTime() ?? null;
  return { stop() { later(); player.destroy(); player = null; } };
};
const byBrowser = (src) => {
  let later = () => {};
  const load = () => { video.src = src; picture.play(); };
  const failed = () => { later = again(load, 2000); };
  video.addEventListener("error", failed);
  load();
  return { stop() { later(); video.removeEventListener("error", failed); video.removeAttribute("src"); video.load(); } };
};
const plain = (src) => (globalThis.Hls?.isSupported() && !src.endsWith(".mp4") ? byHls(src) : byBrowser(kind === "replay" ? src : `${src}?ll=0`));
const WAYS = {
  usual: () => plain(video.dataset.src),
  sound: () => plain(video.dataset.src.replace(/[^/]+$/, "audio.m3u8")),
  fast: () => globalThis.fastPicture(video.dataset.src.replace(/[^/]+$/, "fast")),
};
const watch = (way) => {
  ways.stop();
  picture.filmedAt = () => null;
  stalls = [];
  ways = WAYS[way]();
  stage.dataset.way = way;
  const choice = sheet?.querySelector(`[name="way"][value="${way}"]`);
  if (choice) choice.checked = true;
};
// The seller's line stalls everybody, and what it did not bring no other way of watching brings. A viewer's own line did
// it when the playlist tells of more than arrived.
const isOurs = () => {
  const { buffered } = video;
  const has = buffered.length ? buffered.end(buffered.length - 1) : 0;
  return (player.latestLevelDetails?.edge ?? 0) - has > 1;
};
// It then wants more in hand for a while; a line that stops again and again carries the voice at least.
const stalled = () => {
  const now = Date.now();
  if (kind === "hls") hold(Math.min(MOST_BEHIND_S, player.targetLatency + 1));
  stalls = [...stalls.filter((at) => now - at < WEAK_WITHIN_MS), now];
  if (stalls.length >= WEAK_STALLS && stage.dataset.way === "fast") watch("usual");
  else if (stalls.length >= WEAK_STALLS && stage.dataset.way === "usual" && !video.muted && kind === "hls" && !("plain" in video.dataset)) watch("sound");
};
if (kind === "hls" || kind === "replay") {
  picture.watch = watch;
  picture.player = () => player;
  sheet?.addEventListener("change", (event) => { if (event.target.name === "way") { watch(event.target.value); sheet.hidePopover(); } });
  document.querySelector("[data-see-again]")?.addEventListener("click", () => watch("usual"));
  for (const name of ["waiting", "playing"]) video.addEventListener(name, () => { stage.classList.toggle("waiting", name === "waiting"); });
  document.getElementById("stream")?.addEventListener("state", (event) => {
    if (["terminated", "hidden"].includes(event.detail.data)) { ways.stop(); stage.classList.add("gone"); }
  });
  watch("usual");
}
