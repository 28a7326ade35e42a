// <paste-grid>: a table of inputs that moves, pastes and fills like a spreadsheet. Good cells are kept as they are.
customElements.define("paste-grid", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("paste", (event) => this.paste(event));
    this.addEventListener("focusin", (event) => event.target.matches("input:not([type=checkbox])") && event.target.select());
  }
  /** Rows of inputs and selects, as they stand in the table's body. */
  cells() {
    return [...this.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.querySelector("input:not([type=hidden]), select")).filter(Boolean)).filter((row) => row.length);
  }
  place(input) {
    const rows = this.cells();
    const row = rows.findIndex((one) => one.includes(input));
    return row < 0 ? null : { rows, row, column: rows[row].indexOf(input) };
  }
  go(rows, row, column) {
    const next = rows[row]?.[Math.min(column, rows[row].length - 1)];
    next?.focus();
    return Boolean(next);
  }
  key(event) {
    const at = this.place(event.target);
    if (!at || event.altKey) return;
    const { rows, row, column } = at;
    const field = event.target;
    const text = field.matches("input:not([type=checkbox])");
    const edge = (side) => !text || (field.selectionStart === 0 && field.selectionEnd === field.value.length) || (field.selectionStart === field.selectionEnd && field.selectionStart === (side < 0 ? 0 : field.value.length));
    const rtl = getComputedStyle(this).direction === "rtl" ? -1 : 1;
    let moved = false;
    if (event.key === "Enter" && field.type !== "checkbox") { this.go(rows, row + (event.shiftKey ? -1 : 1), column); moved = true; } // never sends the form
    else if (event.key === "ArrowDown" && text) moved = this.go(rows, row + 1, column);
    else if (event.key === "ArrowUp" && text) moved = this.go(rows, row - 1, column);
    else if (event.key === "ArrowRight" && !event.shiftKey && edge(1)) moved = column + rtl >= 0 && this.go(rows, row, column + rtl);
    else if (event.key === "ArrowLeft" && !event.shiftKey && edge(-1)) moved = column - rtl >= 0 && this.go(rows, row, column - rtl);
    else if (event.ctrlKey && event.key === "Home") moved = this.go(rows, 0, 0);
    else if (event.ctrlKey && event.key === "End") moved = this.go(rows, rows.length - 1, Infinity);
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d") { this.fill(rows, row, column); moved = true; }
    else if (event.key === "Escape" && text && field.value !== field.defaultValue) { this.put(field, field.defaultValue); field.select(); moved = true; }
    if (moved) event.preventDefault();
  }
  put(field, value) {
    if (!field || field.disabled || field.readOnly) return;
    if (field.type === "checkbox") field.checked = /^(1|x|y|yes|true)$/i.test(value.trim());
    else if (field.tagName === "SELECT") {
      const wanted = value.trim().toLowerCase();
      const option = [...field.options].find((one) => one.value.toLowerCase() === wanted || one.text.trim().toLowerCase() === wanted);
      if (!option) return;
      field.value = option.value;
    } else field.value = value.trim();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  /** Ctrl D: the value above if the cell is empty, otherwise this value into all empty cells below. */
  fill(rows, row, column) {
    const value = (field) => (field.type === "checkbox" ? (field.checked ? "yes" : "") : field.value);
    const own = value(rows[row][column]);
    if (!own && row) return this.put(rows[row][column], value(rows[row - 1][column]));
    for (const below of rows.slice(row + 1)) if (below[column] && !value(below[column])) this.put(below[column], own);
  }
  paste(event) {
    const text = event.clipboardData.getData("text/plain").replace(/\r/g, "").replace(/\n$/, "");
    const at = this.place(event.target);
    if (!at || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    const block = text.split("\n").map((line) => line.split("\t"));
    block.forEach((line, down) => line.forEach((value, right) => this.put(at.rows[at.row + down]?.[at.column + right], value)));
    this.dispatchEvent(new CustomEvent("grid:pasted", { bubbles: true, detail: { rows: block.length, left: Math.max(0, at.row + block.length - at.rows.length) } }));
  }
});
