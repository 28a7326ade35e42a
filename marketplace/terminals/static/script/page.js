// The page as a whole: live chip, server time from the stream's pulse, focus after errors, toasts when sending fails.
document.documentElement.classList.add("js");

window.serverTime = {
  offset: -Infinity,
  // the largest offset comes from the sample that was least delayed; the client's clock is never read
  sample(iso) { const at = Date.parse(iso); if (at) this.offset = Math.max(this.offset, at - performance.now()); },
  now() { return performance.now() + this.offset; },
};

customElements.define("live-chip", class extends HTMLElement {
  connectedCallback() {
    this.heard = 0;
    this.on = () => {
      const pulse = document.getElementById("pulse");
      if (pulse?.dateTime) { serverTime.sample(pulse.dateTime); this.shown = pulse.dataset.shown || ""; }
      this.heard = performance.now();
      this.show("ok", this.dataset.liveWord);
    };
    document.addEventListener("htmx:sse:after:message", this.on);
    this.timer = setInterval(() => {
      if (this.heard && performance.now() - this.heard > 15000) this.show("old", `${this.dataset.staleWord} ${this.shown}`);
    }, 1000);
  }
  disconnectedCallback() { clearInterval(this.timer); document.removeEventListener("htmx:sse:after:message", this.on); }
  show(look, word) {
    if (this.textContent.trim() === word) return;
    this.className = `chip ${look}`;
    this.querySelector(".chip-word").textContent = word;
  }
});

window.toast = (text, again) => {
  const box = document.getElementById("toasts");
  const note = Object.assign(document.createElement("div"), { className: "note bad" });
  note.append(Object.assign(document.createElement("div"), { textContent: text }));
  if (again) {
    const button = Object.assign(document.createElement("button"), { className: "btn small", type: "button", textContent: box.dataset.again });
    button.onclick = () => { note.remove(); again(); };
    note.append(button);
  }
  box.replaceChildren(note);
  setTimeout(() => note.remove(), 15000);
};
window.addEventListener("offline", () => toast(document.getElementById("toasts").dataset.offline));
document.addEventListener("htmx:error", (event) => {
  if (event.target.id !== "stream") toast(document.getElementById("toasts").dataset.failed);
});
// what a summary says of a field begins with the field's own label
const nameProblems = () => {
  for (const link of document.querySelectorAll(".error-summary a:not([data-named])")) {
    const field = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const label = field?.labels?.[0] ?? field?.closest("fieldset")?.querySelector("legend");
    const name = label?.querySelector(".strong") ?? label?.firstChild;
    if (label) link.prepend(`${(name?.textContent || label.textContent).trim()}: `);
    link.dataset.named = "";
  }
};
const focusProblem = () => {
  nameProblems();
  document.querySelector("[data-focus]:not([data-focused])")?.focus();
};
document.addEventListener("DOMContentLoaded", focusProblem);
// in a row that is wider than a phone, the present entry is the one to be seen
document.addEventListener("DOMContentLoaded", () => {
  for (const now of document.querySelectorAll(".steps .now, .tabs [aria-current], .sidenav [aria-current]")) {
    const row = now.closest("ol, ul, .tabs");
    if (row) row.scrollLeft += now.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - now.offsetWidth) / 2;
  }
});
document.addEventListener("htmx:after:swap", focusProblem);
document.addEventListener("focusin", (event) => event.target.matches("[data-focus]") && (event.target.dataset.focused = ""));

// <copy-button>: copies the text beside it and says so.
customElements.define("copy-button", class extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      const use = button.querySelector("use");
      use.setAttribute("href", use.getAttribute("href").replace("#copy", "#check"));
      document.getElementById("spoken").textContent = "✓";
    });
  }
});

// <server-clock>: counts down from the server's time; a stream message renews data-now and data-ends.
customElements.define("server-clock", class extends HTMLElement {
  static observedAttributes = ["data-now", "data-ends"];
  attributeChangedCallback(name, before, value) {
    if (name === "data-now") serverTime.sample(value);
    else if (before && before !== value) this.said = undefined;
  }
  connectedCallback() {
    this.timer = setInterval(this.on = () => this.tick(), 250);
    document.addEventListener("htmx:sse:after:message", this.on); // before the message's own figures are painted
    this.tick();
  }
  disconnectedCallback() { clearInterval(this.timer); document.removeEventListener("htmx:sse:after:message", this.on); }
  tick() {
    if ("paused" in this.dataset) return; // the server wrote what is left, and it stands still
    const left = Math.max(0, Math.ceil((Date.parse(this.dataset.ends) - serverTime.now()) / 1000));
    const text = left ? this.words(left) : this.dataset.ended;
    const figures = this.querySelector(".clock-figures");
    if (figures && figures.textContent !== text) figures.textContent = text;
    this.classList.toggle("soon", left > 0 && left <= 60);
    const mark = [30, 60, 300].find((seconds) => left <= seconds);
    if (left && mark !== this.said && this.said !== undefined && mark) {
      document.getElementById("spoken").textContent = `${this.words(mark)} ${this.dataset.left}`;
    }
    this.said = mark ?? 0;
    if (!left && !this.over) { this.over = true; this.dispatchEvent(new Event("clock:ended", { bubbles: true })); }
  }
  words(left) {
    const two = (figure) => String(Math.floor(figure) % 60).padStart(2, "0");
    const hours = Math.floor(left / 3600);
    if (hours >= 24) return `${Math.floor(hours / 24)} ${this.dataset.days} ${String(hours % 24).padStart(2, "0")}:${two(left / 60)}`;
    return hours ? `${hours}:${two(left / 60)}:${two(left)}` : `${Math.floor(left / 60)}:${two(left)}`;
  }
});

