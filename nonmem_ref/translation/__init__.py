"""Recognized models and their data as the engine's files: a model file (`asuc-model/1`) and a cohort."""
