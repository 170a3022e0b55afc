// Undo and redo of every committed change, in the memory of this page only.
(function () {
  "use strict";

  var STEPS = 50;
  var past = [];
  var at = -1;
  var saved = null;

  function isTyping(element) {
    return Boolean(element && element.closest && element.closest("input, textarea, [contenteditable=true]"));
  }

  function disabled() {
    return [at <= 0, at >= past.length - 1];
  }

  // The first four inputs are the rows of both grids and what tells that one of their cells was edited.
  function remember(doses, samples) {
    var rest = Array.prototype.slice.call(arguments, 4);
    var now = JSON.stringify([doses, samples].concat(rest));
    if (now !== past[at]) {
      past = past.slice(Math.max(0, at + 1 - STEPS), at + 1).concat(now);
      at = past.length - 1;
    }
    return disabled();
  }

  function isUnsaved() {
    return at > 0 && past[at] !== saved;
  }

  // What stands on the screen as its file is asked for is what is saved.
  function noteSaved() {
    saved = past[at];
  }

  function step() {
    var nothing = window.dash_clientside.no_update;
    var clicked = window.dash_clientside.callback_context.triggered[0];
    var by = clicked && clicked.value ? (clicked.prop_id === "undo.n_clicks" ? -1 : 1) : 0;
    if (by === 0 || at + by < 0 || at + by >= past.length) {
      return window.dash_clientside.callback_context.outputs_list.map(function () {
        return nothing;
      });
    }
    at += by;
    return JSON.parse(past[at]);
  }

  document.addEventListener("keydown", function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping(document.activeElement)) {
      return;
    }
    var key = event.key.toLowerCase();
    var button = key === "z" ? (event.shiftKey ? "redo" : "undo") : key === "y" ? "redo" : "";
    if (button) {
      event.preventDefault();
      document.getElementById(button).click();
    }
  });

  document.addEventListener("keydown", function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) {
      return;
    }
    var button = { s: "save-case", p: "report-pdf" }[event.key.toLowerCase()];
    if (button && document.getElementById(button)) {
      event.preventDefault();
      document.getElementById(button).click();
    }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.asuc = Object.assign(window.dash_clientside.asuc || {}, {
    remember: remember,
    step: step,
    isUnsaved: isUnsaved,
    noteSaved: noteSaved,
  });
})();
