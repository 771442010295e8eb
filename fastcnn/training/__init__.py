"""compile, fit, evaluate, predict: what makes a layer a model that learns."""
