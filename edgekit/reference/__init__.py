"""Reference bundles: what a model computed on another machine, usually on a GPU, to judge artifacts against.

A bundle is one safetensors file. It comes from strangers, so everything in it is checked before it is used, and
nothing in it is executed. docs/reference.md describes the format and the commands.
"""
