// The camera and what records it. A take is one recorder from start to stop: another tier, another camera, a call that
// came in between begin a new take, because a recorder can change nothing while it runs.
const MIMES = ["video/mp4;codecs=avc1.42E01F,mp4a.40.2", "video/mp4;codecs=avc1.42E01F,opus", "video/x-matroska;codecs=avc1,opus", "video/webm;codecs=h264,opus"];
// bit/s of picture and sound, width and pictures a second; at low tiers the sound counts.
const TIERS = [[800000, 64000, 640, 24], [500000, 48000, 640, 24], [300000, 32000, 480, 20], [150000, 24000, 320, 15], [80000, 16000, 256, 12]];
const KEY_FRAME_MS = 1000; // without it a picture may hold together over six seconds, and viewers wait as long
// Chromium hands over whole groups of pictures whatever it is asked for: asked often, it gives each when it is ready and
// not up to a second later, two at once. Safari gives empty pieces when asked for shorter ones.
const PIECE_MS = navigator.userAgentData ? 250 : 1000;

class Camera {
  // `told` hears: piece(take, type, blob), opened(stream), broken(name).
  constructor(told) {
    Object.assign(this, { told, stream: null, facing: "environment", tier: 0, take: 0, heardAt: 0, turn: Promise.resolve() });
  }

  static get mime() { return globalThis.MediaRecorder && MIMES.find((mime) => MediaRecorder.isTypeSupported(mime)); }
  static get missing() {
    if (!navigator.mediaDevices?.getUserMedia) return isSecureContext ? "missing" : "insecure";
    return Camera.mime ? "" : "missing";
  }

  get rate() { return TIERS[this.tier][0] + TIERS[this.tier][1]; }
  get recording() { return this.recorder?.state === "recording"; }
  get shape() {
    const [, , width, frameRate] = TIERS[this.tier];
    return { width: { ideal: width }, height: { ideal: Math.round((width * 9) / 32) * 2 }, frameRate: { ideal: frameRate, max: 30 } };
  }

  // Raises what getUserMedia raises: NotAllowedError, NotFoundError, NotReadableError …
  async open() {
    this.release();
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const video = { facingMode: { ideal: this.facing }, ...this.shape };
    const ask = (what) => navigator.mediaDevices.getUserMedia(what);
    this.stream = await ask({ video, audio }).catch((error) => (error.name === "NotFoundError" ? ask({ video }) : Promise.reject(error)));
    for (const track of this.stream.getTracks()) track.addEventListener("ended", () => this.told.broken("ended"));
    if (this.silent) this.hush(true);
    this.told.opened(this.stream);
  }

  get alive() { return Boolean(this.stream?.getTracks().every((track) => track.readyState === "live")); }

  release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  hush(silent) {
    this.silent = silent;
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !silent;
  }

  // One change after the other: a flip in the middle of a change of tier waits for its turn.
  record(change = async () => {}) {
    this.turn = this.turn.then(async () => {
      await this.stopRecorder();
      await change();
      if (!this.alive) await this.open();
      await this.stream.getVideoTracks()[0].applyConstraints(this.shape).catch(() => {});
      this.startRecorder();
    }).catch((error) => this.told.broken(error.name));
    return this.turn;
  }

  flip() {
    return this.record(async () => {
      this.facing = this.facing === "user" ? "environment" : "user";
      this.release();
    });
  }

  startRecorder() {
    const [videoBitsPerSecond, audioBitsPerSecond] = TIERS[this.tier];
    const options = { mimeType: Camera.mime, videoBitsPerSecond, audioBitsPerSecond, videoKeyFrameIntervalDuration: KEY_FRAME_MS };
    const recorder = new MediaRecorder(this.stream, options);
    this.take += 1;
    const { take } = this;
    recorder.addEventListener("dataavailable", ({ data }) => {
      if (data.size) this.heardAt = Date.now();
      this.told.piece(take, options.mimeType, data);
    });
    recorder.addEventListener("error", () => this.told.broken("error"));
    this.heardAt = Date.now();
    recorder.start(PIECE_MS);
    this.recorder = recorder;
  }

  // Resolves when the last piece of the take was handed over.
  stopRecorder() {
    const { recorder } = this;
    this.recorder = null;
    if (!recorder || recorder.state === "inactive") return Promise.resolve();
    return new Promise((done) => {
      recorder.addEventListener("stop", done, { once: true });
      setTimeout(done, 2000);
      recorder.stop();
    });
  }

  async stop() {
    await this.turn;
    await this.stopRecorder();
    this.release();
  }
}
Camera.TIERS = TIERS;
globalThis.Camera = Camera;
