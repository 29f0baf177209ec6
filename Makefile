# Toft: `make help` lists all there is.
.DEFAULT_GOAL := help
# a fleet of the real code under a simulator: SEEDS=200 [SEED=n] [JOBS=n] [EVENTS=n]
SIMULATE = $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),200)) $(if $(JOBS),--jobs $(JOBS)) $(if $(EVENTS),--events $(EVENTS))

.PHONY: simulate mutants oracle
.PHONY: help run down clean-state doctor test unit libvirt lint typing docs hosts bench shards packages venv image golden samples clean lab lab-down chaos
SHELL := /bin/bash
TOFT := .venv/bin/toft
IMAGE := build/tiny

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: packages venv image ## install what is needed, start everything here, boot the server `first`; Ctrl-C stops
	@lab/libvirt
	@exec $(TOFT) up --first $(IMAGE)/tiny.qcow2 --clouds clouds.yaml

down: ## stop what `make run` started, and the guests too
	@[ ! -x $(TOFT) ] || { lab/libvirt && $(TOFT) down; }

clean-state: ## forget everything: guests, networks, database, images (only what carries our metadata)
	@[ ! -x $(TOFT) ] || { lab/libvirt && $(TOFT) down --forget; }
	@rm -f clouds.yaml

doctor: venv ## check this machine, and say what to do
	@$(TOFT) doctor

test: ## install what is needed and run every suite
	@lab/packages test
	@lab/venv
	@.venv/bin/tox -q run -e docs
	@.venv/bin/tox -q run -e lint,typing,py

unit: venv ## the suites that need no service, quickly
	@.venv/bin/tox -q run -e py -- tests/unit tests/workflow

lint: venv ## ruff and the contracts between rooms
	@.venv/bin/tox -q run -e lint

typing: venv ## mypy, strict
	@.venv/bin/tox -q run -e typing

docs: venv ## samples, diagrams, links and release notes
	@.venv/bin/tox -q run -e docs

lab: packages venv image ## start a fleet on this machine: make lab N=3 [CONTROLLERS=2] [DRIVER=memory]
	@lab/packages lab
	@.venv/bin/python -m lab.up --hosts $(or $(N),3) --controllers $(or $(CONTROLLERS),1) --driver $(or $(DRIVER),libvirt)

lab-down: ## leave nothing of the lab
	@[ ! -x .venv/bin/python ] || .venv/bin/python -m lab.down

chaos: packages venv image ## kill, stop and fill things under load, then check: make chaos [SEED=n] [FAULTS=n]
	@lab/packages lab
	@.venv/bin/python -m lab.chaos $(if $(SEED),--seed $(SEED)) $(if $(FAULTS),--faults $(FAULTS))

hosts: packages venv image ## heavy proof on a lab of its own: thirty guests, and kill -9 of each part in the middle of a burst
	@lab/packages lab
	@.venv/bin/tox -q run -e hosts

bench: packages venv ## measure: BENCH=create|api|idle|recover|scheduler|packing [RUNS=n] [JSON=1]
	@lab/packages test
	@[ "$(BENCH)" ] || { echo 'say what: make bench BENCH=create'; exit 2; }
	@.venv/bin/python -m bench.$(BENCH)

shards: packages venv ## prove: eight schedulers share a fleet and are killed at random [SERVERS=n] [JSON=1]
	@lab/packages test
	@.venv/bin/python -m bench.shards

simulate: venv ## faults upon faults, seed after seed: SEEDS=200; SEED=n runs one again, and shrinks it where it fails
	@.venv/bin/python -m tests.simulation $(SIMULATE)

mutants: venv ## break the product on purpose, and see the simulator find it
	@.venv/bin/python -m tests.simulation.mutants

oracle: venv ## compare the scheduler with a slow and plain one, decision by decision [DECISIONS=n] [SEED=n]
	@.venv/bin/python -m tests.scheduler --decisions $(or $(DECISIONS),10000) $(if $(SEED),--seed $(SEED))

golden: venv ## write the golden XML files anew
	@.venv/bin/tox -q run -e py -- tests/unit/compute_agent/domain_xml --regenerate

samples: venv ## write the sample files in etc/toft and doc/api.md anew
	@.venv/bin/python -m common.settings_sample etc/toft/toft.conf.sample
	@.venv/bin/python -m controller.api.policy_sample etc/toft/policy.yaml.sample
	@.venv/bin/python -m controller.api.listing > doc/api.md
	@.venv/bin/python -m common.metrics_listing doc/seeing.md

packages:
	@lab/packages

venv:
	@lab/venv

image:
	@lab/tiny-image $(IMAGE)

clean: ## remove what was built here (not the state)
	@rm -rf .venv .tox build dist ./*.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
