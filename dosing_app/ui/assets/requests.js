// What the page shows of its requests: that an answer takes longer than a blink, that the server is away, that it failed.
(function () {
  "use strict";

  // Below this an answer is there before anybody looks for it.
  var NOTICEABLE_MS = 300;
  var root = document.documentElement;
  var send = window.fetch;
  var pending = { computing: 0, searching: 0, other: 0 };
  var timers = {};

  function begin(kind) {
    pending[kind] += 1;
    timers[kind] = timers[kind] || setTimeout(function () {
      root.setAttribute("data-" + kind, "");
    }, NOTICEABLE_MS);
  }

  function end(kind) {
    pending[kind] -= 1;
    if (pending[kind] === 0) {
      clearTimeout(timers[kind]);
      timers[kind] = null;
      root.removeAttribute("data-" + kind);
    }
  }

  function say(name) {
    var place = document.getElementById("connection");
    if (place) {
      place.textContent = name ? place.dataset[name] : "";
    }
  }

  window.fetch = function (resource, options) {
    var address = typeof resource === "string" ? resource : resource.url;
    if (address.indexOf("_dash-update-component") < 0) {
      return send.apply(this, arguments);
    }
    var asked = String((options && options.body) || "");
    var kind = asked.indexOf('"output":"finder-body') >= 0 ? "searching" : "other";
    if (asked.indexOf('"output":"..valid-case') >= 0) {
      kind = "computing";
    }
    begin(kind);
    return send.apply(this, arguments).then(
      function (answer) {
        end(kind);
        say(answer.status >= 500 ? "failed" : "");
        return answer;
      },
      function (error) {
        end(kind);
        say("away");
        throw error;
      }
    );
  };
})();
