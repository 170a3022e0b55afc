"""NM-TRAN data sets: records of numbers in a text file, named by $INPUT and chosen by $DATA."""
