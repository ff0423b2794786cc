/* Linernotes: what pages need a script for. Without it, nothing is missing but comfort. */

/* The filter of the navigation: "developer, beginner" stays chosen from page to page. */
(() => {
  "use strict";
  const script = document.currentScript;
  const list = document.querySelector(".md-nav--primary > .md-nav__list");
  if (!script || !list) return;
  const root = new URL("../../", script.src);
  const KINDS = [["personas", "Reader", "Everyone"], ["levels", "Level", "Any level"]];
  const CHOICE = `linernotes-filter:${root.pathname}`;
  const KNOWN = `linernotes-pages:${root.pathname}`;

  const kept = (storage, key) => {
    try { return JSON.parse(storage.getItem(key)); } catch { return null; }
  };
  const keep = (storage, key, value) => {
    try { storage.setItem(key, JSON.stringify(value)); } catch { /* private browsing */ }
  };
  const make = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  const choice = { personas: "", levels: "", ...kept(localStorage, CHOICE) };
  const selects = {};
  const count = make("p", { className: "ln-filter__count" });
  count.setAttribute("role", "status");
  const box = make("form", { className: "ln-filter" });
  box.setAttribute("aria-label", "Filter the navigation");
  box.addEventListener("submit", (event) => event.preventDefault());
  for (const [kind, name, all] of KINDS) {
    const select = make("select", { className: "ln-filter__select" });
    select.setAttribute("aria-label", name);
    select.append(new Option(all, ""));
    select.addEventListener("change", () => {
      choice[kind] = select.value;
      keep(localStorage, CHOICE, choice);
      show();
    });
    selects[kind] = select;
    box.append(select);
  }
  const clear = make("button", { className: "ln-filter__clear", type: "button", textContent: "Show all" });
  clear.addEventListener("click", () => {
    for (const [kind] of KINDS) choice[kind] = selects[kind].value = "";
    keep(localStorage, CHOICE, choice);
    show();
    selects.personas.focus();
  });
  const browse = make("a", { className: "ln-filter__browse", textContent: "Browse" });
  box.append(make("div", { className: "ln-filter__line" }, count, clear, browse));

  let data = null;

  const learn = (found) => {
    data = found;
    browse.href = new URL(data.browse, root).href;
    for (const [kind, , all] of KINDS) {
      selects[kind].replaceChildren(
        new Option(all, ""),
        ...data[kind].map(([name, label]) => new Option(label, name)),
      );
      if (!data[kind].some(([name]) => name === choice[kind])) choice[kind] = "";
      selects[kind].value = choice[kind];
    }
    if (!data.levels.length && !data.personas.length) box.remove();
    else if (!box.isConnected) list.before(box);
    show();
  };

  const fits = (link) => {
    const url = new URL(link.href);
    if (url.origin !== root.origin || !url.pathname.startsWith(root.pathname)) return true;
    const page = data.pages[url.pathname.slice(root.pathname.length)];
    if (!page) return false;
    const [levels, personas] = page;
    const at = (kind) => data[kind].findIndex(([name]) => name === choice[kind]);
    return (!choice.levels || levels.includes(at("levels")))
      && (!choice.personas || personas.includes(at("personas")));
  };

  /* An item stays if its page fits, if one below it does, or if it is the page one is on. */
  const sift = (items, on) => {
    let shown = 0;
    for (const item of items) {
      const below = item.querySelectorAll(":scope > nav:not(.md-nav--secondary) > ul > li");
      const link = item.querySelector(":scope > a.md-nav__link, :scope > .md-nav__container > a.md-nav__link");
      const inside = sift(below, on);
      const own = link && (!on || fits(link));
      item.hidden = on && !own && !inside && !item.querySelector(":scope > .md-nav__link--active");
      shown += inside + (own ? 1 : 0);
    }
    return shown;
  };

  const show = () => {
    const on = Boolean(data && (choice.personas || choice.levels));
    const shown = sift(list.querySelectorAll(":scope > li"), on);
    box.classList.toggle("ln-filter--on", on);
    clear.hidden = !on;
    count.hidden = !on;
    count.textContent = on ? `${shown} ${shown === 1 ? "page" : "pages"}` : "";
  };

  /* It is there at once, so that nothing moves when its choices arrive. What an earlier page learnt
     is shown at once too; then it is brought up to date. */
  show();
  list.before(box);
  const known = kept(sessionStorage, KNOWN);
  if (known) learn(known);
  fetch(new URL("pages.json", script.src))
    .then((response) => (response.ok ? response.json() : Promise.reject()))
    .then((found) => {
      if (JSON.stringify(found) === JSON.stringify(known)) return;
      keep(sessionStorage, KNOWN, found);
      learn(found);
    })
    .catch(() => {
      /* Offline, or opened as a file: the navigation stays whole. */
      if (!data) box.remove();
    });
})();

/* What lies over the text closes as people expect: by Escape, which gives focus back, or a click elsewhere. */
(() => {
  "use strict";
  const FLOATING = "details:is(.ln-mark, .ln-menu)[open]";
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelectorAll(FLOATING);
    for (const one of open || []) {
      if (one.contains(document.activeElement)) one.querySelector("summary").focus();
      one.open = false;
    }
  });
  document.addEventListener("click", (event) => {
    for (const one of document.querySelectorAll(FLOATING)) {
      if (!one.contains(event.target)) one.open = false;
    }
  });
})();

/* The page menu: copies exactly the Markdown that "View as Markdown" shows. */
(() => {
  "use strict";
  const menu = document.querySelector(".ln-menu");
  const button = menu && menu.querySelector("[data-copy]");
  if (!button) return;
  const label = button.textContent;

  const text = async () => {
    const response = await fetch(button.dataset.copy);
    if (!response.ok) throw new Error(response.statusText);
    return response.text();
  };
  const copy = async () => {
    /* Safari wants the write to begin in the click, before the text is there. */
    if (window.ClipboardItem && navigator.clipboard && navigator.clipboard.write) {
      const blob = text().then((found) => new Blob([found], { type: "text/plain" }));
      return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    }
    return navigator.clipboard.writeText(await text());
  };
  const say = (said) => {
    button.textContent = said;
    setTimeout(() => { button.textContent = label; }, 2000);
  };

  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => {
    copy().then(() => say("Copied"), () => say("Can\u2019t copy here: view it instead"));
  });
})();
/* End of the page menu. */
