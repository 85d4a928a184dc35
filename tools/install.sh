#!/bin/sh
# Programs for the tests that pip cannot give, under .tools. Only what is not there yet in its pinned version is built.
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
    fi
}

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
        complain "the JavaScript SDK was not installed, see above; it needs Node.js 18 or newer"
    fi
}

mkdir -p "$tools/bin"
if command -v go >/dev/null; then
    install_go crane github.com/google/go-containerregistry /cmd/crane v0.20.7
    install_go oras oras.land/oras /cmd/oras v1.2.3
    install_go conformance github.com/opencontainers/distribution-spec/conformance "" \
        v0.0.0-20260831232431-97274622c111
else
    complain "go is not installed (1.24 or newer is needed), so there is no crane, oras and conformance suite"
fi
if ! command -v node >/dev/null; then
    complain "node is not installed (18 or newer is needed), so there is no JavaScript SDK"
elif ! command -v npm >/dev/null; then
    complain "npm is not installed, so there is no JavaScript SDK"
else
    install_javascript
fi
exit "$failed"
