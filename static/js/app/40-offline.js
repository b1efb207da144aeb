// Without a net the page says so.
const banner = document.getElementById("offline");
const show = () => { if (banner) banner.hidden = navigator.onLine; };
addEventListener("online", show);
addEventListener("offline", show);
document.addEventListener("htmx:error", show);
show();
// The page that stands for one that cannot be fetched keeps its address: who was at the desk is led back to the desk.
const desk = document.getElementById("offline-desk");
if (desk && /^(\/en)?\/ban-hang(\/|$)/.test(location.pathname)) {
  desk.hidden = false;
  document.getElementById("offline-shop").hidden = true;
}
