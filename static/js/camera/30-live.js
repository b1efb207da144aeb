// From one press to the end: ask for the camera, take the place, send; grow thinner on a weak line, begin again after
// whatever came between. The desk beside it works without any of this.
const STARTS_WITHIN_S = 6;
const TOO_LATE_MS = 3000;
const FALLS_BEHIND_MS = 2000; // viewers have three seconds in hand: a thinner picture should come before they are gone
const SETTLES_MS = 9000; // a new tier needs this long before its line can be judged
const CLEAN_MS = 20000;
const HOPELESS_MS = 20000;
const place = document.getElementById("camera");
const part = (name) => document.getElementById(name);
const say = (name) => { document.querySelectorAll("[data-trouble]").forEach((one) => { one.hidden = one.dataset.trouble !== name; }); };
const words = (name) => part("dot").querySelector(`[data-word="${name}"]`)?.textContent ?? "";
const calm = { judgedAt: 0, cleanSince: 0, waitMs: CLEAN_MS, steppedUpAt: 0 };
let phase = "idle"; // idle, starting, running, leaving
let trouble = "";
let lock = null;

const uplink = new Uplink({
  sent: () => { if (AIR.includes(place.dataset.state)) seen(); show(); },
  trouble: (word) => { trouble = word; show(); },
  again: () => camera.record(),
  closed: (status, kind) => lost(status, kind),
  lost: (ms) => { part("unsent").hidden = false; part("unsent-s").textContent = Math.ceil(ms / 1000); },
});
const camera = new Camera({
  piece: (take, type, blob) => uplink.put(take, type, blob),
  opened: (stream) => { part("preview").srcObject = stream; part("preview").classList.toggle("mirrored", camera.facing === "user"); say(""); waitInLobby(); },
  broken: (name) => broken(name),
});

// One dot, one sentence.
const dot = () => {
  if (phase === "idle") return ["off", camera.alive ? "ready" : "off"];
  if (phase === "leaving") return uplink.closed ? ["off", "ended"] : ["slow", "leaving"];
  if (!navigator.onLine || trouble === "line") return ["down", "down"];
  if (trouble) return ["down", trouble];
  if (phase === "starting") return ["slow", "starting"];
  if (uplink.lagMs > TOO_LATE_MS) return ["slow", "late"];
  return camera.tier ? ["slow", "weak"] : ["good", "good"];
};
const show = () => {
  const [tone, word] = dot();
  place.dataset.phase = phase;
  place.dataset.tier = camera.tier;
  place.dataset.take = camera.take;
  part("dot").dataset.tone = tone;
  if (part("dot-words").textContent !== words(word)) part("dot-words").textContent = words(word);
};

// --- going live --------------------------------------------------------------------------------------------------------
const lease = async (takeOver) => {
  const answer = await fetch(place.dataset.lease, { method: "POST", body: new URLSearchParams({ take_over: takeOver ? "1" : "0" }), headers: { Accept: "application/json" } });
  const told = await answer.json().catch(() => ({}));
  return answer.ok ? told : Promise.reject(Object.assign(new Error("refused"), { told, status: answer.status }));
};
const take = async (takeOver = false) => {
  try {
    uplink.open(await lease(takeOver));
    return true;
  } catch ({ told = {}, status = 0 }) {
    if (String(told.type).endsWith("already-publishing") && !takeOver) return (await ask()) && take(true);
    if (!status && phase === "running") { await new Promise((soon) => { setTimeout(soon, 2000); }); return take(takeOver); } // no line: ask again
    part("refused-words").textContent = told.detail ?? words(status ? "refused" : "down");
    say("refused");
    return false;
  }
};
const ask = () => new Promise((answered) => {
  const question = part("take-over");
  question.addEventListener("close", () => answered(question.returnValue === "yes"), { once: true });
  question.showModal();
});
const waitInLobby = () => { if (place.dataset.state === "scheduled") fetch(place.dataset.lobby, { method: "POST" }).catch(() => {}); };
const idle = async () => {
  phase = "idle";
  await camera.stopRecorder();
  lock?.release().catch(() => {});
  show();
};
const start = async () => {
  if (phase !== "idle") return;
  phase = "starting";
  show();
  try {
    if (!camera.alive) await camera.open();
  } catch (error) {
    phase = "idle";
    return broken(error.name);
  }
  if (!(await take())) return idle();
  camera.tier = 0;
  calm.judgedAt = Date.now();
  await camera.record();
  stayAwake();
  countDown();
};
const countDown = () => {
  const until = Date.now() + STARTS_WITHIN_S * 1000;
  const tick = () => {
    part("countdown").hidden = phase !== "starting";
    part("countdown-number").textContent = Math.max(1, Math.ceil((until - Date.now()) / 1000));
    if (phase === "starting") setTimeout(tick, 250);
  };
  tick();
};
const stayAwake = async () => { lock = await navigator.wakeLock?.request("screen").catch(() => null); };

