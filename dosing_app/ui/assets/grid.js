// Marks in the grids the cells that the server found to be wrong. It reads nothing that was typed.
(function () {
  "use strict";

  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});

  functions.isFaulty = function (params) {
    var faults = (params.context && params.context.faults) || {};
    var columns = faults[params.data.id] || [];
    return columns.indexOf(params.colDef.field) >= 0;
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.asuc = {
    markFaults: function (faults) {
      ["doses", "samples"].forEach(function (grid) {
        window.dash_ag_grid.getApiAsync(grid).then(function (api) {
          api.setGridOption("context", { faults: (faults || {})[grid] || {} });
          api.refreshCells({ force: true });
        });
      });
    },
  };
})();
