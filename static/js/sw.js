// Shows messages that were pushed, and one page of ours when there is no net. Keeps nothing else.
const KEPT = "cho-htx-1";
const OFFLINE = ["/mat-mang", "asset(app.css)"];

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(OFFLINE)));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/mat-mang")));
  } else if (request.url.endsWith("asset(app.css)")) {
    event.respondWith(fetch(request).catch(() => caches.match(request)));
  }
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
