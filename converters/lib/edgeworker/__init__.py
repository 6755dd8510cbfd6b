"""What every converter and runner shares: the request it gets, the result it leaves, timing and rewrites.

Runs inside the toolchains' own environments (Python 3.10 and up), so it needs the standard library alone;
`tensors` and `runner` also need numpy and safetensors, which every runner pins in its head.
"""
