"use strict";
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const field = (name) => document.getElementById(name);
  const rows = Array.from(document.getElementById("rows").rows, (row) => ({
    row,
    text: row.textContent.toLowerCase(),
    person: row.cells[1].textContent.toLowerCase(),
  }));
  let waiting = 0;

  function filter() {
    const text = field("text").value.trim().toLowerCase();
    const person = field("person").value.trim().toLowerCase();
    const [project, action, outcome] = ["project", "action", "outcome"].map((name) => field(name).value);
    let count = 0;
    for (const entry of rows) {
      const data = entry.row.dataset;
      const fits = (!project || data.project === project)
        && (!action || data.action === action)
        && (!outcome || data.outcome === outcome)
        && entry.person.includes(person)
        && entry.text.includes(text);
      if (entry.row.hidden === fits) entry.row.hidden = !fits;
      count += fits ? 1 : 0;
    }
    shown.textContent = `${count} of ${rows.length}`;
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", later);
  form.addEventListener("reset", later);
})();
