"""Everything that puts the stages to work: the command line, the local stack, the demo, image and chart."""
