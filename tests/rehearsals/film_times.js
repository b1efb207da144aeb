// When this page began and ceased to film, in pairs that outlive a reload: what the film's length is held against.
const times = () => JSON.parse(sessionStorage.filmed ?? "[]");
const note = (what) => { sessionStorage.filmed = JSON.stringify([...times(), [what, Date.now()]]); };
for (const what of ["start", "stop"]) {
  const usual = MediaRecorder.prototype[what];
  MediaRecorder.prototype[what] = function (...how) { note(what); return usual.apply(this, how); };
}
addEventListener("pagehide", () => note("stop"));
