; The run itself integrates its hazard by $DES; this says the same in closed form.
$PROBLEM constant hazard, effect of dose
$INPUT ID TIME DV MDV EVID DOSE CAVG
$DATA tte-sim.csv IGNORE=@
$PRED
LAM = THETA(1)*EXP(ETA(1))
RH = EXP(-THETA(2)*DOSE/100)
CHZ = LAM*RH*TIME
SUR = EXP(-CHZ)
IF (DV.EQ.0) Y = SUR
IF (DV.EQ.1) Y = LAM*RH*SUR
$THETA (0,0.1) 0.5
$OMEGA 0 FIX
$ESTIMATION METHOD=COND LAPLACE LIKELIHOOD
$COVARIANCE UNCONDITIONAL PRINT=E
