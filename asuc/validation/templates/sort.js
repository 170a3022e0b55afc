"use strict";
// Tables whose heads are buttons: a press sorts by that column, another the other way round. Rows of equal cells keep their order.
for (const table of document.querySelectorAll("table.sorts")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const number = (text) => Number.parseFloat(text.replaceAll("−", "-").replaceAll(",", ""));
  const key = { words: (text) => text, numbers: number, sizes: (text) => Math.abs(number(text)) };
  const compare = (a, b) => {
    if (typeof a === "string") return a.localeCompare(b, undefined, { numeric: true });
    return Number.isNaN(a) || Number.isNaN(b) ? Number.isNaN(a) - Number.isNaN(b) : a - b;
  };
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const first = head.dataset.by === "words" ? "ascending" : "descending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      const of = key[head.dataset.by];
      const rows = [...body.rows].map((row) => [of(row.cells[column].textContent.trim()), row]);
      rows.sort((a, b) => (order === "ascending" ? compare(a[0], b[0]) : compare(b[0], a[0])));
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      body.append(...rows.map((row) => row[1]));
    });
  });
}