// --- what the server says about the session, written in the strip ---------------------------------------------------
const AIR = ["live", "interrupted"];
const seen = () => { if (phase === "starting") phase = "running"; };
const follow = () => {
  const state = part("strip")?.dataset.state;
  if (!state || state === place.dataset.state) return show();
  const before = place.dataset.state;
  place.dataset.state = state;
  if (AIR.includes(state)) seen();
  if (phase === "starting" && before === "starting" && ["lobby", "failed"].includes(state)) { say("no-picture"); idle(); }
  if ("over" in part("strip").dataset) over();
  show();
};
const over = async () => {
  if (phase === "leaving") return;
  if (phase === "running") return leave(); // ended at the desk, by another phone or by the clock
  await idle();
  camera.release();
  location.assign(place.dataset.desk);
};
const leave = async () => {
  phase = "leaving";
  show();
  if (await uplink.finish(camera.stop(), 1000 * place.dataset.lastS)) return location.assign(place.dataset.desk);
  say("cut-short");
  show();
};

// --- when something comes between ------------------------------------------------------------------------------------
const TROUBLES = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "none", OverconstrainedError: "none", NotReadableError: "busy", AbortError: "busy" };
let reopening = 0;
const broken = (name) => {
  if (TROUBLES[name]) say(inApp && name === "NotAllowedError" ? "in-app" : TROUBLES[name]);
  if (phase === "starting" && TROUBLES[name]) return idle();
  clearTimeout(reopening);
  if (phase === "running" || phase === "starting") reopening = setTimeout(() => { if (!document.hidden) camera.record(); }, 1000);
};
const lost = async (status, kind) => {
  if (phase === "leaving") return;
  if (status === 410 && kind === "taken-over") { say("taken-over"); return idle(); }
  if (status === 410) { htmx.trigger(part("stream"), "look"); return idle(); }
  if (await take()) return camera.record(); // the server was started again and lends the place anew
  return idle();
};
document.addEventListener("visibilitychange", () => {
  if (document.hidden || phase === "idle") return;
  stayAwake();
  if (!camera.alive || Date.now() - camera.heardAt > 4000) camera.record();
});
screen.orientation?.addEventListener("change", () => { if (camera.recording) camera.record(); });
addEventListener("online", show);
addEventListener("offline", show);
addEventListener("beforeunload", (event) => { if (phase === "running") event.preventDefault(); });

