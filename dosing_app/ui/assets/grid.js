// The grids in the browser: which of two columns holds what was typed, which cells are wrong, rows that are pasted, and
// a new row that is ready to be typed into. Nothing here reads what was typed.
(function () {
  "use strict";

  var GRIDS = ["doses", "samples"];
  // The same fact in two columns: the one typed last counts, the other follows from it.
  var TWINS = { day: "date", date: "day", mg: "per_kg", per_kg: "mg" };
  // Long enough for a cell that was left to reach the rows, short enough not to be noticed.
  var ENTERED_MS = 80;
  var SETTLED_MS = 200;
  // Letters of one word follow each other within this.
  var TYPED_ON_MS = 800;
  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  var contexts = { doses: {}, samples: {} };

  function context(params) {
    return params.context || {};
  }

  function computed(params) {
    var row = (context(params).computed || {})[params.data.id] || {};
    return row[params.colDef.field] || "";
  }

  // What was typed; else what follows from the other column; else the other column's text, if nothing follows from it.
  functions.shown = function (params) {
    var field = params.colDef.field;
    // A status that nobody chose follows from the day.
    if (field === "status") {
      return (params.data.auto && computed(params)) || params.data.status;
    }
    return params.data[field] || computed(params) || (isInsteadOfTwin(params) ? params.data[TWINS[field]] : "");
  };

  // The other column cannot be seen, and what stands in it is wrong.
  function isInsteadOfTwin(params) {
    var twin = TWINS[params.colDef.field];
    var column = twin && params.api && params.api.getColumn(twin);
    return Boolean(twin && params.data[twin] && isWrong(params) && !(column && column.isVisible()));
  }

  function isWrong(params) {
    var columns = (context(params).faults || {})[params.data.id] || [];
    return columns.indexOf(params.colDef.field) >= 0;
  }

  functions.enter = function (params) {
    var field = params.colDef.field;
    params.data[field] = params.newValue === null || params.newValue === undefined ? "" : String(params.newValue);
    if (TWINS[field]) {
      params.data[TWINS[field]] = "";
    }
    if (field === "status") {
      params.data.auto = "";
    }
    return true;
  };

  functions.isFollowing = function (params) {
    return !params.data[params.colDef.field] && computed(params) !== "";
  };

  functions.isFaulty = isWrong;

  function grid(name) {
    return window.dash_ag_grid.getApiAsync(name);
  }

  // A wrong cell says so to a screen reader, and where its sentence stands; the grid marks it by a class alone.
  function tellFaults(name) {
    var place = document.getElementById(name);
    place.querySelectorAll("[aria-invalid]").forEach(function (cell) {
      cell.removeAttribute("aria-invalid");
      cell.removeAttribute("aria-describedby");
    });
    var faults = contexts[name].faults || {};
    Object.keys(faults).forEach(function (row) {
      faults[row].forEach(function (column) {
        var cell = place.querySelector('[row-id="' + row + '"] [col-id="' + column + '"]');
        if (cell) {
          cell.setAttribute("aria-invalid", "true");
          cell.setAttribute("aria-describedby", name + "-note");
        }
      });
    });
  }

  // Cells are drawn anew only while none is being typed into: an answer that comes in between would take letters away.
  function refresh(name, changes) {
    Object.assign(contexts[name], changes);
    grid(name).then(function (api) {
      function draw() {
        if (api.getEditingCells().length > 0) {
          return;
        }
        api.removeEventListener("cellEditingStopped", later);
        api.setGridOption("context", contexts[name]);
        api.refreshCells({ force: true });
        tellFaults(name);
      }
      // Tab closes a cell and opens the next one: what is open is known only some time after both.
      function later() {
        setTimeout(draw, SETTLED_MS);
      }
      if (api.getEditingCells().length > 0) {
        api.addEventListener("cellEditingStopped", later);
      } else {
        draw();
      }
    });
  }

  function focusLastRow(name, clicks) {
    if (!clicks) {
      return window.dash_clientside.no_update;
    }
    grid(name).then(function (api) {
      function focus() {
        api.removeEventListener("rowDataUpdated", focus);
        var last = api.getDisplayedRowCount() - 1;
        var column = api.getColumn("day").isVisible() ? "day" : "date";
        api.ensureIndexVisible(last);
        api.deselectAll();
        api.setFocusedCell(last, column);
        api.startEditingCell({ rowIndex: last, colKey: column });
      }
      api.addEventListener("rowDataUpdated", focus);
    });
    return window.dash_clientside.no_update;
  }

  function showColumns(name, visible) {
    grid(name).then(function (api) {
      Object.keys(visible).forEach(function (column) {
        api.setColumnsVisible([column], visible[column]);
      });
    });
  }

  function gridOf(element) {
    return GRIDS.find(function (name) {
      var place = document.getElementById(name);
      return place && place.contains(element);
    });
  }

  function isTyping(element) {
    return Boolean(element && element.closest && element.closest("input, textarea, select, [contenteditable=true]"));
  }

  // A cell that Tab opens selects its text a moment later, also what was typed meanwhile: the next letter would replace it.
  var typedAt = 0;
  document.addEventListener("keydown", function (event) {
    var editor = document.activeElement;
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || !gridOf(editor)) {
      typedAt = 0;
      return;
    }
    var now = performance.now();
    var length = editor.matches("input") ? editor.value.length : 0;
    if (length > 0 && now - typedAt < TYPED_ON_MS && editor.selectionStart === 0 && editor.selectionEnd === length) {
      editor.setSelectionRange(length, length);
    }
    typedAt = now;
  }, true);

  document.addEventListener("paste", function (event) {
    var name = gridOf(document.activeElement);
    var text = event.clipboardData && event.clipboardData.getData("text/plain");
    if (!name || !text || isTyping(document.activeElement)) {
      return;
    }
    event.preventDefault();
    window.dash_clientside.set_props("pasted", { data: { grid: name, text: text, at: Date.now() } });
  });

  document.addEventListener("keydown", function (event) {
    var name = gridOf(document.activeElement);
    if (!name || isTyping(document.activeElement)) {
      return;
    }
    var one = name === "doses" ? "dose" : "sample";
    if (event.key === "Insert") {
      event.preventDefault();
      document.getElementById("add-" + one).click();
    } else if ((event.ctrlKey || event.metaKey) && event.key === "Delete") {
      event.preventDefault();
      event.stopPropagation();
      grid(name).then(function (api) {
        var cell = api.getFocusedCell();
        if (cell) {
          api.getDisplayedRowAtIndex(cell.rowIndex).setSelected(true, true);
          setTimeout(function () {
            document.getElementById("remove-" + one).click();
          }, ENTERED_MS);
        }
      });
    }
  }, true);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.asuc = Object.assign(window.dash_clientside.asuc || {}, {
    markCells: function (marks) {
      GRIDS.forEach(function (name) {
        var own = (marks || {})[name] || {};
        refresh(name, { faults: own.faults || {}, computed: own.computed || {} });
      });
    },

    showColumns: function (times, amounts) {
      // A finger opens a cell by touching it once.
      var isTouched = window.matchMedia("(pointer: coarse)").matches;
      GRIDS.forEach(function (name) {
        grid(name).then(function (api) {
          api.setGridOption("singleClickEdit", isTouched);
        });
      });
      var dates = times === "dates";
      var perKg = amounts === "per_kg";
      showColumns("doses", { day: !dates, date: dates, mg: !dates || !perKg, per_kg: !dates || perKg });
      showColumns("samples", { day: !dates, date: dates, percentile: !dates });
      document.documentElement.toggleAttribute("data-dates", dates);
      refresh("doses", { amounts: amounts });
    },

    focusNewDose: function (clicks) {
      return focusLastRow("doses", clicks);
    },

    focusNewSample: function (clicks) {
      return focusLastRow("samples", clicks);
    },

    enterThen: function () {
      var clicked = window.dash_clientside.callback_context.triggered[0];
      if (!clicked || !clicked.value) {
        return window.dash_clientside.no_update;
      }
      var active = document.activeElement;
      if (active && active.matches("input, textarea")) {
        active.blur();
      }
      return Promise.all(GRIDS.map(grid)).then(function (apis) {
        apis.forEach(function (api) {
          api.stopEditing();
        });
        return new Promise(function (resolve) {
          setTimeout(function () {
            var button = clicked.prop_id.split(".")[0];
            if (button === "save-case" || button === "crohns-save-case") {
              window.dash_clientside.asuc.noteSaved(button);
            }
            resolve({ by: clicked.prop_id.split(".")[0], at: Date.now() });
          }, ENTERED_MS);
        });
      });
    },
  });

  functions.isEntered = function (params) {
    var column = params.colDef.field;
    if (column !== "mg" && column !== "per_kg") {
      return true;
    }
    return (context(params).amounts || "mg") === column;
  };
})();
