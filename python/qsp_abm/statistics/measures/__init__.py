"""One file per statistic; what stands here is in the catalogue, on the command line and can be recorded."""
