"""Elements that no callback reads or writes, drawn by one component instead of one for each of them.

Dash tells every component of the page of every component that is put on it: a table of a hundred cells makes its
browser call forty thousand functions. Cells that nothing speaks to need none of that.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from dosing_app.ui.elements import Component

_HTML = "dash_html_components"
_NOTHING: list[str] = []
# Lists of names that Dash keeps beside the attributes.
_DASH_OWN = "available_"


class Still(Component):
    """Elements that stay as they are until all of them are replaced (``assets/still.js``).

    Parameters
    ----------
    tree : list
        Texts, and elements as lists of tag, attributes and content.
    """

    # What Dash asks of a component's class.
    _namespace = "asuc_elements"
    _type = "Still"
    _children_props = _NOTHING
    _prop_names = ["tree"]  # noqa: RUF012 - an instance variable of Dash's class
    _valid_wildcard_attributes = _NOTHING
    available_wildcard_properties = _NOTHING

    def __init__(self, tree: list[Any]) -> None:
        # Not by Dash's own constructor, which looks for a package of the namespace's name every time.
        self.tree = tree


def still(content: Any) -> Any:  # noqa: ANN401 - what Dash takes as children
    """Return content with every part of it that has no id, and no component but elements of HTML, drawn at one go.

    Parameters
    ----------
    content : component, text, number, None, or list of them
        What is to be the children of a component; not changed.
    """
    if _is_list(content):
        if any(isinstance(part, Component) for part in content) and all(_is_still(part) for part in content):
            return Still([_drawn(part) for part in content])
        return [still(part) for part in content]
    if not isinstance(content, Component):
        return content
    if _is_still(content):
        return Still([_drawn(content)])
    attributes = _attributes(content)
    if attributes is not None and "children" in attributes:
        return type(content)(**{**attributes, "children": still(attributes["children"])})
    return content


def _is_still(part: object) -> bool:
    if _is_list(part):
        return all(_is_still(one) for one in part)
    if not isinstance(part, Component):
        return part is None or isinstance(part, (str, int, float))
    attributes = _attributes(part)
    return attributes is not None and "id" not in attributes and _is_still(attributes.get("children"))


def _drawn(part: object) -> Any:  # noqa: ANN401 - a text, a number, or a list of tag, attributes and content
    if _is_list(part):
        return [None, {}, [_drawn(one) for one in part]]
    if not isinstance(part, Component):
        return part
    attributes = _attributes(part) or {}
    inside = attributes.pop("children", None)
    parts = inside if _is_list(inside) else [] if inside is None else [inside]
    return [type(part).__name__.lower(), attributes, [_drawn(one) for one in parts]]


def _is_list(content: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return isinstance(content, (list, tuple))


def _attributes(component: Component) -> dict[str, Any] | None:
    """Return what an element of HTML was made with; None for a component that is none.

    Dash's own description asks for each of sixty names that an element may have, which takes longer than the rest.
    """
    if getattr(component, "_namespace", "") != _HTML:
        return None
    own = vars(component).items()
    return {name: value for name, value in own if name[0] != "_" and not name.startswith(_DASH_OWN)}
