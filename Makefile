# make help lists what there is. Another Python: make demo PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
# The environment is installed again when one of these changes, and only then.
PACKAGING := settings.ini setup.py pyproject.toml

.PHONY: help demo test lab docs pages readme wheel clean

help:
	@echo "make demo    set up, complete the hidden part of an object in a photograph, say where the picture is"
	@echo "make test    set up for development and run the gate (tools/gate.py)"
	@echo "make lab     the notebooks in JupyterLab"
	@echo "make docs    the documentation site, in _docs/ (by quarto where it is installed)"
	@echo "make pages   run the pages that are computed from the others again: the index, the reference, and README.md"
	@echo "make readme  README.md from nbs/index.ipynb"
	@echo "make wheel   source distribution and wheel, in dist/"
	@echo "make clean   remove what was built (the environment stays: rm -r .venv)"
	@echo "PYTHON=python3.12 after any of these chooses the Python that makes .venv"

demo: .venv/.ready
	@$(BIN)/amodal-sam demo -o amodal-demo
	@echo "The picture is $(CURDIR)/amodal-demo/panel.png"

test: .venv/.ready-dev
	@$(BIN)/python tools/make_alive.py
	@$(BIN)/python tools/gate.py

lab: .venv/.ready-dev
	@$(BIN)/jupyter lab --notebook-dir=nbs --config=tools/lab_config.py

docs: .venv/.ready-dev
	@$(BIN)/python tools/make_alive.py
	@$(BIN)/python tools/check_docs.py --keep
	@echo "The site is $(CURDIR)/_docs/index.html"

readme: .venv/.ready-dev
	@$(BIN)/python tools/make_readme.py

pages: .venv/.ready-dev
	@$(BIN)/jupyter nbconvert --log-level=WARN --to notebook --execute --ExecutePreprocessor.store_widget_state=False --inplace nbs/reference/*.ipynb nbs/index.ipynb
	@$(BIN)/nbdev_clean
	@$(BIN)/python tools/make_readme.py

wheel: .venv/.ready-dev
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation

clean:
	rm -rf nbs/alive/vendor _proc _docs build dist amodal_sam.egg-info amodal-demo nbs/nbdev.yml nbs/.quarto .quarto
	find amodal_sam tools nbs -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

.venv/.ready: $(PACKAGING)
	@PYTHON="$(PYTHON)" sh tools/set_up.sh user

.venv/.ready-dev: $(PACKAGING)
	@PYTHON="$(PYTHON)" sh tools/set_up.sh dev
