// What the recorder films goes up in numbered pieces, one after the other. A piece keeps its number and its bytes until
// the server has it, so sending it again changes nothing. Numbers belong to one take (one recorder): the last piece of
// the old take comes after `stop()` and must not take number 0 of the new one.
const LONGEST_WAIT_MS = 60000; // what is older the viewers have jumped over
const LARGEST = 1500000;
const CLEAR_WITHIN_S = 5;
const AFTER_END_MS = 15000; // a session that is over takes what was filmed before, so long; what it refuses is younger
const FIRST_MS = 1000; // the first piece of a take holds about a second
const kindOf = (told) => String(told.type ?? "").split("/").pop();
const later = (ms) => new Promise((done) => { setTimeout(done, ms); });

class Uplink {
  // `told` hears: sent(), trouble(word or ""), again(why), closed(status, kind), lost(ms of film that never went up).
  constructor(told) {
    Object.assign(this, { told, waiting: [], head: null, busy: false, closed: true, bits_s: 0, failures: 0, cut: 0, lostMs: 0, last: {} });
    addEventListener("online", () => this.request?.abort());
  }

  // The server lends its place to this phone: {ingest, token, epoch}.
  open(lease) {
    Object.assign(this, { lease, epoch: lease.epoch - 1, take: 0, waiting: [], head: null, closed: false, over: false, ending: false });
    this.pump();
  }

  // Pieces of one take come in order; those of a take that was cut are no longer wanted.
  put(take, type, blob) {
    if (!blob.size || !this.lease) return;
    const at = Date.now();
    const ms = this.last.take === take ? at - this.last.at : FIRST_MS;
    this.last = { take, at };
    const piece = { take, type, blob, at, ms };
    if (this.over) return;
    if (this.closed || take <= this.cut) return this.lose([piece]);
    this.waiting.push(piece);
    this.pump();
  }

  // What was filmed and will never arrive is said.
  lose(pieces) {
    this.lostMs += pieces.reduce((sum, piece) => sum + (piece?.ms ?? 0), 0);
    if (this.lostMs) this.told.lost(this.lostMs);
  }

  get oldest() { return this.head?.at ?? this.waiting[0]?.at; }
  get lagMs() { return this.oldest ? Date.now() - this.oldest : 0; }
  get empty() { return !this.head && !this.waiting.length; }
  get waitingBits() { return 8 * this.waiting.reduce((sum, piece) => sum + piece.blob.size, this.head?.blob.size ?? 0); }

  // Can what waits be sent soon, while new pieces of `rate` bits a second keep coming?
  clears(rate) { return this.waitingBits / Math.max(this.bits_s - rate, 1) < CLEAR_WITHIN_S; }

  // Forget what nobody will see in time, to the end of this take; a piece on its way stays unless `all` goes.
  forget(take, all = false) {
    this.cut = take;
    this.lose(all ? [this.head, ...this.waiting] : this.waiting);
    this.waiting = [];
    if (all) { this.head = null; this.request?.abort(); }
  }

  // As much as the line carries in a second becomes one piece: small enough not to make what is in it late, large enough
  // to catch up.
  pack() {
    if (this.head || this.held || !this.waiting.length) return;
    const { take, type, at } = this.waiting[0];
    if (take !== this.take) Object.assign(this, { take, epoch: this.epoch + 1, seq: 0 });
    const most = Math.min(LARGEST, Math.max(10000, (this.bits_s || 400000) / 8));
    const taken = [];
    let [size, ms] = [0, 0];
    while (this.waiting[0]?.take === take && (!taken.length || size + this.waiting[0].blob.size <= most)) {
      size += this.waiting[0].blob.size;
      ms += this.waiting[0].ms;
      taken.push(this.waiting.shift().blob);
    }
    this.head = { type, at, ms, epoch: this.epoch, seq: this.seq, blob: new Blob(taken, { type }) };
    this.seq += 1;
  }

  async pump() {
    if (this.busy) return;
    this.busy = true;
    for (this.pack(); this.head && !this.closed; this.pack()) await this.send(this.head);
    this.busy = false;
  }

