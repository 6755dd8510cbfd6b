"""The ledger: where every stored parameter of an artifact comes from in the program, bit for bit or by a named rule.

Parity cannot see a late channel times 1.01: its effect is of the size of FP32's own rounding. But a converter invents
no numbers. So each stored tensor must be one of the program's, laid out otherwise or cut, or follow from some of them
by a rule that is computed again here in float64, to within the rounding of the arithmetic that the tool may have
used. What is left is damage, until somebody explains it.
"""
