"""Labels by their rules."""

from __future__ import annotations

from itertools import permutations

from crohns_srs.subgroups import ALPHA, adjacent_groups, label_of, transitive_groups, without


def test_neighbours_part_the_publications_groups():
    p = {("a", "b"): 0.2, ("b", "c"): 0.01, ("a", "c"): 0.5}
    assert label_of(adjacent_groups("abc", lambda a, b: p[a, b] < ALPHA)) == "a = b > c"


def test_a_transitive_label_parts_only_where_all_differ():
    p = {("a", "b"): 0.2, ("b", "c"): 0.01, ("a", "c"): 0.5}
    assert label_of(transitive_groups("abc", lambda a, b: p[a, b] < ALPHA)) == "a = b = c"
    clear = {("a", "b"): 0.2, ("b", "c"): 0.01, ("a", "c"): 0.04}
    assert label_of(transitive_groups("abc", lambda a, b: clear[a, b] < ALPHA)) == "a = b > c"


def test_the_order_of_equals_is_that_of_the_alphabet():
    assert {label_of([list(order)]) for order in permutations("abc")} == {"a = b = c"}


def test_a_class_that_is_taken_out_leaves_the_rest_as_it_was():
    assert without([["a"], ["b", "c"], ["d"]], ["c", "d"]) == [["a"], ["b"]]
