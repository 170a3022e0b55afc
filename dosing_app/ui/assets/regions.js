// F6 and Shift+F6 walk through the regions of the page; a field of the finder and its twin among the limits stay alike;
// and what only shows or hides something.
(function () {
  "use strict";

  var REGIONS = ["region-risk", "region-curve", "region-survival", "region-parameters", "region-finder", "region-input",
    "region-checks", "region-crohns-answer", "region-crohns-bars", "region-crohns-differences", "region-crohns-why",
    "region-crohns-what-if", "region-crohns-labels", "region-crohns-input", "region-crohns-checks"];

  document.addEventListener("keydown", function (event) {
    if (event.key !== "F6") {
      return;
    }
    var there = REGIONS.map(function (id) {
      return document.getElementById(id);
    }).filter(function (region) {
      return region && region.offsetParent !== null;
    });
    if (there.length === 0) {
      return;
    }
    event.preventDefault();
    var now = there.findIndex(function (region) {
      return region.contains(document.activeElement);
    });
    var step = event.shiftKey ? -1 : 1;
    var next = there[now < 0 ? 0 : (now + step + there.length) % there.length];
    next.setAttribute("tabindex", "-1");
    next.focus();
  });

  // A tab that was opened is there a moment later.
  var SHOWN_MS = 60;
  var TABS = { doses: "tab-dosing", samples: "tab-samples" };
  var FIELD_TABS = ["tab-dosing", "tab-samples", "tab-covariates", "tab-limits"];

  function openTab(id) {
    var label = document.getElementById(id);
    var tab = label && label.closest("[role=tab]");
    if (tab) {
      tab.click();
    }
  }

  function leadTo(target) {
    if (target.dataset.crohns) {
      var wanted = document.getElementById("crohns-" + (target.dataset.crohns === "worthwhile" ? "" : "field-") + target.dataset.crohns);
      var input = wanted && (wanted.matches("input") ? wanted : wanted.querySelector("input:checked, input"));
      if (input) {
        input.scrollIntoView({ block: "nearest" });
        input.focus();
      }
      return;
    }
    if (target.dataset.field) {
      var field = document.getElementById("field-" + target.dataset.field);
      var panel = field && field.closest("[role=tabpanel]");
      FIELD_TABS.forEach(function (id) {
        var tab = document.getElementById(id) && document.getElementById(id).closest("[role=tab]");
        if (tab && panel && tab.getAttribute("aria-controls") === panel.id) {
          tab.click();
        }
      });
      if (field) {
        setTimeout(function () {
          field.scrollIntoView({ block: "nearest" });
          field.focus();
        }, SHOWN_MS);
      }
      return;
    }
    openTab(TABS[target.dataset.grid]);
    window.dash_ag_grid.getApiAsync(target.dataset.grid).then(function (api) {
      var node = api.getRowNode(target.dataset.row);
      var column = api.getAllDisplayedColumns()[0];
      if (node) {
        api.ensureNodeVisible(node);
        node.setSelected(true, true);
        api.setFocusedCell(node.rowIndex, column);
      }
    });
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest && event.target.closest(".to-input");
    if (target) {
      leadTo(target);
    }
    if (event.target.closest && event.target.closest(".crohns-starts")) {
      document.getElementById("crohns-example").click();
      return;
    }
    var starts = event.target.closest && event.target.closest(".starts");
    if (starts && starts.dataset.starts === "example") {
      window.dash_clientside.set_props("examples", { value: "typical" });
    } else if (starts) {
      document.querySelector("#open-case button").click();
    }
  });

  function twin(id) {
    return function (value) {
      var other = document.getElementById(id);
      if (other && other.value !== value && value !== undefined && value !== null) {
        window.dash_clientside.set_props(id, { value: value });
      }
    };
  }

  var times = "days";

  function alike(id) {
    return function (value) {
      if (value && value !== times) {
        times = value;
        window.dash_clientside.set_props(id, { value: value });
      }
    };
  }

  function pasteInto(name) {
    return function (clicks, text) {
      if (!clicks || !text) {
        return window.dash_clientside.no_update;
      }
      window.dash_clientside.set_props("pasted", { data: { grid: name, text: text, at: Date.now() } });
      return "";
    };
  }

  // Shown by the first button, hidden by either.
  function showBox(shown, done) {
    var by = window.dash_clientside.callback_context.triggered[0];
    var opens = by && by.value && /^paste-(doses|samples)\.n_clicks$/.test(by.prop_id);
    return !(opens && shown % 2 === 1);
  }

  var TOGGLES = ["curve-log", "curve-as-table", "risk-as-table", "survival-as-table"];

  function toggled() {
    var pressed = Array.prototype.map.call(arguments, function (clicks) {
      return Boolean(clicks && clicks % 2 === 1);
    });
    var state = {};
    TOGGLES.forEach(function (name, place) {
      state[name] = pressed[place];
    });
    return [state].concat(pressed.map(String));
  }

  // How the figures are shown now, by the buttons at their titles.
  function look() {
    var state = {};
    TOGGLES.forEach(function (name) {
      var button = document.getElementById(name);
      state[name] = Boolean(button && button.getAttribute("aria-pressed") === "true");
    });
    return state;
  }

  // Who leaves with changes that were not saved is asked first; nothing is kept by the browser.
  window.addEventListener("beforeunload", function (event) {
    if (window.dash_clientside.asuc.isUnsaved()) {
      event.preventDefault();
    }
  });

  var PAGES = ["/", "/crohns", "/models"];

  // Which of the pages are hidden, how the links to them look, and which actions are hidden.
  function showPage(path) {
    var shown = PAGES.indexOf(path) < 0 ? "/" : path;
    var hidden = PAGES.map(function (page) {
      return page !== shown;
    });
    var links = PAGES.map(function (page) {
      return page === shown ? "page-link current" : "page-link";
    });
    var crohns = shown === "/crohns";
    return hidden.concat(links, [crohns, !crohns, crohns, !crohns]);
  }

  // The cards are HTML of the server, fetched when they are first looked at in a language.
  function fillModels(path, language) {
    var place = document.getElementById("models-page");
    if (path !== "/models" || !place || place.dataset.language === language) {
      return;
    }
    fetch("/models/cards?language=" + encodeURIComponent(language)).then(function (answer) {
      return answer.text();
    }).then(function (cards) {
      place.innerHTML = cards;
      place.dataset.language = language;
      var wanted = window.location.hash && document.getElementById(window.location.hash.slice(1));
      if (wanted) {
        wanted.scrollIntoView();
      }
    });
  }

  // The chooser of files has no name of its own; the button over it has. It is loaded some time after the page.
  function nameChooser() {
    function name() {
      return ["#open-case", "#crohns-open"].map(function (place) {
        var chooser = document.querySelector(place + " input[type=file]");
        var button = document.querySelector(place + " button");
        if (!chooser || !button) {
          return false;
        }
        chooser.setAttribute("aria-label", button.textContent);
        chooser.tabIndex = -1;
        return true;
      }).every(Boolean);
    }
    if (!name()) {
      var watcher = new MutationObserver(function () {
        if (name()) {
          watcher.disconnect();
        }
      });
      watcher.observe(document.body, { childList: true, subtree: true });
    }
  }

  var NOTICES = ["notice", "crohns-notice"];

  function clearNotices() {
    NOTICES.forEach(function (id) {
      window.dash_clientside.set_props(id, { children: [] });
    });
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest(".notice-close")) {
      clearNotices();
    }
  });

  // A notice that only says "done" leaves by itself; one with something to read stays until it is closed.
  var READ_MS = 8000;
  var leaving = null;
  new MutationObserver(function () {
    clearTimeout(leaving);
    var parts = NOTICES.map(function (id) {
      var notice = document.getElementById(id);
      return notice ? Array.prototype.slice.call(notice.children) : [];
    }).flat();
    if (parts.length === 1 && parts[0].matches(".done:not(.busy)")) {
      leaving = setTimeout(clearNotices, READ_MS);
    }
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });

  // A report takes some seconds, the first one more.
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-busy]");
    if (button) {
      var said = { children: button.dataset.busy, className: "done busy" };
      var place = button.closest("#crohns-actions") ? "crohns-notice" : "notice";
      window.dash_clientside.set_props(place, { children: [{ type: "P", namespace: "dash_html_components", props: said }] });
    }
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest(".menu-button, .inputs-button");
    if (button) {
      var kind = button.matches(".menu-button") ? "data-menu" : "data-inputs";
      var open = document.documentElement.toggleAttribute(kind);
      button.setAttribute("aria-expanded", String(open));
    }
  });

  document.addEventListener("click", function (event) {
    document.querySelectorAll(".report-menu").forEach(function (menu) {
      if (menu.open && !(event.target.closest && event.target.closest("summary"))) {
        menu.open = false;
      }
    });
  });

  // What takes the place of the results lies above the button on a narrow screen.
  function opens(open, close) {
    var by = window.dash_clientside.callback_context.triggered[0];
    var isOpened = Boolean(by && by.value && by.prop_id.indexOf("close") < 0);
    if (isOpened) {
      var region = { compare: "comparison", "other-models": "sensitivity", "omop-open": "omop" }[by.prop_id.split(".")[0]];
      setTimeout(function () {
        document.getElementById(region).scrollIntoView({ block: "nearest" });
      }, SHOWN_MS);
    }
    return !isOpened;
  }

  function askIfOpen(hidden) {
    return hidden === false ? Date.now() : window.dash_clientside.no_update;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.asuc = Object.assign(window.dash_clientside.asuc || {}, {
    to_field_risk_day90: twin("field-risk_day90"),
    to_field_confidence: twin("field-confidence"),
    to_finder_risk_day90: twin("finder-target"),
    to_finder_confidence: twin("finder-confidence"),
    alike_times: alike("times"),
    alike_sample_times: alike("sample-times"),
    pasteInto_doses: pasteInto("doses"),
    pasteInto_samples: pasteInto("samples"),
    showBox: showBox,
    toggled: toggled,
    look: look,
    showPage: showPage,
    fillModels: fillModels,
    clearNotices: clearNotices,
    nameChooser: nameChooser,
    opens: opens,
    askIfOpen: askIfOpen,
  });
})();
