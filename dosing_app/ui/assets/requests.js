// What the page shows of its requests: that an answer takes longer than a blink, that the server is away, that it failed.
(function () {
  "use strict";

  // Below this an answer is there before anybody looks for it.
  var NOTICEABLE_MS = 300;
  var AGAIN_MS = 3000;
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

  var answered = new Date();
  var asking = null;

  function say(name) {
    document.querySelectorAll(".connection").forEach(function (place) {
      var time = answered.toLocaleTimeString(document.querySelector(".page").lang, { hour: "2-digit", minute: "2-digit" });
      place.textContent = name ? place.dataset[name].replace("{time}", time) : "";
    });
    root.toggleAttribute("data-away", name === "away");
  }

  // Once the server is back, what was typed meanwhile is sent: asking for the same look again is asking for everything.
  function askUntilBack() {
    asking = asking || setInterval(function () {
      send("/health").then(function (answer) {
        if (answer.ok) {
          clearInterval(asking);
          asking = null;
          window.dash_clientside.set_props("shown-as", { data: window.dash_clientside.asuc.look() });
          window.dash_clientside.set_props("crohns-again", { data: Date.now() });
        }
      }, function () {});
    }, AGAIN_MS);
  }

  // The page is asked for in the colours of the reader's system, so that it never shows in others first.
  function inColours(options) {
    var headers = new Headers(options && options.headers);
    headers.set("X-Color-Scheme", window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    return Object.assign({}, options, { headers: headers });
  }

  window.fetch = function (resource, options) {
    var address = typeof resource === "string" ? resource : resource.url;
    if (address.indexOf("_dash-layout") >= 0) {
      return send.call(this, resource, inColours(options));
    }
    if (address.indexOf("_dash-update-component") < 0) {
      return send.apply(this, arguments);
    }
    var asked = String((options && options.body) || "");
    var kind = asked.indexOf('"output":"finder-body') >= 0 ? "searching" : "other";
    if (/"output":"\.\.(valid-case|crohns-valid)/.test(asked)) {
      kind = "computing";
    }
    begin(kind);
    return send.apply(this, arguments).then(
      function (answer) {
        end(kind);
        if (answer.status < 400) {
          answered = new Date();
        }
        if (answer.status === 413) {
          window.dash_clientside.asuc.clearNotices();
        }
        say(answer.status === 413 ? "large" : answer.status >= 400 ? "failed" : "");
        return answer;
      },
      function (error) {
        end(kind);
        say("away");
        askUntilBack();
        throw error;
      }
    );
  };
})();
