// What somebody typed is never lost: drafts kept as they grow, files with progress, signing in again over the page.

// Forms with data-autosave: sent half a second after the last change; the stamp says when the server kept it. The answer
// may bring parts of the page anew (data-draft-part, found by id): what is wrong, what the change leads to.
const savers = new WeakMap();
const underway = new WeakMap();
const putParts = (html) => {
  const parts = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-draft-part]")];
  for (const part of parts) {
    const old = document.getElementById(part.id);
    // what holds fields is put anew only when it is for something else: who types in it keeps the cursor
    if (old && !(part.dataset.once && part.dataset.once === old.dataset.once)) old.replaceWith(document.importNode(part, true));
  }
  if (parts.length) document.dispatchEvent(new CustomEvent("draft:parts"));
  return parts.length;
};
const sendDraft = async (form) => {
  const stamp = form.querySelector("[data-saved]") || document.querySelector("[data-saved]");
  const say = (text, late) => { if (stamp) { stamp.textContent = text; stamp.classList.toggle("late", late); } };
  const body = form.enctype === "multipart/form-data" ? new FormData(form) : new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(form.dataset.autosave, { method: "POST", body, headers: { "HX-Request": "true" } });
    if (answer.status === 401) return void document.dispatchEvent(new CustomEvent("session:over", { detail: () => keepDraft(form) }));
    const parts = answer.headers.get("Content-Type")?.startsWith("text/html") ? putParts(await answer.text()) : 0;
    if (!answer.ok && parts && answer.status < 500) return say(stamp?.dataset.failed ?? "", true); // told what is wrong: waits for a change
    if (!answer.ok) throw new Error(answer.status);
    const begun = answer.headers.get("X-Draft-At"); // the first save of something new: from now on it has an address
    if (begun) { form.action = begun; form.dataset.autosave = `${begun}/draft`; history.replaceState(null, "", begun); }
    const at = answer.headers.get("X-Saved-At") || new Date(answer.headers.get("Date")).toLocaleTimeString([], { hour12: false });
    say(`${stamp?.dataset.word} ${at}`, false);
  } catch {
    say(stamp?.dataset.failed ?? "", true);
    savers.set(form, setTimeout(() => keepDraft(form), 5000));
  }
};
// one after the other: the second of two saves knows what the first one changed
const keepDraft = (form) => {
  savers.delete(form);
  const turn = (underway.get(form) ?? Promise.resolve()).then(() => sendDraft(form)).finally(() => { if (underway.get(form) === turn) underway.delete(form); });
  underway.set(form, turn);
  return turn;
};
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.autosave || event.target.type === "file" || "unsaved" in event.target.dataset) return;
  clearTimeout(savers.get(form));
  savers.set(form, setTimeout(() => keepDraft(form), 500));
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.autosave) return;
  clearTimeout(savers.get(form));
  savers.delete(form);
  const turn = underway.get(form);
  if (!turn) return;
  event.preventDefault();
  turn.then(() => form.requestSubmit(event.submitter));
}, true);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  for (const form of document.querySelectorAll("form[data-autosave]")) if (savers.has(form)) { clearTimeout(savers.get(form)); keepDraft(form); }
});

// A button with data-tick-all: ticks all boxes of that name in its form, or none if all are ticked.
document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-tick-all]")?.dataset.tickAll;
  if (!name) return;
  const boxes = [...event.target.closest("form").querySelectorAll(`input[type=checkbox][name="${name}"]`)];
  const all = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !all;
});

// <upload-field>: a file dropped or chosen; with data-action it is sent at once and its progress is shown.
customElements.define("upload-field", class extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input[type=file]");
    this.bar = this.querySelector("progress");
    this.state = this.querySelector(".upload-state");
    for (const kind of ["dragenter", "dragover"]) this.addEventListener(kind, (event) => { event.preventDefault(); this.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) this.addEventListener(kind, () => this.classList.remove("over"));
    this.addEventListener("drop", (event) => { event.preventDefault(); input.files = event.dataTransfer.files; input.dispatchEvent(new Event("change", { bubbles: true })); });
    input.addEventListener("change", () => {
      this.state.textContent = [...input.files].map((file) => `${file.name} (${Math.ceil(file.size / 1024)} KB)`).join(", ");
      if (this.dataset.action && input.files.length) this.send(input);
    });
  }
  send(input) {
    const data = new FormData();
    for (const file of input.files) data.append(input.name, file);
    const request = new XMLHttpRequest();
    request.open("POST", this.dataset.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.onprogress = (event) => { if (event.lengthComputable) this.bar.value = (100 * event.loaded) / event.total; };
    request.onloadend = () => {
      const done = request.status >= 200 && request.status < 400;
      this.bar.hidden = true;
      this.state.textContent += ` · ${done ? this.dataset.sent : this.dataset.failed}`;
      this.classList.toggle("wrong", !done);
      if (request.status === 401) document.dispatchEvent(new CustomEvent("session:over", { detail: () => this.send(input) }));
      this.dispatchEvent(new CustomEvent(done ? "upload:done" : "upload:failed", { bubbles: true, detail: request.responseText }));
      if (done && this.dataset.then) location.assign(this.dataset.then);
    };
    this.bar.hidden = false;
    request.send(data);
  }
});

// A session that ended while somebody typed: sign in beside the page, then what was under way goes on.
let afterSignIn = null;
const sessionOver = (event) => {
  const dialog = document.getElementById("sign-in-again");
  afterSignIn = typeof event.detail === "function" ? event.detail : null;
  if (dialog && !dialog.open) dialog.showModal();
};
document.addEventListener("session:over", sessionOver);
document.addEventListener("htmx:before:response", (event) => {
  const { response, sourceElement: source } = event.detail?.ctx ?? {};
  if (response?.status !== 401 && !(response?.status >= 500)) return;
  event.preventDefault(); // nothing is swapped: what was typed stays
  const again = () => (source.requestSubmit ? source.requestSubmit() : source.click());
  if (response.status === 401) sessionOver({ detail: again });
  else if (source?.id !== "stream") toast(document.getElementById("toasts").dataset.failed, again);
});
// coming back from the tab where one signed in
document.addEventListener("visibilitychange", async () => {
  const dialog = document.getElementById("sign-in-again");
  if (document.visibilityState !== "visible" || !dialog?.open) return;
  const answer = await fetch(location.href, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer && answer.status !== 401) { dialog.close(); afterSignIn?.(); afterSignIn = null; }
});
