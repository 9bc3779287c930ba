// Keeps the invitation page true: shows each stage of the code as the server reports it, across a
// lost network, sleep and a restarted server. Every word stands in the page already; this only
// moves the mark of what is shown, and fills in digits.
"use strict";

(() => {
  const NO_CALL_HINT_MS = 120_000;
  const REOPEN_MS = 2_000;
  const CODE_LENGTH = 6;

  const byId = (id) => document.getElementById(id);
  // The one place that a screen reader reads out, when it is done with what it is reading.
  const say = (text) => (byId("announcement").textContent = text);
  const live = byId("live");
  const card = byId("stage");

  if (!live) return;

  // ---- Stages -------------------------------------------------------------------------------

  const parts = new Map(
    [...live.querySelectorAll("[data-stage]")].map((part) => [part.dataset.stage, part]),
  );
  const grouped = (code) => `${code.slice(0, 3)} ${code.slice(3)}`.trim();
  let noCallTimer;
  let validUntil;

  // A digit that was taken for another one keeps that beside it, struck out, for as long as its
  // reading goes on. Fewer digits than before are another reading.
  function showDigits(list, digits, expected) {
    const empty = Math.max(0, expected - digits.length);
    const before = [...list.children].filter((cell) => cell.textContent !== "");
    const goesOn = digits.length >= before.length;
    list.replaceChildren(
      ...digits.map(({ digit, sure }, index) => {
        const cell = document.createElement("li");
        cell.textContent = digit;
        cell.classList.toggle("unsure", !sure);
        const wrong = goesOn ? corrected(before[index], String(digit)) : undefined;
        if (wrong) cell.append(wrong);
        return cell;
      }),
      ...Array.from({ length: empty }, () => document.createElement("li")),
    );
  }

  // What the cell showed in the place of `digit`, struck out.
  function corrected(cell, digit) {
    const shown = cell?.firstChild.textContent;
    if (shown === undefined) return undefined;
    if (shown === digit) return cell.querySelector("del");
    const wrong = document.createElement("del");
    wrong.textContent = shown;
    return wrong;
  }

  // Without a code (""), what was shown until then leaves the page.
  function showCode(code) {
    const button = byId("copy-code");
    const shown = button.dataset.copy;
    // The new code was not copied yet.
    if (shown !== code) button.dispatchEvent(new Event("uncopied", { bubbles: true }));
    button.dataset.copy = code;
    byId("code-digits").textContent = grouped(code);
  }

  // Whether a code that is not shown any more was one of an earlier call, or taken back, the server knows.
  function showEarlier(codes) {
    const lines = codes.map((code) => {
      const line = document.createElement("li");
      line.textContent = grouped(code);
      return line;
    });
    byId("earlier").querySelector("ul").replaceChildren(...lines);
    byId("earlier").hidden = lines.length === 0;
  }

  // The same recording stays as it is: the client may be listening.
  function offerRecording(recording) {
    const call = recording?.kept?.call;
    const offer = byId("recording");
    const address = call ? offer.dataset.folder + call : "";
    const player = byId("recording-player");
    if ((player.getAttribute("src") ?? "") !== address) {
      player.removeAttribute("src");
      player.load(); // Ends what was playing. With an address it would fetch at once.
      if (address) player.src = address;
      byId("recording-link").href = address;
    }
    offer.hidden = !call;
    byId("recording-erased").hidden = recording !== "erased";
  }

  function countDown(remainingMs) {
    validUntil = remainingMs === undefined ? undefined : Date.now() + remainingMs;
    showRemaining();
  }

  function showRemaining() {
    if (validUntil === undefined) return;
    const seconds = Math.max(0, Math.round((validUntil - Date.now()) / 1000));
    const rest = String(seconds % 60).padStart(2, "0");
    byId("remaining").textContent = `${Math.floor(seconds / 60)}:${rest}`;
  }

  // How many more times Meta calls; undefined while that is of no concern. Tells what is news in it.
  function warnOfLimit(attemptsLeft) {
    const [few, none] = [byId("attempts-few"), byId("attempts-none")];
    const warning = attemptsLeft === undefined ? undefined : attemptsLeft === 0 ? none : few;
    const isNews = Boolean(warning?.hidden);
    byId("attempts-left").textContent = attemptsLeft ?? "";
    for (const other of [few, none]) other.hidden = other !== warning;
    return isNews ? warning.textContent : "";
  }

  function armNoCallHint(stage) {
    clearTimeout(noCallTimer);
    const hint = byId("no-call");
    hint.hidden = true;
    if (stage !== "waiting") return;
    noCallTimer = setTimeout(() => {
      hint.hidden = false;
      say(hint.innerText);
    }, NO_CALL_HINT_MS);
  }

  // What a screen reader says of a stage: not every digit as it comes, but the code when it is whole.
  function spoken(message) {
    const digits = message.code ? [...message.code].join(" ") : "";
    return `${parts.get(message.stage).dataset.announce} ${digits}`;
  }

  function show(message) {
    const part = parts.get(message.stage);
    if (!part) return location.reload(); // A newer server knows a stage that this page does not.
    if (message.stage === "listening") {
      showDigits(part.querySelector(".digits"), message.digits, CODE_LENGTH);
    } else if (message.stage === "unreadable") {
      const list = part.querySelector(".digits");
      list.replaceChildren(); // What an earlier call was heard to say is no correction.
      showDigits(list, message.digits, 0);
      byId("heard-digits").hidden = message.digits.length === 0;
      byId("missing-digits").hidden = message.digits.length >= CODE_LENGTH;
    }
    showCode(message.code ?? "");
    offerRecording(message.recording);
    countDown(message.remaining_ms);
    const warning = warnOfLimit(message.attempts_left);
    const isNew = part.hidden;
    for (const other of parts.values()) other.hidden = other !== part;
    const stage = isNew || message.stage === "code" ? spoken(message) : "";
    if (stage || warning) say(`${stage} ${warning}`.trim());
    if (!isNew) return;
    armNoCallHint(message.stage);
    // On a phone the card is further down than the button that was pressed.
    if (message.stage !== "waiting") card.scrollIntoView({ block: "nearest" });
  }

  if (card) {
    setInterval(showRemaining, 1_000);
    const remaining = byId("remaining").dataset.remaining;
    countDown(remaining === undefined ? undefined : Number(remaining));
    armNoCallHint([...parts].find(([, part]) => !part.hidden)?.[0]);
  }

  // ---- The connection -----------------------------------------------------------------------

  let lastEvent = live.dataset.event;
  let source;
  let silenceTimer;
  let isOver = false;

  function open() {
    if (isOver) return;
    source?.close();
    source = new EventSource(`${location.pathname}/events?after=${lastEvent}`);
    source.onopen = signOfLife;
    source.addEventListener("heartbeat", signOfLife);
    source.addEventListener("stage", (event) => {
      signOfLife();
      lastEvent = event.lastEventId;
      if (card) show(JSON.parse(event.data));
    });
    source.addEventListener("earlier", (event) => {
      signOfLife();
      if (card) showEarlier(JSON.parse(event.data));
    });
    source.addEventListener("signup", (event) => {
      signOfLife();
      const detail = JSON.parse(event.data);
      if (detail.state === "done") end();
      document.dispatchEvent(new CustomEvent("signup", { detail }));
    });
    // The link opens the invitation no more: the page says why.
    source.addEventListener("closed", () => location.reload());
    source.onerror = () => {
      const offline = byId("offline");
      if (offline.hidden) say(offline.textContent);
      offline.hidden = false;
      // The browser comes back by itself after a broken connection, but not after a refusal.
      if (source.readyState === EventSource.CLOSED) setTimeout(reopen, REOPEN_MS);
    };
    expectHeartbeat();
  }

  // WhatsApp is connected: nothing follows.
  function end() {
    isOver = true;
    clearTimeout(silenceTimer);
    source.close();
  }

  async function reopen() {
    try {
      const page = await fetch(location.pathname, { cache: "no-store" });
      // The invitation itself has changed: its page says how.
      if (page.status === 404 || page.status === 410) return location.reload();
    } catch {
      // No network yet. The next attempt will tell.
    }
    open();
  }

  function signOfLife() {
    byId("offline").hidden = true;
    expectHeartbeat();
  }

  // A connection can die in silence, in sleep for example: three heartbeats missed mean that.
  function expectHeartbeat() {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(open, 3 * Number(live.dataset.heartbeat));
  }

  window.addEventListener("online", open);
  window.addEventListener("pageshow", (event) => event.persisted && open());
  open();
})();
