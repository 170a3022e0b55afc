"""The page on Crohn's disease: which class of drugs the models expect most of, and how sure that is."""
