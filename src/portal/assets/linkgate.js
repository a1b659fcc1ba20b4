// linkgate: what makes the pages more comfortable. Every page works without it.
"use strict";
(() => {
  const find = (selector) => document.querySelector(selector);
  const inMillis = (seconds) => Date.now() + Number(seconds) * 1000;

  // The server never sees `#fragment`; the form carries it, so that sign-in ends at the very place.
  const fragment = find("input[name=fragment]");
  if (fragment && location.hash) fragment.value = location.hash;

  // Clock times are UTC, as in the mail. Where the visitor's clock differs, it is told as well.
  const root = document.documentElement;
  for (const time of document.querySelectorAll("time[data-clock]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime()) || at.getTimezoneOffset() === 0) continue;
    const second = time.dataset.clock === "seconds" ? "2-digit" : undefined;
    const own = at.toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit", second, hourCycle: "h23" });
    time.textContent += ` (${own} ${root.dataset.ownTime})`;
  }

  // A complete code needs no button.
  const code = find("input[name=code]");
  if (code) {
    let sent = false;
    code.addEventListener("input", () => {
      const letters = code.value.replace(/[\s-]/g, "");
      if (sent || !/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/i.test(letters)) return;
      sent = true;
      code.form.requestSubmit();
    });
  }

  // The resend button waits for its time; the change is announced once.
  const resend = find("[data-resend-in]");
  if (resend) {
    const button = resend.querySelector("button");
    const left = resend.querySelector("[data-left]");
    const ready = inMillis(resend.dataset.resendIn);
    button.disabled = true;
    const tick = () => {
      const seconds = Math.ceil((ready - Date.now()) / 1000);
      if (seconds > 0) {
        left.textContent = ` (${seconds}\u00a0s)`;
        setTimeout(tick, 1000);
      } else {
        left.textContent = "";
        button.disabled = false;
        resend.querySelector("[role=status]").textContent = resend.dataset.ready;
      }
    };
    tick();
  }

  // The waiting tab goes on by itself once its own browser is signed in.
  const wait = find("[data-wait]");
  if (wait) {
    const end = inMillis(wait.dataset.expiresIn);
    const pauses = [2000, 5000];
    let timer = 0;
    let asking = false;
    let last = false;
    const ask = async () => {
      if (asking) return;
      clearTimeout(timer);
      asking = true;
      try {
        const answer = await fetch(wait.dataset.wait, { headers: { accept: "application/json" }, cache: "no-store" });
        const said = answer.ok ? await answer.json() : {};
        if (said.state === "signed_in") return location.replace(said.location);
        if (said.state === "expired") return location.reload();
      } catch {
        // Offline, or the server restarts: ask again later.
      } finally {
        asking = false;
      }
      plan();
    };
    const plan = () => {
      clearTimeout(timer);
      if (document.hidden || last) return;
      last = Date.now() >= end;
      timer = setTimeout(ask, last ? 0 : pauses.shift() || 10000);
    };
    document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : last || ask()));
    plan();
  }
})();
