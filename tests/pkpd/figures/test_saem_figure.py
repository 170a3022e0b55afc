"""The figure of SAEM's path: one panel and one column for each estimated parameter."""

from __future__ import annotations

import numpy as np

from pkpd.estimation.saem import SaemOptions, fit_by_saem
from pkpd.figures.saem import saem_path
from pkpd.figures.sheet import Drawing
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

MODEL = load_model("niyigena_2026_asuc")


def test_every_estimated_parameter_has_a_panel_and_its_path_in_the_table():
    drawn = virtual_cohort(MODEL, Design(10), np.random.default_rng(1))
    population = bind_population(MODEL, with_model_covariates(drawn, MODEL).cohort)
    options = SaemOptions(n_exploration=6, least_smoothing=4, most_iterations=10, with_covariance=False)
    found = fit_by_saem(population, options)
    drawing = saem_path(found)
    assert isinstance(drawing, Drawing)
    names = ("cl", "cl_crp_mg_per_L", "v", "omega2_cl", "omega2_v", "sigma_proportional")
    assert drawing.table.head == ("iteration", "phase", *names)
    assert len(drawing.table.rows) == 10
    assert drawing.table.rows[-1][2] == found.path[-1, 0]
    assert drawing.svg.count('data-marks="path"') == len(names)
    again = saem_path(fit_by_saem(population, options))
    assert isinstance(again, Drawing)
    assert again.svg == drawing.svg


def test_without_iterations_there_is_a_sentence_instead():
    drawn = virtual_cohort(MODEL, Design(10), np.random.default_rng(1))
    population = bind_population(MODEL, with_model_covariates(drawn, MODEL).cohort)
    assert saem_path(fit_by_saem(population, SaemOptions(most_iterations=0))) == (
        "Path of SAEM: not drawn, since nothing was estimated."
    )
