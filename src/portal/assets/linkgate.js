// linkgate: what makes the pages more comfortable. Every page works without it.
"use strict";
(() => {
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);
  const inMillis = (seconds) => Date.now() + Number(seconds) * 1000;

  // The server never sees `#fragment`; the form carries it.
  const fragment = find("input[name=fragment]");
  if (fragment && location.hash) {
    fragment.value = location.hash;
    for (const link of document.querySelectorAll("main a")) {
      if (link.protocol.startsWith("http")) link.hash ||= location.hash;
    }
  }

  // A redirect keeps the fragment: it survives another language.
  const languages = find("form.languages");
  if (languages) languages.action += location.hash;

  // Clock times are UTC, as in the mail. Where the visitor's clock differs, it is told as well;
  // beside a date the day too, where that differs.
  for (const time of document.querySelectorAll("time[data-clock]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime()) || at.getTimezoneOffset() === 0) continue;
    const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", numberingSystem: "latn" };
    if (time.dataset.clock === "seconds") form.second = "2-digit";
    if (time.dataset.clock === "moment" && at.getDate() !== at.getUTCDate()) {
      form.day = "numeric";
      form.month = "long";
    }
    time.textContent = root.dataset.ownTime
      .replace("{utc}", () => time.textContent)
      .replace("{own}", () => at.toLocaleString(root.lang, form));
  }

  // A double click sends a form once. The button is not disabled: the browser would leave its name
  // out, and after "stop" or "back" it has to work again.
  let sent = new WeakMap();
  addEventListener("pageshow", () => (sent = new WeakMap()));
  document.addEventListener("submit", (event) => {
    const waits = event.submitter?.getAttribute("aria-disabled") === "true";
    if (waits || Date.now() - (sent.get(event.target) || 0) < 3000) event.preventDefault();
    else sent.set(event.target, Date.now());
  });

  // A password can be looked at while it is typed.
  const show = find("[data-show]");
  if (show) {
    show.hidden = false;
    show.onchange = ({ target }) => (find("#password").type = target.checked ? "text" : "password");
  }

  // A complete code alone needs no button.
  const code = find("[data-alone]");
  code?.addEventListener("input", () => {
    if (/^([\s-]*[BCDFGHJKLMNPQRSTVWXZ]){8}[\s-]*$/i.test(code.value)) code.form.requestSubmit();
  });

  // The resend button waits for its time; that it is ready is announced once.
  const resend = find("[data-resend-in]");
  if (resend) {
    const words = resend.textContent;
    const ready = inMillis(resend.dataset.resendIn);
    const tick = () => {
      const seconds = Math.ceil((ready - Date.now()) / 1000);
      if (seconds > 0) {
        resend.setAttribute("aria-disabled", "true");
        resend.textContent = resend.dataset.label.replace("{seconds}", seconds);
        setTimeout(tick, 1000);
      } else {
        resend.removeAttribute("aria-disabled");
        resend.textContent = words;
        const line = find("[data-ready]");
        line.textContent = line.dataset.ready;
      }
    };
    tick();
  }

  // The waiting tab goes on by itself once its own browser is signed in.
  const wait = find("[data-wait]");
  if (wait && window.fetch) {
    const end = inMillis(wait.dataset.expiresIn);
    const pauses = [2000, 5000];
    let timer = 0;
    let asking = false;
    let last = false;
    const plan = () => {
      clearTimeout(timer);
      if (document.hidden || last) return;
      const left = end - Date.now();
      last = left <= 0;
      timer = setTimeout(ask, last ? 0 : Math.min(pauses.shift() || 10000, left + 500));
    };
    const ask = async () => {
      if (asking) return;
      clearTimeout(timer);
      asking = true;
      try {
        const answer = await fetch(wait.dataset.wait, { headers: { accept: "application/json" }, cache: "no-store" });
        if (answer.ok && heard(await answer.json())) return;
      } catch {
        // Offline, or the server restarts: ask again later.
      } finally {
        asking = false;
      }
      plan();
    };
    // Whether there is nothing more to ask.
    const heard = ({ state, location: to }) => {
      if (state === "signed_in") {
        location.replace(to.includes("#") ? to : to + location.hash);
        return true;
      }
      // Unknown: signed out in another tab, and forgotten here.
      if (state === "expired" || state === "unknown") {
        location.reload();
        return true;
      }
      const slow = state === "delayed" && find("[data-slow]");
      if (slow) {
        slow.textContent = slow.dataset.slow;
        delete slow.dataset.slow;
      }
      return false;
    };
    const now = () => (document.hidden ? clearTimeout(timer) : last || ask());
    document.addEventListener("visibilitychange", now);
    addEventListener("pageshow", (event) => event.persisted && now());
    plan();
  }
})();
