// Opens Meta's window when the client asks for it, and reports how it was left. Where the sign-up
// stands comes from the server, to all tabs alike; nothing of Meta's is loaded before the click.
"use strict";

(() => {
  const SDK_LIMIT_MS = 15_000;
  // The window's message and the answer of FB.login come in any order. The answer's code lives for 30
  // seconds, so it waits for a moment only; the message waits until the window is closed.
  const ANSWER_WAITS_MS = 3_000;
  const MESSAGE_WAITS_MS = 60_000;
  // How long a report is tried again: while the client waits for the window, and while a code may live.
  const BEGIN_TRIED_FOR_MS = 6_000;
  const RESULT_TRIED_FOR_MS = 25_000;
  const PAUSE_MS = 1_500;

  // Where Meta leads its window when it cannot speak to this page.
  const RETURN = "/returned";

  const byId = (id) => document.getElementById(id);
  const card = byId("signup");
  const button = byId("connect");
  if (!card || !button) return;

  const notices = [...card.querySelectorAll("[data-notice]")];
  const parts = new Map(
    [...card.querySelectorAll("[data-signup]")].map((part) => [part.dataset.signup, part]),
  );
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // ---- Where the sign-up stands -------------------------------------------------------------

  function show({ state, failure, sender }) {
    const part = parts.get(state);
    if (!part) return location.reload(); // A newer server knows a state that this page does not.
    for (const words of card.querySelectorAll("[data-failure]")) {
      words.hidden = words.dataset.failure !== failure;
    }
    byId("sender").textContent = sender ?? "";
    byId("sender-line").hidden = !sender;
    byId("welcome").hidden = state === "done";
    hideNumber(state === "finishing" || state === "done");
    const isNew = part.hidden;
    for (const other of parts.values()) other.hidden = other !== part;
    const hadFocus = document.activeElement === button;
    button.hidden = part.dataset.button === undefined;
    button.textContent = part.dataset.button ?? "";
    if (hadFocus && button.hidden) byId("signup-title").focus();
    if (isNew && part.dataset.announce) byId("announcement").textContent = part.dataset.announce;
  }

  // A number that Meta has verified is neither given to it nor called any more.
  function hideNumber(isVerified) {
    const number = byId("number");
    if (!number) return;
    if (isVerified && number.contains(document.activeElement)) byId("signup-title").focus();
    number.hidden = isVerified;
  }

  document.addEventListener("signup", (event) => show(event.detail));

  // Shows one notice or none, and has it read out.
  function notify(id) {
    for (const notice of notices) notice.hidden = notice.id !== id;
    if (id) byId("announcement").textContent = byId(id).textContent;
  }

  // ---- Meta's script ------------------------------------------------------------------------

  let sdk;

  function loadSdk() {
    sdk ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      const fail = () => {
        sdk = undefined;
        script.remove();
        reject(new Error("Meta's script does not load"));
      };
      const timer = setTimeout(fail, SDK_LIMIT_MS);
      window.fbAsyncInit = () => {
        clearTimeout(timer);
        const { app: appId, version } = card.dataset;
        withoutToken(() => FB.init({ appId, autoLogAppEvents: false, xfbml: false, version }));
        resolve();
      };
      script.onerror = () => {
        clearTimeout(timer);
        fail();
      };
      script.async = true;
      script.src = card.dataset.sdk;
      document.head.append(script);
    });
    return sdk;
  }

  // Meta's script looks at the address of the page when it is started and when it opens its window, and
  // sends it to Meta: as `fallback_redirect_uri`, which it takes from the options where they name one, and
  // in what it logs of page views (`autoLogAppEvents`, off here). None of that is documented; it is what
  // can be seen in the address of its dialog. The token in our address is the client's key, so for these
  // moments the page goes by another one.
  function withoutToken(act) {
    const address = location.href;
    history.replaceState(history.state, "", RETURN);
    try {
      act();
    } finally {
      history.replaceState(history.state, "", address);
    }
  }

  // ---- The window ---------------------------------------------------------------------------

  let isBusy = false;
  let prepared; // An attempt that waits for a click: the browser lets no other open a window.
  let attempt; // The one whose window is open in this tab.

  button.addEventListener("click", async () => {
    if (isBusy) return;
    isBusy = true;
    button.setAttribute("aria-busy", "true");
    notify(undefined);
    try {
      await connect();
    } finally {
      isBusy = false;
      button.removeAttribute("aria-busy");
    }
  });

  async function connect() {
    if (prepared) return openWindow();
    try {
      await loadSdk();
    } catch {
      return notify("sdk-blocked");
    }
    const begun = await post("begin", {}, BEGIN_TRIED_FOR_MS);
    if (begun?.status === 429) return notify("too-often");
    if (!begun?.ok) return notify("not-sent");
    prepared = (await begun.json()).signup;
    if (navigator.userActivation && !navigator.userActivation.isActive) return notify("popup-ready");
    openWindow();
  }

  function openWindow() {
    const opened = { signup: prepared };
    prepared = undefined;
    clearTimeout(attempt?.timer);
    attempt = opened;
    const answered = (answer) => {
      opened.answer = { code: answer?.authResponse?.code, status: answer?.status };
      join(opened);
    };
    const options = {
      config_id: card.dataset.config,
      response_type: "code",
      override_default_response_type: true,
      fallback_redirect_uri: `${location.origin}${RETURN}`,
      extras: JSON.parse(card.dataset.extras),
    };
    withoutToken(() => FB.login(answered, options));
  }

  const text = (value) => (value === undefined || value === null ? undefined : String(value));

  // Meta's pages, or the one origin that stands in for them.
  function isTrusted(origin) {
    if (origin === card.dataset.standIn) return true;
    const host = /^https:\/\/([a-z0-9.-]+)$/.exec(origin)?.[1];
    return host === "facebook.com" || Boolean(host?.endsWith(".facebook.com"));
  }

  window.addEventListener("message", ({ origin, data }) => {
    if (!attempt || !isTrusted(origin)) return;
    let message;
    try {
      message = typeof data === "string" ? JSON.parse(data) : data;
    } catch {
      return; // Meta's pages say other things as well.
    }
    if (message?.type !== "WA_EMBEDDED_SIGNUP") return;
    const { waba_id, phone_number_id } = message.data ?? {};
    attempt.message = {
      event: text(message.event),
      waba_id: text(waba_id),
      phone_number_id: text(phone_number_id),
    };
    join(attempt);
  });

  function join(opened) {
    if (opened.isReported) return;
    clearTimeout(opened.timer);
    const { answer, message } = opened;
    const isWhole = answer && message;
    const wait = isWhole ? 0 : answer ? ANSWER_WAITS_MS : MESSAGE_WAITS_MS;
    opened.timer = setTimeout(() => report(opened), wait);
  }

  async function report(opened) {
    opened.isReported = true;
    const { signup, answer, message } = opened;
    const answered = await post("result", { signup, ...message, ...answer }, RESULT_TRIED_FOR_MS);
    notify(answered?.ok ? undefined : "not-sent");
  }

  // The answer of the server; undefined when there is none. Saying a thing twice changes nothing there.
  async function post(what, body, triedForMs) {
    const end = Date.now() + triedForMs;
    do {
      try {
        const answer = await fetch(`${location.pathname}/signup/${what}`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        });
        // The invitation itself has changed: its page says how.
        if (answer.status === 404 || answer.status === 410) location.reload();
        if (answer.status < 500) return answer;
      } catch {
        // No network. It may come back.
      }
      await pause(PAUSE_MS);
    } while (Date.now() < end);
    return undefined;
  }
})();
