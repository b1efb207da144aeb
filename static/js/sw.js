// Shows messages that were pushed, one page of ours when there is no net, and the co-op's desk as it was last seen.
// What a person at the desk presses without a net is kept in order and sent once: each step moves a parcel only from the
// state it stands in, so a step that had reached the market before the answer was lost is answered 409 and left out.
// A step goes out under the person who pressed it and nobody else: it names them, and the market asks who is signed in.
const KEPT = "cho-htx-1";
const DESK = "ban-hang-1"; // pages of a signed-in person: gone when anybody signs in or out
const WHO = "ban-hang-ai"; // who that person is, as their last page said
const OFFLINE = ["/mat-mang", "asset(app.css)", "asset(app.js)"];
const FILES = ["asset(app.css)", "asset(workspace.css)", "asset(icons.svg)", "asset(htmx.js)", "asset(app.js)", "asset(workspace.js)"];
const LISTS = ["new", "confirmed", "packed", "handed_over"];
const PATIENCE_MS = 6000;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(OFFLINE)));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

const desk_page = (url) => /^(\/en)?\/ban-hang(\/don(\/\d+)?)?$/.test(url.pathname);
const desk_step = (url) => /^(\/en)?\/ban-hang\/(don\/\d+\/(xac-nhan|dong-goi|da-giao)|giao\/\d+)$/.test(url.pathname);
const doorway = (url) => /^(\/en)?\/(dang-nhap|dang-xuat|dang-ky|khoi-phuc)(\/|$)/.test(url.pathname);

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST") {
    if (desk_step(url)) event.respondWith(step(event, url));
    else if (url.pathname.endsWith("/dang-xuat")) event.respondWith(leave(request));
    else if (doorway(url)) event.waitUntil(forget()); // what waits is sent once who pressed it signs in again
  } else if (request.method === "GET" && desk_page(url)) {
    event.respondWith(desk(event, url));
  } else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/mat-mang")));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(url.pathname, { ignoreVary: true })) ?? Response.error()));
  }
});

