# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

.DEFAULT_GOAL := help
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache

# For one target each: `make matrix CELLS=2.16.19/3.11 CHECKS="docs tests"`, `make test-molecule SCENARIOS=kind`.
CELLS ?=
CHECKS := docs tests sanity
OLDEST_CELL := 2.16.19/3.11
UNTAGGED_CELL := 2.18.19/3.12
# Those that run on the lab; `kind` needs a container engine.
SCENARIOS := $(filter-out kind shared,$(notdir $(patsubst %/molecule.yml,%,$(wildcard molecule/*/molecule.yml))))

# The checkout as Python and Ansible see it; mypy needs the long names.
COLLECTION := .cache/ansible_collections/liqo/fabric

.PHONY: help
help: ## Show the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: system
system: ## Install what is missing from the system (as root on Debian or Ubuntu; elsewhere it is named).
	@tools/system_packages.sh

.PHONY: venv
venv: ## Make the Python environment .venv (needs Python >= 3.12).
	@tools/venv.sh

.PHONY: demo
demo: system venv ## Lab with a hub and 3 leaves, plan, apply, status, traffic on both paths, apply again.
	@python -m lab.demo

.PHONY: test
test: system venv ## Everything below.
	@python -m tools.run_stages $(STAGES)

.PHONY: lint
lint: lint-python lint-types lint-ansible lint-docs lint-licences ## ruff, mypy --strict, ansible-lint (profile production), changelog, documentation, licences.

.PHONY: lint-python
lint-python: venv
	ruff check --output-format concise
	ruff format --check

.PHONY: lint-types
lint-types: venv
	mypy benchmarks lab tools tests molecule $(COLLECTION)/plugins $(COLLECTION)/extensions/eda/plugins

.PHONY: lint-ansible
lint-ansible: venv
	ansible-lint -q --offline --profile production

.PHONY: lint-docs
lint-docs: venv
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs .

.PHONY: lint-licences
lint-licences: venv
	reuse lint --quiet || reuse lint --lines

.PHONY: test-unit
test-unit: venv kubernetes-core awx-collection ## Tests that need no lab.
	@pytest -q -m 'not lab and not slow'

.PHONY: build
build: venv ## The collection builds, installs and is complete.
	@python -m tools.build_check

.PHONY: sanity
sanity: venv ## ansible-test sanity, without a container engine.
	@python -m tools.sanity

.PHONY: importer
importer: venv ## Import the collection as Galaxy does; a warning is an error.
	@python -m tools.importer

.PHONY: test-oldest
test-oldest: venv # The oldest ansible-core on the oldest Python, if that is on the machine.
	@python -m tools.matrix $(OLDEST_CELL) --checks docs tests

.PHONY: test-templates
test-templates: venv # What clusters say is no template on the last ansible-core without data tagging either.
	@python -m tools.matrix $(UNTAGGED_CELL) --checks templates

.PHONY: matrix
matrix: venv ## All ansible-core on all Pythons of this machine; CELLS and CHECKS select.
	@python -m tools.matrix $(CELLS) --checks $(CHECKS)

.PHONY: lab-binaries
lab-binaries: system venv ## Build the lab's programs (about 10 minutes the first time).
	@python -m lab build

.PHONY: test-lab
test-lab: system venv ## Tests on real API servers and real Liqo controllers.
	@pytest -v -m 'lab or slow'

.PHONY: test-lab-long
test-lab-long: system venv ## Lab tests that take too long for `make test`: rollouts, failures, propagation.
	@LIQO_FABRIC_TEST_LONG=1 pytest -v -m long

.PHONY: test-molecule
test-molecule: system venv ## All molecule scenarios that run on the lab; SCENARIOS selects.
	@set -e; for scenario in $(SCENARIOS); do molecule test -s $$scenario; done

.PHONY: bench
bench: bench-planner bench-steady bench-lab ## Benchmarks into docs/benchmarks.md, about an hour on an idle machine.

.PHONY: bench-planner
bench-planner: venv # The planner alone.
	@python -m benchmarks planner

.PHONY: bench-steady
bench-steady: venv # Runs that find nothing to do, over simulated API servers.
	@python -m benchmarks steady

.PHONY: bench-lab
bench-lab: system venv kubernetes-core # New shortcuts, steady runs, dying gateways and new keys, on labs with 3 to 12 leaves.
	@python -m benchmarks create real failover rotation

.PHONY: ansible-rulebook
ansible-rulebook: venv # What runs the event source in a test, in an environment of its own; needs Java.
	@python -m tools.ansible_rulebook

.PHONY: awx-collection
awx-collection: venv # The collection that extensions/awx is applied with in a test.
	@python -m tools.awx_collection

.PHONY: docs
docs: venv ## The documentation as a site of HTML pages, in .cache/docsite/html.
	@python -m tools.docsite

.PHONY: kubernetes-core
kubernetes-core: venv # The collection that our connection options are compared with.
	@python -m tools.kubernetes_core

.PHONY: format
format: venv ## Format the Python files.
	@ruff check --fix . && ruff format .

.PHONY: lock
lock: venv ## Pin in constraints-dev.txt what requirements-dev.txt pulls in now.
	@python -m tools.lock

.PHONY: changelog
changelog: venv ## Write the release notes of the version in galaxy.yml out of the fragments.
	@antsibull-changelog release

# The version comes by the environment: a name of a tag may hold what make or a shell would carry out.
.PHONY: tarball
tarball: venv # Build the release VERSION into dist/, unless it contradicts galaxy.yml or the release notes.
	@python -m tools.release

.PHONY: publisher
publisher: # Install what publishes, by its hashes, into an environment of its own.
	@python3 -m venv --clear .cache/publisher
	@.cache/publisher/bin/python -m pip install --quiet --require-hashes --only-binary :all: --requirement requirements-publish.txt

# Nothing is installed while there is a token.
.PHONY: publish
publish: # Send dist/liqo-fabric-*.tar.gz to the server and with the token of the settings of ansible-galaxy.
	@.cache/publisher/bin/ansible-galaxy collection publish dist/liqo-fabric-*.tar.gz
