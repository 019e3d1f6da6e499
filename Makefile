# Each target is a command of course.py, which runs without make too. ARGS are passed on to it.
PYTHON ?= python3
export TORCH_INDEX

COMMANDS := help lab test env doctor lint notebooks drift reset guide book slides nbgrader hub data lock clean
.PHONY: $(COMMANDS)
$(COMMANDS):
	@$(PYTHON) course.py $@ $(ARGS)
