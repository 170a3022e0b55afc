// Draws elements that no callback speaks to (ui/still.py): lists of tag, attributes and content; no tag is a group.
(function () {
  "use strict";

  var React = window.React;

  function drawn(part) {
    if (!Array.isArray(part)) {
      return part;
    }
    return React.createElement.apply(null, [part[0] || React.Fragment, part[1]].concat(part[2].map(drawn)));
  }

  window.asuc_elements = {
    Still: function Still(props) {
      return React.createElement.apply(null, [React.Fragment, null].concat(props.tree.map(drawn)));
    },
  };
})();
