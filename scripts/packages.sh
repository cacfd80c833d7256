# The Debian packages that thalweg needs, and installing them; sourced by the other scripts.

run_packages=(build-essential cmake ninja-build pkg-config git libopenmpi-dev openmpi-bin libblis-openmp-dev libhdf5-dev
	librandom123-dev libxxhash-dev libyaml-dev libjansson-dev libhwloc-dev zlib1g-dev libarpack2-dev liblapacke-dev
	gnuplot-nox)
test_packages=("${run_packages[@]}" libcunit1-dev python3 python3-numpy python3-torch python3-scipy python3-h5py help2man
	curl)
valgrind_packages=("${run_packages[@]}" valgrind)
tsan_packages=("${run_packages[@]}" libcunit1-dev clang libclang-rt-dev libomp-dev)
fuzz_packages=("${run_packages[@]}" libcunit1-dev clang libclang-rt-dev libomp-dev)

# missing_packages NAME...: those of them that are not installed.
missing_packages() {
	local package
	for package in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done
}

# ensure_packages NAME...: installs what is missing where this user can; otherwise says what is missing and fails.
# THALWEG_SKIP_PACKAGES=1: the caller has seen to it (another distribution, libraries of one's own).
ensure_packages() {
	[ "${THALWEG_SKIP_PACKAGES:-0}" != 1 ] || return 0
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		printf '%s\n' "This is not a Debian system. Install what these Debian packages hold, then repeat with" \
			"THALWEG_SKIP_PACKAGES=1 in the environment:" "  $*" >&2
		return 1
	fi
	local missing apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		apt=(sudo "${apt[@]}")
		# Without a terminal, sudo is of use only where it asks for no password.
		if ! command -v sudo >/dev/null || ! { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
			printf '%s\n' "Packages are missing; an administrator installs them with" \
				"  apt-get install --no-install-recommends ${missing[*]}" >&2
			return 1
		fi
	fi
	echo "Installing: ${missing[*]}"
	# An outdated package list of some other source is no reason to stop: the installation itself decides.
	"${apt[@]}" -q update || true
	if ! "${apt[@]}" -q install -y --no-install-recommends "${missing[@]}"; then
		printf '%s\n' "Some of these packages could not be installed (no network, or a package source is missing):" \
			"  ${missing[*]}" >&2
		return 1
	fi
}
