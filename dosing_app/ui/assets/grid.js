// The grids in the browser: wrong cells are marked, what is being typed is entered before it is saved, and a new row is
// ready to be typed into. Nothing here reads what was typed.
(function () {
  "use strict";

  var GRIDS = ["doses", "samples"];
  // Long enough for a cell that was left to reach the rows, short enough not to be noticed.
  var ENTERED_MS = 80;
  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});

  functions.isFaulty = function (params) {
    var faults = (params.context && params.context.faults) || {};
    var columns = faults[params.data.id] || [];
    return columns.indexOf(params.colDef.field) >= 0;
  };

  function grid(name) {
    return window.dash_ag_grid.getApiAsync(name);
  }

  function focusLastRow(name, clicks) {
    if (!clicks) {
      return window.dash_clientside.no_update;
    }
    grid(name).then(function (api) {
      function focus() {
        api.removeEventListener("rowDataUpdated", focus);
        var last = api.getDisplayedRowCount() - 1;
        api.ensureIndexVisible(last);
        api.deselectAll();
        api.setFocusedCell(last, "day");
        api.startEditingCell({ rowIndex: last, colKey: "day" });
      }
      api.addEventListener("rowDataUpdated", focus);
    });
    return window.dash_clientside.no_update;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.asuc = {
    markFaults: function (faults) {
      GRIDS.forEach(function (name) {
        grid(name).then(function (api) {
          api.setGridOption("context", { faults: (faults || {})[name] || {} });
          api.refreshCells({ force: true });
        });
      });
    },

    focusNewDose: function (clicks) {
      return focusLastRow("doses", clicks);
    },

    focusNewSample: function (clicks) {
      return focusLastRow("samples", clicks);
    },

    enterThen: function (clicks) {
      if (!clicks) {
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
            resolve(Date.now());
          }, ENTERED_MS);
        });
      });
    },
  };
})();
