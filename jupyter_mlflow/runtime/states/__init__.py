"""State besides variables, inside the user's kernel: standard library only, injected beside the agent.

beginnings   what the process was like before the step
loggers, shell, modules, settings   capture one kind of state, and put it in place
kinds        all of them, by key
footprints   files and connections that a step touches

Not here: objects of the notebook (`portable`), and when all this happens (`agent`).
"""
