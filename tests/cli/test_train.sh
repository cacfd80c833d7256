#!/bin/bash
# What `train` leaves behind, exit codes, and repeating a run from its config.yaml.
. "$(dirname "$0")/common.sh"

exits "train" 0 "$thalweg" train --output first --set stop.steps=50 --quiet
silent "train --quiet"
for file in metrics.csv model.h5 summary.json ranks.csv config.yaml; do
	check "train: no first/$file" [ -s "first/$file" ]
done
check "train: other files" [ "$(ls -A first | wc -l)" -eq 5 ]
head -1 first/metrics.csv >out
prints "columns" '^step,epoch,observations,cost,gradient_norm_squared,step_size'
check "rows 0 to 50" [ "$(wc -l <first/metrics.csv)" -eq 52 ]
check "the last row's step" [ "$(tail -1 first/metrics.csv | cut -d, -f1)" = 50 ]
for key in cost steps observations stop_reason gradient_norm_squared theta_sha256 seconds ranks threads accuracy; do
	check "summary.json has no $key" [ -n "$(value first/summary.json $key)" ]
done
check "steps" [ "$(value first/summary.json steps)" = 50 ]
check "observations" [ "$(value first/summary.json observations)" = 5000 ]
check "stop reason" [ "$(value first/summary.json stop_reason)" = steps ]

digest=$(value first/summary.json theta_sha256)
exits "repeated from config.yaml" 0 "$thalweg" train first/config.yaml --output second --quiet
check "same bits from config.yaml" [ "$(value second/summary.json theta_sha256)" = "$digest" ]
check "same config.yaml" cmp -s first/config.yaml second/config.yaml
check "same metrics" cmp -s first/metrics.csv second/metrics.csv
exits "another seed" 0 "$thalweg" train first/config.yaml --seed 2 --output third --quiet
check "other bits from another seed" [ "$(value third/summary.json theta_sha256)" != "$digest" ]

exits "folder not empty" 2 "$thalweg" train --output first --set stop.steps=1
says "folder not empty" "--overwrite"
check "folder untouched" [ "$(value first/summary.json theta_sha256)" = "$digest" ]
exits "overwrite" 0 "$thalweg" train --output first --overwrite --set stop.steps=1 --quiet
check "overwritten" [ "$(value first/summary.json steps)" = 1 ]
mkdir empty
exits "empty folder, new parents" 0 "$thalweg" train --output empty/a/b --set stop.steps=0 --quiet
check "0 steps" [ "$(value empty/a/b/summary.json steps)" = 0 ]
exits "without output" 0 "$thalweg" train --set stop.steps=1
prints "without output" "nothing was kept"
check "without output nothing is written" [ ! -e model.h5 ]

exits "start from a model" 0 "$thalweg" train first/config.yaml --set initial.file=second/model.h5 --set stop.steps=0 \
	--output from_model --quiet
check "theta of the model" [ "$(value from_model/summary.json theta_sha256)" = "$digest" ]

exits "diverged" 4 "$thalweg" train --output diverged --set loss=square --set network.output=identity \
	--set network.activation=identity --set method.step_size=1e30 --quiet
one_line "diverged"
check "diverged: reason" [ "$(value diverged/summary.json stop_reason)" = diverged ]
check "diverged: cost is null or a number" grep -q '"cost": [-0-9n]' diverged/summary.json

exits "gradient check" 0 "$thalweg" train --check-gradient --precision double --set network.activation=tanh
prints "gradient check" "largest relative error"

exits "evaluate" 0 "$thalweg" evaluate second/model.h5
prints "evaluate" "^train 100 observations, cost"
exits "evaluate --gradients" 0 "$thalweg" evaluate second/model.h5 --gradients
prints "evaluate --gradients" "^gradients of single observations, mean squared norm"
exits "evaluate --json" 0 "$thalweg" evaluate second/model.h5 --json
cost=$(value out cost)
same=$(awk "BEGIN { print ($cost - $(value second/summary.json cost)) ^ 2 < 1e-12 }")
check "evaluate: the cost of the summary" [ "$same" = 1 ]
exits "predict" 0 "$thalweg" predict second/model.h5 --output p.csv --quiet
check "predict: a header and a row an observation" [ "$(wc -l <p.csv)" -eq 101 ]
exits "predict to npy" 0 "$thalweg" predict second/model.h5 --output p.npy --quiet
exits "predict to an unknown format" 2 "$thalweg" predict second/model.h5 --output p.xls
exits "predict a part that is not there" 2 "$thalweg" predict second/model.h5 --output p2.csv --part test
absent "no partial predictions" p2.csv

if command -v "$mpirun" >/dev/null; then
	exits "train on 2 ranks" 0 on 2 train second/config.yaml --output ranks --quiet
	check "same bits on 2 ranks" [ "$(value ranks/summary.json theta_sha256)" = "$digest" ]
	check "ranks" [ "$(value ranks/summary.json ranks)" = 2 ]
	exits "predict on 3 ranks" 0 on 3 predict second/model.h5 --output p3.csv --quiet
	check "same predictions on 3 ranks" cmp -s p.csv p3.csv
	exits "diverged on 2 ranks" 4 on 2 train --set loss=square --set network.output=identity \
		--set network.activation=identity --set method.step_size=1e30 --quiet
	one_line "diverged on 2 ranks"
	export MPIRUN=$mpirun
	exits "verify-layout" 0 "$thalweg" verify-layout second/config.yaml --layouts 1x1,2x1,1x2 --steps 5 \
		--set method.batch=50 --set method.chunks=5
	check "verify-layout: identical" [ "$(grep -c identical out)" -eq 2 ]
	exits "verify-layout finds plain sums" 1 "$thalweg" verify-layout --layouts 1x1,2x1 --set method.reduction=plain \
		--set method.chunks=3
	prints "verify-layout finds plain sums" "differs first after step [0-9]*, in [Wb] of layer [1-3] .* ULP"
	exits "verify-layout of a bad configuration" 2 "$thalweg" verify-layout --layouts 1x1,2x1 --set method.bathc=1
fi
finish
