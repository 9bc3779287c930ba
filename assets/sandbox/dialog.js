// Tells the page that opened the dialog how it ended: Meta's message event, and the code for the
// SDK's callback, in the order that was asked for.
"use strict";

(() => {
  const { message, code, opener: origin, order } = document.getElementById("end").dataset;
  const page = window.opener;
  if (!page) return;
  const told = [
    () => order !== "event_lost" && page.postMessage(message, origin),
    () => page.postMessage({ type: "SANDBOX_LOGIN", code }, origin),
  ];
  if (order === "code_first") told.reverse();
  told[0]();
  setTimeout(() => {
    told[1]();
    setTimeout(() => window.close(), 100);
  }, 100);
})();
