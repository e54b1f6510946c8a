"use strict";
// Sorting by a click on a column's head and searching as one types, for the table of languages.
// Without this script the table is complete, in the order of its documents.
(() => {
  const table = document.getElementById("languages");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);

  // Case and accents do not matter to a search: "turkce" finds "Türkçe".
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const texts = new Map(rows.map((row) => [row, fold(row.textContent)]));
  const collator = new Intl.Collator("en", { numeric: true });

  const value = (row, column, type) => {
    const cell = row.cells[column];
    if (type === "text") return cell.textContent.trim() || null;
    return cell.dataset.sort ? Number(cell.dataset.sort) : null;
  };

  // What has no value stays last in both directions; equals keep the order in which the page lists them.
  const sort = (column, type, ascending) => {
    const sign = ascending ? 1 : -1;
    const keyed = rows.map((row) => [value(row, column, type), row]);
    keyed.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * (type === "text" ? collator.compare(a, b) : a - b);
    });
    body.append(...keyed.map(([, row]) => row));
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  };

  heads.forEach((head, column) => {
    const type = head.dataset.type;
    if (!type) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      sort(column, type, now ? now === "descending" : type === "text");
    });
  });

  const query = document.getElementById("query");
  const shown = document.getElementById("shown");
  const search = () => {
    const words = fold(query.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      row.hidden = !words.every((word) => texts.get(row).includes(word));
      count += !row.hidden;
    }
    shown.textContent = words.length ? `${count} of ${rows.length}` : `${rows.length} labels`;
  };
  query.addEventListener("input", search);
  document.getElementById("search").hidden = false;
  search();
})();