  async send(piece) {
    const last = this.ending && !this.waiting.length ? "?last=1" : "";
    const patience = Math.max(5000, (piece.blob.size * 32000) / (this.bits_s || 200000));
    const began = performance.now();
    this.request = new AbortController();
    const timer = setTimeout(() => this.tooSlow(piece, patience), patience);
    try {
      const answer = await fetch(`${this.lease.ingest}/${piece.epoch}/${piece.seq}${last}`, {
        method: "POST",
        body: piece.blob,
        signal: this.request.signal,
        headers: { Authorization: `Bearer ${this.lease.token}`, "Content-Type": piece.type.split(";")[0] },
      });
      await this.heard(answer, piece, (performance.now() - began) / 1000);
    } catch {
      await this.missed();
    } finally {
      clearTimeout(timer);
    }
  }

  // A line that did not carry this piece in that time carries less: the next attempt is given longer, the next piece is
  // smaller. Without it a piece too large for its patience would be sent for ever.
  tooSlow(piece, patience) {
    this.bits_s = Math.min(this.bits_s || 200000, (piece.blob.size * 8000) / patience);
    this.request.abort();
  }

  async heard(answer, piece, seconds) {
    const { status } = answer;
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return this.arrived(piece, seconds);
    if (status === 409 && told.epoch === piece.epoch && told.next > piece.seq) return this.arrived(piece, 0);
    if (status === 409) this.epoch = Math.max(this.epoch, told.epoch ?? 0);
    if (status === 409 || status === 413) return this.begin(status === 413 ? "large" : "gap");
    if (status === 422) return this.unread();
    if ([401, 403, 404, 410].includes(status)) return this.close(status, told);
    if (status === 429) return later(1000 * Number(answer.headers.get("Retry-After") || 2));
    if (status === 507 || kindOf(told) === "stage-is-full") this.told.trouble("full");
    return this.missed();
  }

  arrived(piece, seconds) {
    const bits = piece.blob.size * 8;
    if (seconds && bits > 64000) {
      const measured = Math.min(2e7, bits / Math.max(seconds, 0.005));
      this.bits_s = this.bits_s > measured * 2 || !this.bits_s ? measured : this.bits_s * 0.6 + measured * 0.4;
    }
    this.failures = 0;
    this.head = null;
    this.told.trouble("");
    this.told.sent();
  }

  // The server cannot go on with this take: what waits of it is of no use, a new one is.
  begin(why) {
    this.cut = Math.max(this.cut, this.take);
    this.lose([this.head, ...this.waiting.filter((piece) => piece.take <= this.cut)]);
    this.waiting = this.waiting.filter((piece) => piece.take > this.cut);
    this.head = null;
    this.told.again(why);
  }

  // No picture came out of this take, and the same pieces would give none again. A camera that never gives one does not
  // begin anew without a pause.
  async unread() {
    this.failures += 1;
    if (this.failures > 1) this.told.trouble("unread");
    this.begin("not-video");
    await later(Math.min(5000, 250 * 2 ** this.failures));
  }

  async missed() {
    this.failures += 1;
    if (this.failures > 1) this.told.trouble("line");
    if (this.lagMs > LONGEST_WAIT_MS) this.begin("old");
    await later(Math.min(2000, 250 * 2 ** this.failures));
  }

  // Of a session that was ended elsewhere only what should have gone up before its end is missing.
  close(status, told) {
    this.over = status === 410 && kindOf(told) === "picture-over";
    const wanted = (piece) => piece && !(this.over && Date.now() - piece.at < AFTER_END_MS);
    const missing = [this.head, ...this.waiting].filter(wanted);
    this.lose(missing);
    Object.assign(this, { closed: true, whole: !missing.length, head: null, waiting: [] });
    this.told.closed(status, kindOf(told));
  }

  // Wait for the last piece, send what is left with a word that it is the last, at most `ms` long; then nothing more.
  // Whether all of it arrived.
  async finish(stopped, ms) {
    this.held = true;
    await stopped;
    Object.assign(this, { ending: true, held: false });
    this.pump();
    const until = Date.now() + ms;
    while (!this.empty && !this.closed && Date.now() < until) await later(100);
    const all = this.empty && (!this.closed || (this.over && this.whole));
    this.lose([this.head, ...this.waiting]);
    Object.assign(this, { closed: true, head: null, waiting: [] });
    this.request?.abort();
    return all;
  }
}
globalThis.Uplink = Uplink;
