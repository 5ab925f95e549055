/* What the page does by itself in the browser: a name for each tab, fields and sliders that agree, undo and reset. */
(function () {
  "use strict";
  const no = () => window.dash_clientside.no_update;
  const by = () => window.dash_clientside.callback_context.triggered_id;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  function listOf(ids, byKnob) {
    return ids.map((id) => (id.knob in byKnob ? byKnob[id.knob] : no()));
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
        if (part.part === "slider") return [no(), slider === number ? no() : slider];
        return [slider === number || number === "" ? no() : number, no()];
      },
      remember: function (values, ids, history) {
        const now = {};
        ids.forEach((id, place) => { now[id.knob] = values[place]; });
        const kept = history || [];
        if (!ids.length || (kept.length && same(kept[kept.length - 1], now))) return no();
        return kept.concat([now]).slice(-200);
      },
      undo: function (_undo, _reset, history, ids) {
        const kept = history || [];
        if (!by() || !kept.length) return [ids.map(no), no()];
        if (by() === "wi-reset") return [listOf(ids, kept[0]), [kept[0]]];
        if (kept.length < 2) return [ids.map(no), no()];
        return [listOf(ids, kept[kept.length - 2]), kept.slice(0, -1)];
      },
      repair: function (clicks, ids, values) {
        const chosen = by();
        if (!chosen || !clicks.some(Boolean)) return ids.map(no);
        return ids.map((id, place) => (id.knob === chosen.knob ? Number(chosen.to) : no()));
      },
    },
  });
})();
