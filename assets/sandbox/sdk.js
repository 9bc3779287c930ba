// What Meta's JS SDK offers a page, as far as signing up needs it: FB.init and FB.login.
"use strict";

(() => {
  const STAND_IN = new URL(document.currentScript.src).origin;
  const CLOSED_CHECK_MS = 300;
  let app;

  // Opens the dialog, and tells the callback how it ended: once, and by what the dialog says, or
  // because its window was closed.
  function login(callback, options = {}) {
    if (!app) throw new Error("FB.login() called before FB.init().");
    const query = new URLSearchParams({
      client_id: app.appId,
      config_id: options.config_id ?? "",
      response_type: options.response_type ?? "",
      extras: JSON.stringify(options.extras ?? {}),
      origin: location.origin,
    });
    const dialog = window.open(`${STAND_IN}/dialog/oauth?${query}`, "_blank", "width=600,height=720");
    const end = (code) => {
      window.removeEventListener("message", hear);
      clearInterval(closedCheck);
      callback({ authResponse: code ? { code } : null, status: code ? "connected" : "unknown" });
    };
    const hear = (event) => {
      if (event.origin !== STAND_IN || event.source !== dialog) return;
      if (event.data?.type === "SANDBOX_LOGIN") end(event.data.code);
    };
    const closedCheck = setInterval(() => (!dialog || dialog.closed) && end(), CLOSED_CHECK_MS);
    window.addEventListener("message", hear);
  }

  window.FB = { init: (options) => (app = options), login };
  window.fbAsyncInit?.();
})();
