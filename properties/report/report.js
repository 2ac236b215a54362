// Cells and laws are plain links to fragments; this opens them in a dialog, so that every cell has an address.
(() => {
  const dialog = document.querySelector("dialog");
  const body = document.getElementById("dialog-body");
  const key = (link) => decodeURIComponent(link.getAttribute("href").slice(1));
  const cells = new Map(), laws = new Map(), stories = new Map();
  document.querySelectorAll(".laws td a").forEach((a) => cells.set(key(a), a));
  document.querySelectorAll("article.law").forEach((a) => laws.set(a.id, a));
  const byName = new Map([...laws.values()].map((a) => [a.dataset.law, a]));
  document.querySelectorAll(".story").forEach((s) => stories.set(s.dataset.story, [...(stories.get(s.dataset.story) ?? []), s]));
  const words = { holds: "holds", broken: "BROKEN", known: "known failure", absent: "does not apply", unasked: "nothing to judge", blocked: "another law says why", error: "error of the law" };

  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const copyOf = (parent, selector) => [...parent.querySelectorAll(selector)].map((n) => n.cloneNode(true));

  const chip = (cell) => make("span", { className: "chip " + cell.className, ariaHidden: "true" }, cell.textContent);
  // How all methods fared: a line for each outcome.
  const fared = (law) => {
    const lines = new Map();
    for (const cell of cells.values())
      if (cell.dataset.law === law.dataset.law) lines.set(cell.className, [...(lines.get(cell.className) ?? []), cell]);
    const link = (cell) => make("a", { href: cell.getAttribute("href") }, cell.dataset.method);
    const told = Object.keys(words).filter((status) => lines.has(status)).map((status) => {
      const found = lines.get(status);
      return make("li", {}, chip(found[0]), make("p", {}, make("b", {}, words[status] + ": "), ...found.map(link)));
    });
    return [make("p", { className: "label" }, "How the methods fared"), make("ul", { className: "fared" }, ...told)];
  };
  const lawView = (law) => [
    make("h2", { id: "dialog-title" }, make("code", {}, law.dataset.law)),
    ...copyOf(law, ".sentence, .equation, .cites"),
    ...fared(law),
    ...mutants(law),
  ];
  const command = (cell) => {
    const head = cell.closest("table").tHead.rows[0].cells[cell.parentElement.cellIndex].dataset.command;
    if (!head) return [];
    const code = make("code", { tabIndex: 0 }, `${head} --law ${cell.dataset.law}${dialog.dataset.options}`);
    const copy = make("button", { type: "button", className: "copy" }, "Copy");
    return [make("p", { className: "label" }, "This law on this method"), make("div", { className: "replay" }, code, copy)];
  };
  const mutants = (law) => {
    const found = copyOf(law, ".mutants");
    return found.length ? [make("p", { className: "label" }, "Mutants it is known to catch"), ...found] : [];
  };
  const cellView = (cell, address) => {
    const law = byName.get(cell.dataset.law), status = cell.className, data = cell.dataset;
    const facts = make("dl", { className: "facts" });
    for (const [name, value] of [["worst gap, ulps", data.ulps], ["examples", data.examples], ["refused draws", data.refused], ["seconds", data.seconds]])
      if (value !== undefined) facts.append(make("div", {}, make("dt", {}, name), make("dd", {}, value)));
    const told = (stories.get(address) ?? []).flatMap((story) => copyOf(story, "pre, .label, .replay"));
    return [
      make("p", { className: "verdict " + status }, chip(cell), " " + words[status]),
      make("h2", { id: "dialog-title" }, make("code", {}, data.law)),
      make("p", { className: "method" }, data.method),
      ...copyOf(law, ".sentence, .equation, .cites"),
      ...(data.reason ? [make("p", { className: "reason" }, data.reason)] : []),
      ...told,
      ...(facts.children.length ? [facts] : []),
      ...(told.length || status === "absent" ? [] : command(cell)), // a story has its own
      ...(status === "absent" ? [] : mutants(law)),
    ];
  };

  const sync = () => {
    const address = decodeURIComponent(location.hash.slice(1));
    const cell = cells.get(address), law = laws.get(address);
    if (!cell && !law) return dialog.open && dialog.close();
    body.replaceChildren(...(cell ? cellView(cell, address) : lawView(law)));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  };
  const go = (address) => {
    history.pushState(null, "", "#" + address);
    sync();
  };
  addEventListener("popstate", sync);
  // On a phone the long tables are folded, until somebody goes there, and all stories but the first.
  if (matchMedia("(max-width: 39.99rem)").matches) {
    document.querySelectorAll("details.table").forEach((table) => (table.open = false));
    document.querySelectorAll(".story").forEach((story, place) => (story.open = place === 0));
    const unfold = () => {
      const table = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.querySelector("details.table");
      if (table) table.open = true;
    };
    addEventListener("hashchange", unfold);
    unfold();
  }
  dialog.addEventListener("close", () => location.hash && history.replaceState(null, "", location.href.split("#")[0]));

  document.addEventListener("click", async (event) => {
    if (event.target === dialog) return dialog.close(); // the backdrop
    const copy = event.target.closest(".copy");
    if (copy) {
      const code = copy.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = "Copied";
        setTimeout(() => (copy.textContent = "Copy"), 1500);
      } catch {
        getSelection().selectAllChildren(code); // no clipboard here: Ctrl+C is one key away
      }
      return;
    }
    const link = event.target.closest("a[href^='#law/']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(key(link));
  });

  // One tab stop for a whole table, arrow keys inside it.
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  document.querySelectorAll("table.laws").forEach((table) => {
    const grid = [...table.querySelectorAll("tbody tr:not(.chapter)")].map((row) => [...row.cells].map((c) => c.querySelector("a")));
    const links = grid.flatMap((row) => row.slice(1)).filter(Boolean);
    const stop = (link) => links.forEach((a) => (a.tabIndex = a === link ? 0 : -1));
    // On a phone most cells are hidden: the rest stay where the tab key finds them.
    if (links.length && matchMedia("(min-width: 40rem)").matches) stop(links[0]);
    table.addEventListener("keydown", (event) => {
      const move = moves[event.key];
      let row = grid.findIndex((r) => r.includes(event.target));
      if (!move || row < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      let column = grid[row].indexOf(event.target), next;
      do next = grid[(row += move[0])]?.[(column += move[1])];
      while (next === null); // cells that were not run
      event.preventDefault();
      next?.focus();
    });
    const heads = [...table.tHead.rows[0].cells];
    const light = (event) => {
      const column = event.target.closest?.("tbody td")?.cellIndex;
      heads.forEach((head, index) => head.classList.toggle("lit", index === column));
      if (event.type === "focusin" && links.includes(event.target) && event.target.tabIndex) stop(event.target);
    };
    table.addEventListener("pointerover", light);
    table.addEventListener("focusin", light);
  });

  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  sync();
})();
