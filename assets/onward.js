// Leads the client on when the sign-up is over: by itself when WhatsApp is connected, unless the client
// stays; back, by a link alone, when an attempt failed. Where to is the server's word, in the page or in
// its events, so that every tab does the same.
"use strict";

(() => {
  // Long enough to read what has been reached, and to decide to stay.
  const GOES_ON_AFTER_MS = 10_000;

  const byId = (id) => document.getElementById(id);
  const onward = byId("onward");
  if (!onward) return;
  const [link, soon, stay] = [onward.querySelector("a"), byId("onward-soon"), byId("stay")];
  let timer;

  function lead(part, target) {
    part.hidden = !target;
    if (!target) return;
    part.querySelector("a").href = target.url;
    for (const host of part.querySelectorAll("[data-host]")) host.textContent = target.host;
  }

  function goOnSoon() {
    if (timer) return;
    soon.hidden = stay.hidden = false;
    byId("announcement").textContent += ` ${soon.textContent}`;
    // The page leaves no trace among those that the browser goes back to: it would only lead on again.
    timer = setTimeout(() => location.replace(link.href), GOES_ON_AFTER_MS);
  }

  stay.addEventListener("click", () => {
    clearTimeout(timer);
    soon.hidden = stay.hidden = true;
    link.focus();
  });

  document.addEventListener("signup", ({ detail: { state, target } }) => {
    lead(byId("back"), state === "failed" ? target : undefined);
    if (state !== "done" || !target) return;
    lead(onward, target);
    byId("no-onward").hidden = true;
    goOnSoon();
  });

  if (!onward.hidden) goOnSoon();
})();
