// Undo and redo of every committed change, in the memory of this page only.
(function () {
  "use strict";

  var STEPS = 50;

  function isTyping(element) {
    var editors = "input:not([type=checkbox], [type=radio]), textarea, [contenteditable=true]";
    return Boolean(element && element.closest && element.closest(editors));
  }

  // Each page has a past of its own.
  function historyOf(undo) {
    var past = [];
    var at = -1;
    var saved = null;

    return {
      remember: function (now) {
        if (now !== past[at]) {
          past = past.slice(Math.max(0, at + 1 - STEPS), at + 1).concat(now);
          at = past.length - 1;
        }
        return [at <= 0, at >= past.length - 1];
      },
      isUnsaved: function () {
        return at > 0 && past[at] !== saved;
      },
      // What stands on the page as its file is asked for is what is saved.
      noteSaved: function () {
        saved = past[at];
      },
      step: function () {
        var nothing = window.dash_clientside.no_update;
        var clicked = window.dash_clientside.callback_context.triggered[0];
        var by = clicked && clicked.value ? (clicked.prop_id === undo + ".n_clicks" ? -1 : 1) : 0;
        if (by === 0 || at + by < 0 || at + by >= past.length) {
          return window.dash_clientside.callback_context.outputs_list.map(function () {
            return nothing;
          });
        }
        at += by;
        return JSON.parse(past[at]);
      },
    };
  }

  var colitis = historyOf("undo");
  var crohns = historyOf("crohns-undo");

  // The first four inputs are the rows of both grids and what tells that one of their cells was edited.
  function remember(doses, samples) {
    var rest = Array.prototype.slice.call(arguments, 4);
    return colitis.remember(JSON.stringify([doses, samples].concat(rest)));
  }

  function rememberCrohns() {
    return crohns.remember(JSON.stringify(Array.prototype.slice.call(arguments)));
  }

  function isUnsaved() {
    return colitis.isUnsaved() || crohns.isUnsaved();
  }

  function noteSaved(button) {
    (button === "crohns-save-case" ? crohns : colitis).noteSaved();
  }

  // Keys act on the page that is looked at.
  function buttonOf(name) {
    var page = document.getElementById("crohns-page");
    return document.getElementById((page && !page.hidden ? "crohns-" : "") + name);
  }

  document.addEventListener("keydown", function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping(document.activeElement)) {
      return;
    }
    var key = event.key.toLowerCase();
    var name = key === "z" ? (event.shiftKey ? "redo" : "undo") : key === "y" ? "redo" : "";
    if (name) {
      event.preventDefault();
      buttonOf(name).click();
    }
  });

  document.addEventListener("keydown", function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) {
      return;
    }
    var name = { s: "save-case", p: "report-pdf" }[event.key.toLowerCase()];
    var button = name && buttonOf(name);
    if (button) {
      event.preventDefault();
      button.click();
    }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.asuc = Object.assign(window.dash_clientside.asuc || {}, {
    remember: remember,
    rememberCrohns: rememberCrohns,
    step: colitis.step,
    stepCrohns: crohns.step,
    isUnsaved: isUnsaved,
    noteSaved: noteSaved,
  });
})();