// --- a weak line ---------------------------------------------------------------------------------------------------
const judge = () => {
  const now = Date.now();
  show();
  if (phase === "idle" || phase === "leaving" || now - calm.judgedAt < SETTLES_MS) return;
  if (camera.recording && !document.hidden && now - camera.heardAt > 5000) { calm.judgedAt = now; camera.record(); return; }
  if (uplink.lagMs < 1500) calm.cleanSince ||= now; else calm.cleanSince = 0;
  if (uplink.failures > 1 && uplink.lagMs > HOPELESS_MS && uplink.bits_s < 300000) return thinnest(now);
  if (uplink.lagMs > FALLS_BEHIND_MS && uplink.bits_s && !uplink.failures && !uplink.clears(camera.rate)) return thinner(now);
  if (camera.tier && calm.cleanSince && now - calm.cleanSince > calm.waitMs) thicker(now);
};
const change = (tier, now) => {
  camera.tier = tier;
  Object.assign(calm, { judgedAt: now, cleanSince: 0 });
  camera.record();
  show();
};
const thinner = (now) => {
  const fits = Camera.TIERS.findIndex(([picture, sound]) => picture + sound <= 0.8 * uplink.bits_s);
  const most = Camera.TIERS.length - 1;
  if (now - calm.steppedUpAt < 60000) calm.waitMs = Math.min(160000, calm.waitMs * 2); // it was too early
  uplink.forget(camera.take);
  change(Math.min(most, Math.max(camera.tier + 1, fits < 0 ? most : fits)), now);
};
// Nothing as large as this ever gets through: begin again with the smallest.
const thinnest = (now) => {
  uplink.forget(camera.take, true);
  change(Camera.TIERS.length - 1, now);
};
const thicker = (now) => {
  const [picture, sound] = Camera.TIERS[camera.tier - 1];
  if (uplink.bits_s < 1.4 * (picture + sound)) return;
  calm.steppedUpAt = now;
  change(camera.tier - 1, now);
};

// --- the end -----------------------------------------------------------------------------------------------------------
const finish = async (form) => {
  phase = "leaving";
  part("end").hidePopover?.();
  show();
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" }).catch(() => null);
  if (!answer || answer.status >= 400) { phase = "running"; say("not-ended"); return show(); }
  return leave();
};

// --- a try that nobody sees: ten seconds on this phone, shown again at once -------------------------------------------
const practise = async () => {
  const button = part("practise");
  const pieces = [];
  if (!camera.alive) await camera.open();
  const recorder = new MediaRecorder(camera.stream, { mimeType: Camera.mime, videoBitsPerSecond: 800000 });
  recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  recorder.addEventListener("stop", () => {
    const film = part("practice-film");
    film.src = URL.createObjectURL(new Blob(pieces, { type: Camera.mime.split(";")[0] }));
    part("practice").showModal();
    film.play().catch(() => {});
    button.disabled = false;
    place.classList.remove("practising");
  });
  button.disabled = true;
  place.classList.add("practising");
  recorder.start(1000);
  setTimeout(() => recorder.state !== "inactive" && recorder.stop(), Number(place.dataset.practiceMs));
};
part("practice")?.addEventListener("close", () => { const film = part("practice-film"); film.pause(); URL.revokeObjectURL(film.src); film.removeAttribute("src"); });

// --- the page ------------------------------------------------------------------------------------------------------------
const inApp = /Zalo|FBAN|FBAV|FB_IAB|Instagram|Line\/|musical_ly|TikTok|; wv\)/.test(navigator.userAgent);
const opens = (act) => act().catch((error) => broken(error.name));
const acts = {
  go: start,
  flip: () => (camera.recording ? camera.flip() : opens(() => { camera.facing = camera.facing === "user" ? "environment" : "user"; return camera.open(); })),
  hush: (button) => { camera.hush(!camera.silent); button.setAttribute("aria-pressed", String(camera.silent)); },
  practise: () => opens(practise),
  again: () => { say(""); start(); },
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) acts[button.dataset.act](button);
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "finish" || phase !== "running") return;
  event.preventDefault();
  finish(event.target);
});
document.addEventListener("htmx:after:swap", follow);
document.addEventListener("htmx:after:request", (event) => { if (event.target.matches?.("#talk .composer")) event.target.reset(); });
setInterval(judge, 500);
follow();
if (Camera.missing) say(inApp ? "in-app" : Camera.missing);
else {
  place.classList.add("able");
  navigator.permissions?.query({ name: "camera" }).then(({ state }) => { if (state === "granted") opens(() => camera.open()); }).catch(() => {});
}
show();