// Dialogs opened by data-opens, closed by data-close; menus that close by themselves; questions before a form goes.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    opener.closest("[data-menu]")?.removeAttribute("open");
    if (!dialog.open) dialog.showModal();
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close(); // the backdrop
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("[data-menu][open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (!question || event.target.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const dialog = Object.assign(document.createElement("dialog"), { className: "dialog" });
  const body = Object.assign(document.createElement("div"), { className: "dialog-body" });
  const heading = Object.assign(document.createElement("h2"), { id: "confirm-title", textContent: question });
  const row = Object.assign(document.createElement("div"), { className: "row end" });
  const words = document.getElementById("toasts").dataset;
  const no = Object.assign(document.createElement("button"), { className: "btn quiet", type: "button", textContent: words.cancel, autofocus: true });
  const yes = Object.assign(document.createElement("button"), { className: "btn primary", type: "button", textContent: event.submitter?.textContent.trim() || words.again });
  if (event.submitter?.classList.contains("danger")) yes.className = "btn danger";
  no.dataset.close = "";
  yes.onclick = () => { event.target.dataset.confirmed = "yes"; dialog.close(); event.target.requestSubmit(event.submitter); delete event.target.dataset.confirmed; };
  dialog.setAttribute("aria-labelledby", "confirm-title");
  row.append(no, yes); body.append(heading, row); dialog.append(body); document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}, true);

// <command-bar>: Ctrl K; the pages of the navigation and what GET /search?q= finds (a piece of HTML with links).
customElements.define("command-bar", class extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input");
    this.list = this.querySelector(".command-list");
    this.pages = [...this.list.children];
    this.dialog = this.closest("dialog");
    this.input.addEventListener("input", () => this.look());
    this.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); if (!this.dialog.open) this.dialog.showModal(); this.input.select(); }
    });
  }
  look() {
    const words = this.input.value.trim().toLowerCase();
    const own = this.pages.filter((link) => link.textContent.toLowerCase().includes(words));
    this.list.replaceChildren(...own);
    clearTimeout(this.timer);
    if (words.length > 1) this.timer = setTimeout(() => this.find(words, own), 200);
  }
  async find(words, own) {
    const answer = await fetch(`/search?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (words !== this.input.value.trim().toLowerCase()) return;
    const found = answer?.ok ? [...new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll("a[href]")] : [];
    this.list.replaceChildren(...own, ...found);
    if (!this.list.children.length) this.list.append(Object.assign(document.createElement("p"), { className: "muted", textContent: this.dataset.none }));
  }
  key(event) {
    const links = [...this.list.querySelectorAll("a")];
    const at = links.findIndex((link) => link.classList.contains("at"));
    if (event.key === "Enter" && event.target === this.input && (links[at] || links[0])) { event.preventDefault(); (links[at] || links[0]).click(); }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    links[at]?.classList.remove("at");
    const next = links[(at + (event.key === "ArrowDown" ? 1 : links.length + (at < 0 ? 0 : -1))) % links.length];
    next?.classList.add("at");
    next?.scrollIntoView({ block: "nearest" });
  }
});

// Single keys: ? for help; J, K, Enter, X in a table marked data-keys. They can be switched off, and the choice stays.
const singleKeys = () => localStorage.getItem("single-keys") !== "off";
customElements.define("hot-keys", class extends HTMLElement {
  connectedCallback() {
    const box = this.querySelector("[data-single-keys]");
    box.checked = singleKeys();
    box.addEventListener("change", () => localStorage.setItem("single-keys", box.checked ? "on" : "off"));
  }
});
let marked = ""; // the row that J or K came to: a live page may get its table anew
document.addEventListener("htmx:sse:after:message", () => {
  const row = marked && document.getElementById(marked);
  if (row && !row.parentElement.querySelector("tr.at")) row.classList.add("at");
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !singleKeys()) return;
  if (event.target.closest("input, select, textarea, [contenteditable], dialog[open], paste-grid")) return;
  if (event.key === "?") return void document.getElementById("keyboard-help")?.showModal();
  const rows = [...document.querySelectorAll("[data-keys] tbody tr:not(.empty-row)")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("at"));
  const step = { j: 1, k: -1 }[event.key.toLowerCase()];
  if (step) {
    rows[at]?.classList.remove("at");
    const row = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    row.classList.add("at");
    marked = row.id;
    row.scrollIntoView({ block: "nearest" });
    row.querySelector("a, button, input")?.focus();
  } else if (event.key === "Enter" && at >= 0 && !event.target.closest("a, button, summary")) rows[at].querySelector("a")?.click();
  else if (event.key.toLowerCase() === "x" && at >= 0) rows[at].querySelector("[data-x], input[type=checkbox]")?.click();
});