// The desk as it was last seen. A piece of a page and the whole page are kept apart.
const name_of = (request) => request.url + (request.headers.get("HX-Request") ? "#piece" : "");
const desk = async (event, url) => {
  const { request } = event;
  const kept = caches.open(DESK);
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
  const fresh = fetch(request).then(async (answer) => {
    if (answer.ok && !answer.redirected) {
      const copy = answer.clone();
      event.waitUntil(kept.then((place) => keep(place, name_of(request), copy)));
      if (request.mode === "navigate" && url.pathname.endsWith("/ban-hang")) event.waitUntil(lists(await kept));
    } else if (answer.redirected || answer.type === "opaqueredirect") {
      event.waitUntil(forget()); // to the door: nobody is signed in here any more
    }
    return answer;
  });
  event.waitUntil(fresh.catch(() => {}));
  const first = await Promise.race([fresh.catch(() => null), late.then(() => null)]);
  return first ?? (await as_it_was(await kept, request)) ?? fresh.catch(() => gone(request));
};
const keep = async (place, name, answer) => {
  const headers = new Headers({ "Content-Type": answer.headers.get("Content-Type") ?? "text/html", "X-Kept": String(Date.now()) });
  if (answer.headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", answer.headers.get("Content-Security-Policy"));
  await place.put(name, new Response(await answer.text(), { headers }));
};
const as_it_was = async (place, request) => {
  const found = await place.match(name_of(request));
  if (!found) return null;
  const at = found.headers.get("X-Kept");
  const html = (await found.text()).replace("<body ", `<body data-kept="${at}" `);
  return new Response(html, { headers: found.headers });
};
const gone = async (request) => (request.mode === "navigate" ? caches.match("/mat-mang") : Response.error());
// The lists of the day are fetched beside the first page, so that they can be read on the road without having been opened.
const lists = async (place) => {
  await styles();
  for (const state of LISTS) {
    const name = `${location.origin}/ban-hang/don?trang_thai=${state}`;
    const old = await place.match(name);
    if (old && Date.now() - Number(old.headers.get("X-Kept")) < 300000) continue;
    const answer = await fetch(name).catch(() => null);
    if (answer?.ok && !answer.redirected) await keep(place, name, answer);
  }
};
const styles = async () => {
  const place = await caches.open(KEPT);
  for (const file of FILES) {
    if (file && !(await place.match(file))) await place.add(file).catch(() => {});
  }
};
const forget = () => Promise.all([caches.delete(DESK), caches.delete(WHO)]);
const leave = async (request) => {
  await send().catch(() => {});
  const answer = await fetch(request);
  await forget();
  return answer;
};
const who = async () => (await (await caches.open(WHO)).match("/"))?.json();
const is = async (person) => person?.id && (await caches.open(WHO)).put("/", Response.json(person));

// What was pressed without a net, in the order it was pressed.
const opened = () => new Promise((done, failed) => {
  const asked = indexedDB.open("ban-hang", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("steps", { keyPath: "id", autoIncrement: true });
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => failed(asked.error);
});
const table = async (mode, work) => {
  const base = await opened();
  return new Promise((done, failed) => {
    const change = base.transaction("steps", mode);
    const asked = work(change.objectStore("steps"));
    change.oncomplete = () => { base.close(); done(asked?.result); };
    change.onabort = () => { base.close(); failed(change.error); };
  });
};
const step = async (event, url) => {
  const { request } = event;
  const copy = request.clone();
  const body = await copy.text();
  const person = await who();
  const waiting = (await steps(person).catch(() => null))?.mine.length;
  if (!waiting) { // what waits goes first
    try { return await fetch(request); } catch (lost) {
      if (!person) throw lost; // nobody's step is kept
    }
  }
  const kept = { who: person.id, name: person.name, url: url.pathname, body, type: request.headers.get("Content-Type"), at: Date.now() };
  await table("readwrite", (all) => all.add(kept));
  await registration.sync?.register("steps").catch(() => {});
  await tell({ steps: "kept", path: url.pathname });
  if (waiting) event.waitUntil(send());
  const parcel = `/ban-hang/don/${url.pathname.match(/\d+/)[0]}`;
  return request.mode === "navigate" ? Response.redirect(parcel, 303) : new Response(null, { status: 204 });
};
const tell = async (words) => {
  for (const page of await clients.matchAll({ type: "window" })) page.postMessage(words);
};
const steps = async (person) => {
  const all = (await table("readonly", (kept) => kept.getAll())) ?? [];
  return { mine: all.filter((one) => person && one.who === person.id), others: all.filter((one) => one.who !== person?.id).map((one) => one.name) };
};
const send = () => navigator.locks.request("steps", async () => {
  const refused = [];
  const person = await who();
  let sent = 0;
  for (const one of (await steps(person)).mine) {
    const headers = { "X-Made-By": one.who, ...(one.type && { "Content-Type": one.type }) };
    const answer = await fetch(one.url, { method: "POST", body: one.body, headers }).catch(() => null);
    const door = answer?.redirected && doorway(new URL(answer.url));
    if (!answer || door || answer.status >= 500 || [412, 429].includes(answer.status)) break; // keep it, and what comes after
    await table("readwrite", (all) => all.delete(one.id));
    if (answer.ok) sent += 1;
    else refused.push(one.url);
  }
  const { mine, others } = await steps(person);
  if (sent || refused.length) await caches.delete(DESK);
  await tell({ steps: "sent", sent, refused, left: mine.length, others });
});
addEventListener("sync", (event) => { if (event.tag === "steps") event.waitUntil(send()); });
addEventListener("message", (event) => {
  const { want, person } = event.data ?? {};
  if (want === "send") event.waitUntil(is(person).then(send));
  if (want === "count") event.waitUntil(is(person).then(() => steps(person)).then(({ mine, others }) => event.source.postMessage({ steps: "waiting", paths: mine.map((one) => one.url), others })));
});

addEventListener("push", (event) => {
  const [title, body, link] = (event.data?.text() ?? "").split("\n");
  if (title) event.waitUntil(registration.showNotification(title, { body, data: link, icon: "asset(favicon.svg)" }));
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  const link = event.notification.data;
  if (link && new URL(link).origin === location.origin) event.waitUntil(clients.openWindow(link));
});
