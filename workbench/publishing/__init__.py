"""What publishing the workbench takes: lists of requirements, and a look at a checkout before it goes to a Space."""
