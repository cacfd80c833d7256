#!/bin/bash
# Checks the sources: a layer includes only from layers to its left, only src/comm calls MPI, only src/linalg calls
# BLIS, LAPACKE and ARPACK, no file grows beyond 600 lines. Prints each violation; exit code 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A place=([core]=0 [comm]=1 [linalg]=1 [data]=2 [network]=3 [objective]=4 [method]=5 [ensemble]=6 [run]=7
                  [report]=8 [app]=9)
declare -A header_of=([certify]=run) # public headers that are a part of a layer
largest=600
violations=0

complain() {
	echo "$1" >&2
	violations=$((violations + 1))
}

# may_include LAYER FROM: itself, or a layer further left; comm and linalg stand side by side.
may_include() {
	[ "$1" = "$2" ] || [ "${place[$2]}" -lt "${place[$1]}" ]
}

while IFS=: read -r file line text; do
	layer=${file#src/} layer=${layer#include/thalweg/} layer=${layer%%/*} layer=${layer%.h} layer=${header_of[$layer]:-$layer}
	[ -n "${place[$layer]:-}" ] || { complain "$file: $layer is no layer"; continue; }
	from=$(sed -E 's|.*[<"](thalweg/)?([a-z_]+)[/.].*|\2|' <<<"$text") from=${header_of[$from]:-$from}
	[ -n "${place[$from]:-}" ] || continue # a header of the folder itself, or the umbrella
	may_include "$layer" "$from" || complain "$file:$line: $layer includes from $from, which stands to its right"
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*(<thalweg/|"[a-z_]+/)' src include/thalweg \
	--include='*.[ch]' --exclude=thalweg.h --exclude=version.h)

# The umbrella header is for users and for src/app, which stands to the right of everything.
while IFS=: read -r file line _; do
	complain "$file:$line: includes the umbrella header"
done < <(grep -rnE '<thalweg/thalweg\.h>' src --include='*.[ch]' --exclude-dir=app || true)

while IFS=: read -r file line text; do
	complain "$file:$line: MPI outside src/comm: $text"
done < <(grep -rnE '\bMPI_[A-Z][a-z]|include <mpi\.h>' src include --include='*.[ch]' --exclude-dir=comm |
	grep -vE ':[[:space:]]*(/?\*|//)|/\*.*MPI_' || true)

while IFS=: read -r file line text; do
	complain "$file:$line: a library of linear algebra outside src/linalg: $text"
done < <(grep -rnE '\b(bli|LAPACKE|ds[ae]upd)_[a-z]|include [<"].*(blis|lapacke|arpack)\.h' src include --include='*.[ch]' --exclude-dir=linalg || true)

while read -r file; do
	lines=$(wc -l <"$file")
	[ "$lines" -le "$largest" ] || complain "$file: $lines lines, more than $largest"
done < <(find src include tests bench -name '*.[ch]')

[ "$violations" -eq 0 ] || { echo "$violations violations" >&2; exit 1; }
echo "layers in order"
