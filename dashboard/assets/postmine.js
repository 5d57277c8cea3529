/* The few things that only the browser can do. Texts come from the page, never from here. */
(function () {
  "use strict";

  /* The gate behind the live feed: the page gets a tick when it has dealt with the one before, or
     was made anew after it, or when that one is 15 seconds old. What came meanwhile is one tick. */
  const PATIENCE_MS = 15000;
  let busy = false;
  let lapse = null;

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    postmine: {
      gate: function (feed, done, shown, tick) {
        const clientside = window.dash_clientside;
        const triggers = (clientside.callback_context.triggered || []).map((each) => each.prop_id);
        if (triggers.includes("shown.data")) busy = false;
        if (triggers.includes("tick-done.data") && tick && done === tick.mark) busy = false;
        if (!feed || (tick && tick.number === feed.number && tick.run === feed.run)) {
          return clientside.no_update;
        }
        clearTimeout(lapse);
        if (busy) {
          lapse = setTimeout(function () {
            busy = false;
            clientside.set_props("feed", { data: Object.assign({}, feed) });
          }, PATIENCE_MS);
          return clientside.no_update;
        }
        busy = true;
        return Object.assign({}, feed, { mark: Date.now() });
      },
      scheme: function (clicks, stored) {
        const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        const now = stored || system;
        if (!clicks) return [now, now];
        const next = now === "dark" ? "light" : "dark";
        return [next, next];
      },
      navbar: function (clicks, path, navbar) {
        const pressed = (window.dash_clientside.callback_context.triggered || []).some(
          (each) => each.prop_id === "menu.n_clicks"
        );
        const wide = window.matchMedia("(min-width: 62em)").matches;
        const hidden = Object.assign({}, navbar.collapsed);
        if (!pressed) hidden.mobile = true;
        else if (wide) hidden.desktop = !hidden.desktop;
        else hidden.mobile = !hidden.mobile;
        return Object.assign({}, navbar, { collapsed: hidden });
      },
      title: function (title) {
        if (title) document.title = title;
        return window.dash_clientside.no_update;
      },
      language: function (frame) {
        const language = (frame || "").split("|")[1] || "en";
        document.documentElement.lang = language;
        return window.dash_clientside.no_update;
      },
      exportGrid: function (clicks, id) {
        if (clicks) {
          const grid = window.dash_ag_grid.getApi(id.grid);
          if (grid) grid.exportDataAsCsv({ fileName: "postmine-" + id.grid + ".csv" });
        }
        return window.dash_clientside.no_update;
      },
    },
  });

  /* "How this number came about": the button holds the answer, one dialog shows it. */
  const made = function (tag, content) {
    const element = document.createElement(tag);
    element.append(...[].concat(content));
    return element;
  };
  document.addEventListener("click", function (event) {
    const button = event.target.closest(".pm-how");
    const dialog = document.getElementById("pm-dialog");
    if (button && dialog) {
      const answer = JSON.parse(button.getAttribute("data-how"));
      const facts = made("dl", answer.lines.map(([name, text]) =>
        made("div", [made("dt", name), made("dd", text)])
      ));
      facts.className = "pm-facts";
      document.getElementById("pm-dialog-body").replaceChildren(made("h2", answer.title), facts);
      dialog.showModal();
    } else if (dialog && dialog.open && (event.target === dialog || event.target.closest(".pm-dialog-close"))) {
      dialog.close();
    }
  });

  /* A region that is drawn anew while it holds the focus gives it back. */
  let focused = null;
  document.addEventListener("focusin", function (event) {
    focused = event.target.getAttribute("data-focus");
  });
  new MutationObserver(function () {
    if (focused && document.activeElement === document.body) {
      const again = document.querySelector('[data-focus="' + CSS.escape(focused) + '"]');
      if (again) again.focus({ preventScroll: true });
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("pointerdown", function () {
    focused = null;
  });

  /* Russian names of days and months, for the calendar and for the figures. */
  window.dayjs_locale_ru = {
    name: "ru",
    weekdays: ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"],
    weekdaysShort: ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
    weekdaysMin: ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
    months: ["январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"],
    monthsShort: ["янв.", "февр.", "март", "апр.", "май", "июнь", "июль", "авг.", "сент.", "окт.", "нояб.", "дек."],
    weekStart: 1,
    formats: { LT: "HH:mm", LTS: "HH:mm:ss", L: "DD.MM.YYYY", LL: "D MMMM YYYY г.", LLL: "D MMMM YYYY г., HH:mm", LLLL: "dddd, D MMMM YYYY г., HH:mm" },
    ordinal: (number) => String(number),
  };
  const locale = {
    moduleType: "locale",
    name: "ru",
    dictionary: {
      "Autoscale": "Автомасштаб",
      "Download plot as a PNG": "Сохранить как PNG",
      "Download plot as a png": "Сохранить как PNG",
      "Pan": "Сдвиг",
      "Reset axes": "Сбросить оси",
      "Zoom": "Масштаб",
      "Zoom in": "Приблизить",
      "Zoom out": "Отдалить",
      "Double-click to zoom back out": "Двойной щелчок возвращает масштаб",
    },
    format: {
      days: ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"],
      shortDays: ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
      months: ["январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"],
      shortMonths: ["янв.", "февр.", "март", "апр.", "май", "июнь", "июль", "авг.", "сент.", "окт.", "нояб.", "дек."],
      date: "%d.%m.%Y",
    },
  };
  if (window.Plotly) window.Plotly.register(locale);
  else (window.PlotlyLocales = window.PlotlyLocales || []).push(locale);
})();
