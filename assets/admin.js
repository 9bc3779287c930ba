// Keeps the pages of the admin true while they are open, and sends forms without loading the page anew.
// Every word and every state comes from the server; without this script everything works by full loads.
"use strict";

(() => {
  // A page that many changes reach is fetched once for all that come within this time.
  const REFRESH_PAUSE_MS = 300;

  const body = document.body;
  const offline = document.getElementById("offline");
  const main = () => document.getElementById("main");

  // ---- Pages ----------------------------------------------------------------------------------

  const parsed = async (response) =>
    new DOMParser().parseFromString(await response.text(), "text/html");

  // Puts the content of another page in place of this one's, and leads the reader to it.
  function show(page) {
    const next = page.getElementById("main");
    if (!next) return location.reload();
    main().replaceWith(document.adoptNode(next));
    document.title = page.title;
    const target = main().querySelector("[aria-invalid='true'], [role='alert']") ?? main();
    if (!target.matches("input, select, textarea, main")) target.tabIndex = -1;
    target.focus();
    scrollTo(0, 0);
  }

  // Forms and links that are on their way. Until they are through, nothing else touches the page: what
  // they change is told to it before their answer is here.
  let sending = 0;

  async function load(address, options) {
    sending += 1;
    try {
      await loadNow(address, options);
    } finally {
      sending -= 1;
      if (isStale) refresh();
    }
  }

  async function loadNow(address, options) {
    const response = await fetch(address, options);
    const kind = response.headers.get("content-type") ?? "";
    // A file, or the page on which one signs in: for the browser itself.
    if (!kind.startsWith("text/html")) return location.assign(response.url);
    const page = await parsed(response);
    if (!page.body.classList.contains("admin")) return location.assign(response.url);
    if (response.redirected || !options?.method) history.pushState(null, "", response.url);
    show(page);
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-inline]") || event.defaultPrevented) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    const fields = new FormData(form, event.submitter);
    const isFile = form.enctype === "multipart/form-data";
    const typed = isFile ? fields : new URLSearchParams(fields);
    const action = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
    try {
      if (form.method === "get") await load(`${action}?${typed}`);
      else await load(action, { method: "post", body: typed });
    } catch {
      offline.hidden = false;
    } finally {
      form.ariaBusy = null;
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-inline]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    load(link.href).catch(() => location.assign(link.href));
  });

  addEventListener("popstate", async () => {
    try {
      show(await parsed(await fetch(location.href)));
    } catch {
      location.reload();
    }
  });

  // ---- Live -----------------------------------------------------------------------------------

  // What somebody types, opens or listens to stays as it is: it is fetched when that is over.
  const isInUse = (part) =>
    part.querySelector("details[open], dialog[open]") !== null ||
    [...part.querySelectorAll("audio")].some((audio) => !audio.paused) ||
    (part.contains(document.activeElement) &&
      document.activeElement.matches("input:not([type='hidden']), textarea, select"));

  function replace(part, next) {
    if (!next || part.isEqualNode(next) || isInUse(part)) return;
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceWith(document.adoptNode(next));
    if (focused) document.getElementById(focused)?.focus();
  }

  let isFetching = false;
  let isStale = false;
  const liveParts = () => document.querySelectorAll("[data-live][id]");

  async function refresh() {
    isStale = true;
    if (isFetching) return;
    isFetching = true;
    while (isStale && sending === 0) {
      isStale = false;
      // A page that only asks something stays as it is.
      if (liveParts().length === 0) break;
      const asked = location.href;
      try {
        const response = await fetch(asked);
        const page = await parsed(response);
        if (sending > 0 || asked !== location.href) {
          isStale = true;
          continue;
        }
        // Nobody is signed in any more, or there is no such thing: the browser shows what there is.
        if (!response.ok || response.redirected) location.reload();
        for (const part of liveParts()) replace(part, page.getElementById(part.id));
        offline.hidden = true;
      } catch {
        offline.hidden = false;
      }
      await new Promise((resume) => setTimeout(resume, REFRESH_PAUSE_MS));
    }
    isFetching = false;
  }

  let events;

  function follow() {
    events = new EventSource(body.dataset.events);
    // Whatever happened before is found by looking.
    events.addEventListener("open", () => {
      offline.hidden = true;
      refresh();
    });
    events.addEventListener("changed", refresh);
    events.addEventListener("error", () => {
      offline.hidden = false;
      if (events.readyState === EventSource.CLOSED) setTimeout(follow, 2_000);
    });
  }

  // Nobody looks at a hidden page, and a browser has few connections for each site.
  function followWhileSeen() {
    if (document.hidden) {
      events?.close();
      events = undefined;
    } else if (!events) {
      follow();
    }
  }

  if (main() && body.dataset.events) {
    document.addEventListener("visibilitychange", followWhileSeen);
    followWhileSeen();
  }

  // ---- Inside of another site -------------------------------------------------------------------

  if (body.hasAttribute("data-embedded") && parent !== window) {
    // The height is no secret, and only sites that the project allows have this page inside of them.
    // What scrolls is never less high than the frame, which would only ever grow.
    const tell = () => {
      const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
      parent.postMessage({ type: "zavud:height", height }, "*");
    };
    new ResizeObserver(tell).observe(body);
    tell();
  }
})();
