# make demo   the main job in a minute, on a private network that goes away with it
# make test   everything, on the real kernel in namespaces of its own; installs what the tests need
# make lint   gofmt, vet, staticcheck
# make bench  the figures, as a table; BENCH=Static for those of cidrx static alone
# make profile  cmd/cidrx/default.pgo anew: what the compiler optimizes cidrx for
# make soak   half an hour of busy logs, rotations, reloads, foreign flushes and kill -9, with a table at its end; SOAK=3m is a shorter one
LDFLAGS = -s -w
GO     ?= go
export CGO_ENABLED = 0

.PHONY: build demo test deps lint bench profile soak package package-test clean

build:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/cidrx ./cmd/cidrxctl

demo: build
	./bin/cidrx demo

# Debian's packages that the tests run: the real nft to read rules back, the real nginx and curl, ip for the eye; jq for the pipelines of
# reports, zstd and xz for logs, tmux for the terminal views, chromium for the pages.
PACKAGES = nftables iptables ipset iproute2 nginx-light curl ca-certificates jq zstd xz-utils tmux chromium systemd-journal-remote python3 procps bsdutils
SUDO     = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
deps:
	@for p in $(PACKAGES); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; $(SUDO) apt-get update -qq -o Acquire::Retries=3 && \
	out=$$($(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 $$missing 2>&1) || { echo "$$out"; exit 1; }; fi

# The packet tests make network namespaces: they want root, and never touch the host's own rules.
test: deps
	$(SUDO) env "PATH=$$PATH" CGO_ENABLED=0 $(GO) test -timeout 20m ./...

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
lint:
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt wants: $$out"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

# The agent runs on the first two cores, and so does what writes its logs: an otherwise idle machine gives the best figures.
BENCH = .
bench: deps
	$(SUDO) env "PATH=$$PATH" CGO_ENABLED=0 $(GO) test -run '^$$' -bench '$(BENCH)' -benchtime 1x -timeout 30m ./cmd/cidrx/bench

# The profile is of what reads lines and counts them (6 % less time), and wants to be made anew when that has changed much.
profile:
	dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	$(GO) test -trimpath -run '^$$' -bench '^BenchmarkAnalyze$$' -benchtime 3s -cpuprofile $$dir/static -o $$dir/static.test ./detect/static && \
	$(GO) test -trimpath -run '^$$' -bench '^Benchmark(Parse|Briefs)$$' -benchtime 0.2s -cpuprofile $$dir/parse -o $$dir/parse.test ./detect/parse && \
	$(GO) test -trimpath -run '^$$' -bench '^BenchmarkObserve$$' -benchtime 3s -cpuprofile $$dir/agent -o $$dir/agent.test ./detect && \
	$(GO) tool pprof -proto $$dir/static $$dir/parse $$dir/agent >cmd/cidrx/default.pgo

# In a network namespace of its own, as the tests. It keeps up to 1 GB of logs in TMPDIR while it runs.
SOAK = 30m
soak: deps
	$(SUDO) env "PATH=$$PATH" CGO_ENABLED=0 $(GO) run ./cmd/internal/soak -for $(SOAK)

# deb and rpm for amd64 and arm64, into bin/packages; the same commit makes the same bytes.
package:
	packaging/build.sh bin/packages

# What the test of the packages runs: a system that boots in a directory, rpm, linters, and the shells that have completions.
package-test: PACKAGES += debootstrap systemd-container rpm rpmlint lintian mandoc zsh fish iputils-ping cpio procps
package-test: deps
	$(SUDO) env "PATH=$$PATH" packaging/test.sh

clean:
	rm -rf bin
