/* What the page does by itself in the browser: a name for each tab, fields and sliders that agree, undo, reset, what is kept. */
(function () {
  "use strict";
  const no = () => window.dash_clientside.no_update;
  const by = () => window.dash_clientside.callback_context.triggered_id;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  function listOf(ids, byKnob) {
    return ids.map((id) => (id.knob in byKnob ? byKnob[id.knob] : no()));
  }

  // A field that chooses a grade holds its step as a text; all others hold numbers.
  const fit = (knob, value) => (knob.endsWith(":grade") ? String(value) : value);

  function typed(values, ids, off, barred) {
    const now = {};
    ids.forEach((id, place) => { now[id.knob] = values[place]; });
    return { values: now, off: off || [], barred: barred || [] };
  }

  function back(ids, to, history) {
    return [listOf(ids, to.values), to.off, to.barred, history];
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    page: {
      // Two tabs must never share a desk, also where one was made as a copy of the other with its session.
      tab: function (_path, known) {
        const mine = window.name || "";
        if (known && mine === known) return no();
        const made = mine.startsWith("absalloc-") ? mine : "absalloc-" + crypto.getRandomValues(new Uint32Array(4)).join("-");
        window.name = made;
        return made;
      },
      twins: function (slider, number) {
        const part = by();
        if (!part) return [no(), no()];
        const field = number === "" || number === null || number === undefined ? null : Number(number);
        if (part.part === "slider") return [no(), slider === field ? no() : fit(part.knob, slider)];
        return [slider === field || field === null ? no() : field, no()];
      },
      // What was typed, for undo and (by book, day and rulebooks) for the next time the page is loaded.
      remember: function (values, off, barred, ids, book, day, books, history, kept) {
        if (!ids.length) return [no(), no()];
        const now = typed(values, ids, off, barred);
        const key = [book, day || "", (books || []).join(",")].join("|");
        const all = Object.assign({}, kept, { [key]: now, ["rulebooks|" + book]: books });
        const past = history || [];
        const last = past[past.length - 1];
        return [last && same(last, now) ? no() : past.concat([now]).slice(-200), all];
      },
      undo: function (_undo, _reset, history, ids) {
        const kept = history || [];
        if (!by() || !kept.length) return [ids.map(no), no(), no(), no()];
        if (by() === "wi-reset") return back(ids, kept[0], [kept[0]]);
        if (kept.length < 2) return [ids.map(no), no(), no(), no()];
        return back(ids, kept[kept.length - 2], kept.slice(0, -1));
      },
      // Set from outside, not as an output: a cycle of callbacks would make each question wait for the plan before it.
      again: function (_missed, off) {
        window.dash_clientside.set_props("wi-off", { value: (off || []).slice() });
      },
      repair: function (clicks, ids, off) {
        const chosen = by();
        if (!chosen || !clicks.some(Boolean)) return [ids.map(no), no()];
        if (chosen.knob === "") return [ids.map(no), (off || []).concat([chosen.to])];
        return [ids.map((id) => (id.knob === chosen.knob ? fit(id.knob, Number(chosen.to)) : no())), no()];
      },
    },
  });

  // A file that is too large is not sent at all: what to say of it lies in its button, hidden.
  const room = (target) => (target instanceof Element ? target.closest(".upload-room") : null);
  function refuse(event, files) {
    const button = room(event.target) && room(event.target).querySelector("button");
    if (!button || !files || !files.length || files[0].size <= Number(button.dataset.most)) return;
    event.stopPropagation();
    event.preventDefault();
    const message = button.dataset.large.replace("[[name]]", files[0].name.slice(0, 80));
    const props = { children: message, color: "red", variant: "light", className: "notice" };
    window.dash_clientside.set_props("ck-told", { children: { namespace: "dash_mantine_components", type: "Alert", props: props } });
  }
  document.addEventListener("change", (event) => { if (room(event.target)) refuse(event, event.target.files); }, true);
  document.addEventListener("drop", (event) => { if (room(event.target)) refuse(event, event.dataTransfer && event.dataTransfer.files); }, true);

  // The fields behind the upload buttons have no names of their own for screen readers.
  const naming = new MutationObserver(() => {
    document.querySelectorAll(".upload-room input[type=file]:not([aria-label])").forEach((input) => {
      input.setAttribute("aria-label", room(input).querySelector("button").textContent);
      input.setAttribute("tabindex", "-1");
    });
  });
  naming.observe(document.documentElement, { childList: true, subtree: true });
})();
