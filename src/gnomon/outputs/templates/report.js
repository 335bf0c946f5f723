(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Light or dark: the reader's choice outlives the page where the browser lets it.
  const remember = (value) => { try { localStorage.setItem("gnomon-theme", value); } catch { /* a file may have no storage */ } };
  try { const kept = localStorage.getItem("gnomon-theme"); if (kept) root.dataset.theme = kept; } catch { /* as above */ }
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  all("[data-theme-toggle]").forEach((button) => {
    const word = () => { button.textContent = isDark() ? "Light" : "Dark"; };
    button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; remember(root.dataset.theme); word(); });
    word();
  });

  // Recordings: a click on a spectrogram plays it, another one stops it.
  all(".player .play").forEach((button) => {
    const sound = button.nextElementSibling;
    button.addEventListener("click", () => {
      all(".player audio").forEach((other) => { if (other !== sound) other.pause(); });
      if (sound.paused) { sound.currentTime = 0; sound.play(); } else sound.pause();
    });
    sound.addEventListener("play", () => button.classList.add("playing"));
    ["pause", "ended"].forEach((name) => sound.addEventListener(name, () => button.classList.remove("playing")));
  });

  // Curves: one cursor through all charts of a group; the legend shows the values under it.
  all(".charts").forEach((group) => {
    const plots = all("svg.plot", group).map((svg) => ({ svg, data: JSON.parse(svg.dataset.plot), head: svg.previousElementSibling }));
    plots.forEach((plot) => { plot.resting = all("li b", plot.head).map((b) => b.textContent); });
    const nearest = (xs, x) => xs.reduce((best, value, i) => Math.abs(value - x) < Math.abs(xs[best] - x) ? i : best, 0);
    const read = (x) => plots.forEach(({ svg, data, head }) => {
      svg.classList.add("reading");
      head.classList.add("reading");
      const guide = data.x.reduce((a, b) => b.length > a.length ? b : a, []);
      const place = guide[nearest(guide, x)];
      const cursor = svg.querySelector(".cursor");
      cursor.setAttribute("x1", place + "%"); cursor.setAttribute("x2", place + "%");
      all(".read", svg).forEach((dot, k) => {
        const i = nearest(data.x[k], place);
        dot.setAttribute("cx", data.x[k][i] + "%"); dot.setAttribute("cy", data.y[k][i]);
        const shown = head.querySelectorAll("li b")[k];
        if (shown) shown.textContent = data.words[k][i];
        if (data.x[k] === guide) head.querySelector(".at").textContent = "at " + data.at[k][i];
      });
    });
    const rest = () => plots.forEach(({ svg, head, resting }) => {
      svg.classList.remove("reading");
      head.classList.remove("reading");
      all("li b", head).forEach((b, i) => { b.textContent = resting[i]; });
      head.querySelector(".at").textContent = "";
    });
    plots.forEach(({ svg, data }) => {
      let at = 100;
      svg.addEventListener("pointermove", (event) => {
        const box = svg.getBoundingClientRect();
        at = 100 * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
        read(at);
      });
      svg.addEventListener("pointerleave", rest);
      svg.addEventListener("blur", rest);
      svg.addEventListener("keydown", (event) => {
        const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!way) return;
        event.preventDefault();
        const guide = data.x.reduce((a, b) => b.length > a.length ? b : a, []);
        at = guide[Math.min(guide.length - 1, Math.max(0, nearest(guide, at) + way))];
        read(at);
      });
    });
  });

  // Settings: filter by words and by who chose.
  all("[data-filter]").forEach((box) => {
    const rows = all("tr[data-key]", document.getElementById(box.dataset.filter));
    const input = box.querySelector("input"), picks = all("button", box);
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const who = picks.find((pick) => pick.getAttribute("aria-pressed") === "true")?.dataset.who;
      rows.forEach((row) => { row.hidden = !(words.every((word) => row.textContent.toLowerCase().includes(word) || row.dataset.key.toLowerCase().includes(word)) && (!who || row.dataset.who === who)); });
      all("tr.section", document.getElementById(box.dataset.filter)).forEach((head) => {
        let row = head.nextElementSibling, open = false;
        while (row && !row.classList.contains("section")) { open ||= !row.hidden; row = row.nextElementSibling; }
        head.hidden = !open;
      });
    };
    input.addEventListener("input", apply);
    picks.forEach((pick) => pick.addEventListener("click", () => {
      const on = pick.getAttribute("aria-pressed") === "true";
      picks.forEach((other) => other.setAttribute("aria-pressed", String(other === pick && !on)));
      apply();
    }));
  });

  // Tables: a click on a heading sorts by it.
  all("table[data-sortable]").forEach((table) => all("thead th", table).forEach((head, column) => {
    const button = head.querySelector("button");
    button?.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const order = (a, b) => { const [x, y] = [key(a), key(b)]; return isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y; };
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort((a, b) => (up ? 1 : -1) * order(a, b)));
    });
  }));

  // Code: copy.
  all(".code button").forEach((button) => button.addEventListener("click", async () => {
    const pre = button.parentElement.querySelector("pre");
    let done = true;
    try { await navigator.clipboard.writeText(pre.textContent); } catch {
      getSelection().selectAllChildren(pre);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 1400);
  }));

  // The chapter in view is marked in the navigation.
  const links = new Map(all(".toc a").map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (!entry.isIntersecting) return;
    links.forEach((link) => link.removeAttribute("aria-current"));
    const link = links.get(entry.target.id);
    link?.setAttribute("aria-current", "true");
    if (link) link.closest("ul").scrollTo({ left: link.offsetLeft - 24 });
  }), { rootMargin: "-20% 0px -70% 0px" });
  all(".chapter").forEach((chapter) => watch.observe(chapter));

  addEventListener("beforeprint", () => all("details").forEach((box) => { box.open = true; }));
})();
